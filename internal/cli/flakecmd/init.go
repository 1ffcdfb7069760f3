package flakecmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/installable"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/pipeline"
)

// defaultTemplate is the flake whose templates are taken unless another one is
// named.
const defaultTemplate = "templates"

const aboutTemplates = `TEMPLATE is FLAKE#NAME, one of the flake's "templates", or FLAKE for its default one. Without -t
it is the flake "templates" of the registries, of which the registry inside isomorph has none:
"isomorph registry add templates FLAKE" says what it is. Nothing that is there is overwritten.`

func newInit(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	var template string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Put the files of a template into the working directory",
		Long: `Puts the files of a flake's template into the working directory, and makes them known to git if
that is a repository. To begin with a recipe of isomorph: isomorph init.

` + aboutTemplates,
		Example: `  isomorph flake init -t github:OWNER/REPO#NAME`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.initIn(cmd.Context(), template, env.Dir) },
	}
	c.register(cmd)
	cmd.Flags().StringVarP(&template, "template", "t", defaultTemplate, "the `TEMPLATE` to use")
	return cmd
}

func newNew(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	var template string
	cmd := &cobra.Command{
		Use:   "new DIR",
		Short: "Put the files of a template into a new directory",
		Long: `Puts the files of a flake's template into a directory, which is made if it is not there.

` + aboutTemplates,
		Example: `  isomorph flake new -t github:OWNER/REPO#NAME project`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.initIn(cmd.Context(), template, installable.Abs(env, args[0]))
		},
	}
	c.register(cmd)
	cmd.Flags().StringVarP(&template, "template", "t", defaultTemplate, "the `TEMPLATE` to use")
	return cmd
}

func (c *command) say(format string, args ...any) {
	fmt.Fprintln(c.env.Stderr, syntax.ForTerminal(fmt.Sprintf(format, args...)))
}

// initIn puts the files of a template into a directory.
func (c *command) initIn(ctx context.Context, template, dir string) error {
	i, err := installable.Parse(c.env, template)
	if err != nil {
		return err
	}
	flags, err := installable.Flags(c.env, &c.flags)
	if err != nil {
		return err
	}
	s, done, err := c.session(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	ev := s.Evaluator(ctx)
	t, err := ev.Template(i, flags)
	if err != nil {
		return err
	}
	files, err := ev.TemplateFiles(t)
	if err != nil {
		return err
	}
	w := templateWriter{command: c, dir: dir}
	for _, f := range files {
		if err := w.write(f); err != nil {
			return err
		}
	}
	if err := w.tellGit(ctx); err != nil {
		return err
	}
	if t.Greets {
		c.say("\n\n%s", t.Welcome)
	}
	if w.conflicts > 0 {
		return fmt.Errorf("encountered %d conflicts - see above", w.conflicts)
	}
	return nil
}

// templateWriter writes the files of a template.
type templateWriter struct {
	*command
	dir       string
	written   []string
	conflicts int
}

func (w *templateWriter) write(f pipeline.TemplateFile) error {
	to := filepath.Join(w.dir, f.Name)
	if f.Kind == builtins.Directory {
		w.say("wrote: %s", strconv.Quote(to))
		return os.MkdirAll(to, 0o777)
	}
	same, err := sameFile(to, f)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case same:
		w.say("skipping identical file: %s", f.Source)
		return nil
	default:
		w.say("refusing to overwrite existing file %s\n please merge it manually with '%s'", strconv.Quote(to), f.Source)
		w.conflicts++
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	if f.Kind == builtins.Symlink {
		err = os.Symlink(f.Target, to)
	} else {
		err = writeNew(to, f.Contents)
	}
	if err != nil {
		return err
	}
	w.written = append(w.written, to)
	w.say("wrote: %s", strconv.Quote(to))
	return nil
}

// sameFile tells whether what is there already is what the template has.
func sameFile(to string, f pipeline.TemplateFile) (bool, error) {
	if _, err := os.Lstat(to); err != nil {
		return false, err
	}
	if f.Kind == builtins.Symlink {
		target, err := os.Readlink(to)
		return err == nil && target == f.Target, nil // what is no symlink is something else
	}
	text, err := os.ReadFile(to)
	if err != nil {
		return false, fmt.Errorf("%w; it is in the way of a file of the template", err)
	}
	return bytes.Equal(text, f.Contents), nil
}

func writeNew(to string, text []byte) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// tellGit makes new files part of the repository that they are in, without which
// they would not be part of the flake.
func (w *templateWriter) tellGit(ctx context.Context) error {
	if _, err := os.Lstat(filepath.Join(w.dir, ".git")); err != nil || len(w.written) == 0 {
		return nil
	}
	return w.git(ctx, append([]string{"-C", w.dir, "add", "--intent-to-add", "--force", "--"}, w.written...)...)
}
