package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
)

// maxInclude bounds the depth of files that include each other.
const maxInclude = 32

// Sources say where settings are set, each stronger than the one before:
// system file, the user's files, text of the environment, command line.
type Sources struct {
	// ReadFile reads a file; an error that is fs.ErrNotExist means that
	// there is none.
	ReadFile func(name string) ([]byte, error)

	Defaults Values // what lists hold that nobody has set, for "extra-" to add to

	System string   // nix.conf of the machine, "" for none
	User   []string // the user's files, the strongest first
	Text   string   // $NIX_CONFIG
	Line   []Setting
	Warn   func(message string)
}

// Load reads all settings. Names that are unknown are warned of, as in Nix;
// lines that make no sense are errors.
func Load(src Sources) (Values, error) {
	l := loader{src: src, values: Values{}}
	maps.Copy(l.values, src.Defaults)
	files := []string{src.System}
	for i := len(src.User) - 1; i >= 0; i-- {
		files = append(files, src.User[i])
	}
	for _, file := range files {
		if err := l.file(file); err != nil {
			return nil, err
		}
	}
	if err := l.text(src.Text, "NIX_CONFIG", 0); err != nil {
		return nil, err
	}
	for _, s := range src.Line {
		if err := l.set(s.Name, s.Value); err != nil {
			return nil, err
		}
	}
	return l.values, nil
}

type loader struct {
	src    Sources
	values Values
}

func (l *loader) file(name string) error {
	if name == "" {
		return nil
	}
	text, err := l.src.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.text(string(text), name, 0)
}

// text reads lines "NAME = VALUE", "include FILE" and "!include FILE"; # begins
// a comment.
func (l *loader) text(text, where string, depth int) error {
	if depth > maxInclude {
		return fmt.Errorf("the configuration file '%s' is included more than %d files deep", where, maxInclude)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		words := strings.Fields(strings.SplitN(line, "#", 2)[0])
		switch {
		case len(words) == 0:
		case len(words) == 2 && (words[0] == "include" || words[0] == "!include"):
			if err := l.include(words[1], where, words[0] == "!include", depth); err != nil {
				return err
			}
		case len(words) < 2 || words[1] != "=":
			return fmt.Errorf("syntax error in configuration line '%s' in '%s'", line, where)
		default:
			if err := l.set(words[0], strings.Join(words[2:], " ")); err != nil {
				return fmt.Errorf("%w, in '%s'", err, where)
			}
		}
	}
	return nil
}

func (l *loader) include(name, from string, optional bool, depth int) error {
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(from), name)
	}
	text, err := l.src.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if optional {
			return nil
		}
		return fmt.Errorf("file '%s' included from '%s' not found", name, from)
	}
	if err != nil {
		return err
	}
	return l.text(string(text), name, depth+1)
}

func (l *loader) set(name, value string) error {
	err := l.values.Set(name, value)
	if errors.Is(err, ErrUnknown) {
		l.src.Warn(fmt.Sprintf("unknown setting '%s'", name))
		return nil
	}
	return err
}
