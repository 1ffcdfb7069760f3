package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"isomorph/internal/cli/classic"
	"isomorph/internal/nixlang/syntax"
)

// settings are Nix's settings by name, as far as somebody has set them: in
// $NIX_CONFIG, and stronger than that on the command line.
type settings map[string]string

// readSettings reads text of the form of nix.conf: NAME = VALUE lines and
// comments. An "extra-" name adds to what is there.
func readSettings(text string) (settings, error) {
	s := settings{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("illegal configuration line %q in NIX_CONFIG: it has no '='", strings.TrimSpace(line))
		}
		s.set(strings.TrimSpace(name), strings.Join(strings.Fields(value), " "))
	}
	return s, nil
}

func (s settings) set(name, value string) {
	if base, ok := strings.CutPrefix(name, "extra-"); ok {
		value = strings.TrimSpace(s[base] + " " + value)
		name = base
	}
	s[name] = value
}

func (s settings) flag(name string, def bool) (bool, error) {
	switch v := s[name]; v {
	case "":
		return def, nil
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0":
		return false, nil
	default:
		return false, fmt.Errorf("the setting '%s' has the value '%s', which is neither true nor false", name, v)
	}
}

func (s settings) number(name string, def, auto int) (int, error) {
	return classic.Int(name, s[name], def, auto)
}

func (s settings) seconds(name string) (time.Duration, error) {
	if s[name] == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s[name], 10, 31)
	if err != nil {
		return 0, fmt.Errorf("the setting '%s' is a number of seconds, not '%s'", name, s[name])
	}
	return time.Duration(n) * time.Second, nil
}

// experimental tells whether an experimental feature of Nix is asked for.
func (s settings) experimental(name string) bool {
	return slices.Contains(strings.Fields(s["experimental-features"]), name)
}

// lints reads the settings that say what to do about discouraged constructs.
func (s settings) lints() (l syntax.Lints, err error) {
	for name, level := range map[string]*syntax.LintLevel{
		"lint-url-literals":           &l.URLLiterals,
		"lint-absolute-path-literals": &l.AbsolutePathLiterals,
		"lint-short-path-literals":    &l.ShortPathLiterals,
	} {
		if s[name] == "" {
			continue
		}
		got, perr := syntax.ParseLintLevel(s[name])
		if perr != nil {
			err = fmt.Errorf("the setting '%s': %w", name, perr)
		}
		*level = got
	}
	return l, err
}

// override lays the options of a command line over the settings.
func (s settings) override(c *classic.Common) {
	for name, value := range c.Settings {
		s.set(name, value)
	}
	for name, value := range map[string]string{
		"max-jobs": c.Jobs, "cores": c.Cores, "timeout": c.Timeout, "max-silent-time": c.MaxSilent,
	} {
		if value != "" {
			s[name] = value
		}
	}
	if len(c.Experiments) > 0 {
		s.set("extra-experimental-features", strings.Join(c.Experiments, " "))
	}
	if c.KeepGoing {
		s["keep-going"] = "true"
	}
	if c.KeepFailed {
		s["keep-failed"] = "true"
	}
	if c.ShowTrace {
		s["show-trace"] = "true"
	}
}
