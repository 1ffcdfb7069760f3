// Package initcmd is "isomorph init": it writes a recipe to start from.
package initcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
)

// Default is the template that is taken unless one is named.
const Default = "hello"

// New returns the command. templates holds one directory for each template,
// each with an iso.nix.
func New(env *cli.Env, templates fs.FS) *cobra.Command {
	var template string
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Write a recipe to start from",
		Long: `Writes the files of a template into DIR, which is made if it does not exist.
Nothing that is there is overwritten.

Templates:
` + describe(templates),
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return run(env, templates, template, args[0])
		},
	}
	cmd.Flags().StringVar(&template, "template", Default, "the template by `NAME`")
	return cmd
}

// names lists the templates: the directories that hold a recipe.
func names(templates fs.FS) []string {
	var out []string
	entries, _ := fs.ReadDir(templates, ".") // an empty list says it all
	for _, e := range entries {
		if _, err := fs.Stat(templates, path.Join(e.Name(), "iso.nix")); err == nil {
			out = append(out, e.Name())
		}
	}
	return out
}

// describe lists the templates with the first comment line of their recipes.
func describe(templates fs.FS) string {
	var b strings.Builder
	for _, name := range names(templates) {
		text, _ := fs.ReadFile(templates, path.Join(name, "iso.nix"))
		first, _, _ := strings.Cut(string(text), "\n")
		comment, isComment := strings.CutPrefix(first, "#")
		if !isComment {
			comment = ""
		}
		fmt.Fprintf(&b, "  %-10s%s\n", name, comment)
	}
	return b.String()
}

func run(env *cli.Env, templates fs.FS, template, dir string) error {
	known := names(templates)
	if !slices.Contains(known, template) {
		return &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf("there is no template %q; there are %s", template, strings.Join(known, ", "))}
	}
	target := dir
	if !filepath.IsAbs(target) {
		target = filepath.Join(env.Dir, dir)
	}
	files, err := list(templates, template)
	if err != nil {
		return err
	}
	if err := checkFree(target, files); err != nil {
		return err
	}
	for _, name := range files {
		if err := write(templates, path.Join(template, name), filepath.Join(target, filepath.FromSlash(name))); err != nil {
			return err
		}
		fmt.Fprintln(env.Stdout, filepath.Join(dir, filepath.FromSlash(name)))
	}
	fmt.Fprintf(env.Stderr, `
Next:
  cd %s
  isomorph build                 make the image of iso.nix
  isomorph boot out/*.iso        try it in QEMU
  isomorph channel search WORD   find packages and options to put into iso.nix
`, quote(dir))
	return nil
}

// quote writes a directory as a shell wants it.
func quote(dir string) string {
	if strings.HasPrefix(dir, "-") {
		dir = "./" + dir
	}
	plain := func(r rune) bool {
		return r > 127 || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+,=@:", r)
	}
	if strings.IndexFunc(dir, func(r rune) bool { return !plain(r) }) < 0 {
		return dir
	}
	return "'" + strings.ReplaceAll(dir, "'", `'\''`) + "'"
}

// list returns the template's files, relative to it.
func list(templates fs.FS, template string) ([]string, error) {
	var files []string
	err := fs.WalkDir(templates, template, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(name, template+"/"))
		}
		return err
	})
	return files, err
}

// checkFree refuses before anything is written.
func checkFree(target string, files []string) error {
	for _, name := range files {
		p := filepath.Join(target, filepath.FromSlash(name))
		if _, err := os.Lstat(p); err == nil {
			return fmt.Errorf("%s exists; choose another directory or move it away", p)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func write(templates fs.FS, from, to string) (err error) {
	b, err := fs.ReadFile(templates, from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
