package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"isomorph/internal/lazyre"
)

// adopted are the settings of a stranger's repository that are taken over into
// the view, with the values that are: they say how the files of the work tree
// look, and name no program.
var adopted = map[string]*lazyre.Regexp{
	"core.autocrlf":                lazyre.New(`(?i)^(true|false|input|yes|no|on|off|1|0)$`),
	"core.eol":                     lazyre.New(`(?i)^(lf|crlf|native)$`),
	"core.filemode":                boolean,
	"core.symlinks":                boolean,
	"core.ignorecase":              boolean,
	"core.trustctime":              boolean,
	"core.checkstat":               lazyre.New(`(?i)^(default|minimal)$`),
	"core.precomposeunicode":       boolean,
	"core.repositoryformatversion": lazyre.New(`^[01]$`),
	"extensions.objectformat":      lazyre.New(`(?i)^(sha1|sha256)$`),
}

var boolean = lazyre.New(`(?i)^(true|false|yes|no|on|off|1|0)$`)

// shared are the files and directories of a repository that the view shows by
// symlinks. None of them is ever run or read as configuration.
var shared = []string{"objects", "refs", "packed-refs", "shallow"}

// makeView makes the directory that git runs in.
func (g *Git) makeView(ctx context.Context, r *Repo) (*Repo, error) {
	if err := os.MkdirAll(g.o.TempDir, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(g.o.TempDir, "view-")
	if err != nil {
		return nil, err
	}
	r.dir, r.view = dir, true
	if err := r.fillView(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Repo) fillView(ctx context.Context) error {
	config, err := r.adoptedConfig(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "config"), []byte(config), 0o600); err != nil {
		return err
	}
	head, err := readSmall(filepath.Join(r.gitDir, "HEAD"))
	if err != nil {
		return fmt.Errorf("'%s' is not a git repository: %w", r.gitDir, err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "HEAD"), head, 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(r.dir, "info"), 0o700); err != nil {
		return err
	}
	if b, err := readSmall(filepath.Join(r.commonDir, "info", "attributes")); err == nil {
		if err := os.WriteFile(filepath.Join(r.dir, "info", "attributes"), b, 0o600); err != nil {
			return err
		}
	}
	for _, name := range shared {
		if err := linkInto(r.dir, r.commonDir, name); err != nil {
			return err
		}
	}
	indexes, err := filepath.Glob(filepath.Join(escapeGlob(r.gitDir), "sharedindex.*"))
	if err != nil {
		return err
	}
	for _, f := range indexes {
		if err := linkInto(r.dir, r.gitDir, filepath.Base(f)); err != nil {
			return err
		}
	}
	return nil
}

func escapeGlob(s string) string {
	return regexp.MustCompile(`[*?\[\]\\]`).ReplaceAllString(s, `\$0`)
}

func linkInto(dir, from, name string) error {
	target := filepath.Join(from, name)
	if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.Symlink(target, filepath.Join(dir, name))
}

// adoptedConfig reads the stranger's configuration as data ("git config --file"
// follows no includes) and returns what the view takes over.
func (r *Repo) adoptedConfig(ctx context.Context) (string, error) {
	var b strings.Builder
	b.WriteString("[core]\n\tbare = " + map[bool]string{true: "true", false: "false"}[r.workTree == ""] + "\n")
	file := filepath.Join(r.commonDir, "config")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return b.String(), nil
	}
	values, err := r.g.readConfig(ctx, file)
	if err != nil {
		return "", err
	}
	for _, kv := range values {
		if re := adopted[kv.key]; re != nil && re.MatchString(kv.value) {
			section, name, _ := strings.Cut(kv.key, ".")
			b.WriteString("[" + section + "]\n\t" + name + " = " + kv.value + "\n")
		}
		if kv.key == "extensions.refstorage" && !strings.EqualFold(kv.value, "files") {
			return "", fmt.Errorf("the repository '%s' keeps its references in the format '%s', which is not supported", r.gitDir, kv.value)
		}
	}
	return b.String(), nil
}

type keyValue struct{ key, value string }

// readConfig reads a file in the form of git's configuration.
func (g *Git) readConfig(ctx context.Context, file string) ([]keyValue, error) {
	out, err := g.run(ctx, "", nil, "config", "--file", file, "--no-includes", "--null", "--list")
	if err != nil {
		return nil, err
	}
	var all []keyValue
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		all = append(all, keyValue{key, value})
	}
	return all, nil
}
