package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/syntax"
)

// Settings reads Nix's settings: nix.conf of the machine and of the user,
// $NIX_CONFIG, and stronger than these the options of a command line.
func (m *Maker) Settings(common *classic.Common) (settings.Values, error) {
	return settings.Load(settings.Sources{
		Defaults: settings.Values{"sandbox-paths": "/bin/sh=" + embeddedShell},
		ReadFile: m.readConf,
		System:   filepath.Join(first(m.Env.Getenv("NIX_CONF_DIR"), "/etc/nix"), "nix.conf"),
		User:     m.userConf(),
		Text:     m.Env.Getenv("NIX_CONFIG"),
		Line:     commandLine(common),
		Warn:     m.warn,
	})
}

// readConf reads a nix.conf. One that belongs to others and cannot be read is
// passed over, for the work does not depend on it.
func (m *Maker) readConf(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrPermission) {
		m.warn(fmt.Sprintf("the configuration file '%s' cannot be read and is ignored", name))
		return nil, nil
	}
	return text, err
}

// userConf lists the user's own nix.conf files, the strongest first.
func (m *Maker) userConf() []string {
	if list, ok := m.Env.LookupEnv("NIX_USER_CONF_FILES"); ok {
		return filepath.SplitList(list)
	}
	dirs := append([]string{m.Env.Getenv("XDG_CONFIG_HOME")}, filepath.SplitList(first(m.Env.Getenv("XDG_CONFIG_DIRS"), "/etc/xdg"))...)
	if dirs[0] == "" && m.Env.Home != "" {
		dirs[0] = filepath.Join(m.Env.Home, ".config")
	}
	var files []string
	for _, d := range dirs {
		if filepath.IsAbs(d) {
			files = append(files, filepath.Join(d, "nix", "nix.conf"))
		}
	}
	return files
}

// commandLine is what the options of a command say about settings.
func commandLine(c *classic.Common) []settings.Setting {
	line := append([]settings.Setting{}, c.Settings...)
	set := func(name, value string) {
		if value != "" {
			line = append(line, settings.Setting{Name: name, Value: value})
		}
	}
	set("max-jobs", c.Jobs)
	set("cores", c.Cores)
	set("timeout", c.Timeout)
	set("max-silent-time", c.MaxSilent)
	for name, on := range map[string]bool{"keep-going": c.KeepGoing, "keep-failed": c.KeepFailed, "show-trace": c.ShowTrace} {
		if on {
			set(name, "true")
		}
	}
	return line
}

// lints reads the settings that say what to do about discouraged constructs.
func lints(set settings.Values) (l syntax.Lints, err error) {
	for name, level := range map[string]*syntax.LintLevel{
		"lint-url-literals":           &l.URLLiterals,
		"lint-absolute-path-literals": &l.AbsolutePathLiterals,
		"lint-short-path-literals":    &l.ShortPathLiterals,
	} {
		if set[name] == "" {
			continue
		}
		got, perr := syntax.ParseLintLevel(set[name])
		if perr != nil {
			err = fmt.Errorf("the setting '%s': %w", name, perr)
		}
		*level = got
	}
	return l, err
}

// nixPath returns the search path without -I, and whether anybody has set one:
// the setting nix-path on the command line is the strongest, then $NIX_PATH,
// then nix-path in the files; extra-nix-path adds to what it finds.
func (m *Maker) nixPath(set settings.Values, common *classic.Common) (path []builtins.SearchPathEntry, isSet bool) {
	env, inEnv := m.Env.LookupEnv("NIX_PATH")
	onLine := settings.Values{}
	replaced := false
	for _, s := range common.Settings {
		replaced = replaced || s.Name == "nix-path"
		if s.Name == "nix-path" || s.Name == "extra-nix-path" {
			onLine.Set(s.Name, s.Value) // the name is right, and any text a value
		}
	}
	words := set.Words("nix-path")
	if inEnv && !replaced {
		path = builtins.ParseNixPath(env)
		words = onLine.Words("nix-path")
	}
	for _, w := range words {
		path = append(path, builtins.ParseSearchPathEntry(w))
	}
	_, inFiles := set["nix-path"]
	return path, inEnv || inFiles
}
