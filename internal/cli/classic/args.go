// Package classic reads the command lines of the classic Nix commands, whose
// conventions no flag library has: options and operands mix freely, an option
// may take two arguments, -j4 and -j 4 are the same, and every setting of
// nix.conf is a flag. The flags and their meaning are those of the Nix manual,
// "Common Options".
package classic

import (
	"fmt"
	"strconv"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/cli/settings"
)

// Arg is one --arg or --argstr.
type Arg struct {
	Name, Value string
	IsString    bool // --argstr: Value is a string, not an expression
}

// Common are the options that all classic commands share.
type Common struct {
	Verbosity  int    // -v adds one, --quiet takes one away
	NoOutput   bool   // -Q: builders' lines are not shown
	PrintLogs  bool   // they are, where the display has lines
	Quiet      bool   // no progress, only notes
	RawLogs    bool   // progress is what Nix prints, unless there is a terminal
	Jobs       string // "" if not given; a number or "auto"
	Cores      string
	KeepGoing  bool
	KeepFailed bool
	ReadOnly   bool
	ReadWrite  bool
	Advise     bool // errors come with hints; those of the classic commands are Nix's own
	ShowTrace  bool
	Timeout    string // seconds
	MaxSilent  string
	Repair     bool
	Check      bool
	DryRun     bool
	Refresh    bool // nothing is taken from the evaluation cache, or was downloaded lately enough
	Stats      bool // show the work of the evaluation
	LogFormat  string
	Include    []string // -I, in order
	Args       []Arg
	unread     []unread           // what Args still lacks
	Settings   []settings.Setting // --option NAME VALUE, and --NAME VALUE of settings, in order
	StoreURI   string
	Mirrors    []string
}

// debugVerbosity is how many -v the option --debug stands for.
const debugVerbosity = 4

// Spec says which further options a command takes.
type Spec struct {
	Command string
	Flags   map[string]*bool             // without an argument, by full name: "--eval"
	Values  map[string]func(string)      // with one argument
	Pairs   map[string]func(a, b string) // with two arguments
}

// Parse reads a command line; what is no option comes back as the operands.
// Everything after "--" is an operand.
func Parse(spec Spec, args []string) (*Common, []string, error) {
	c := &Common{}
	p := parser{spec: spec, c: c, args: args}
	for p.more() {
		a := p.next()
		switch {
		case a == "--help":
			return nil, nil, &cli.Printed{Text: spec.help()}
		case a == "--version":
			return nil, nil, &cli.Printed{Text: spec.Command + " (isomorph) " + NixVersion + "\n"}
		case a == "--":
			p.operands = append(p.operands, p.args...)
			p.args = nil
		case len(a) < 2 || a[0] != '-':
			p.operands = append(p.operands, a)
		default:
			if err := p.option(a); err != nil {
				return nil, nil, &cli.ExitError{Code: cli.ExitFailure, Err: err}
			}
		}
	}
	return c, p.operands, nil
}

type parser struct {
	spec     Spec
	c        *Common
	args     []string
	operands []string
}

func (p *parser) more() bool { return len(p.args) > 0 }

func (p *parser) next() string {
	a := p.args[0]
	p.args = p.args[1:]
	return a
}

func (p *parser) value(flag string) (string, error) {
	if !p.more() {
		return "", fmt.Errorf("flag '%s' requires 1 argument(s), but only 0 were given", flag)
	}
	return p.next(), nil
}

func (p *parser) pair(flag string) (string, string, error) {
	if len(p.args) < 2 {
		return "", "", fmt.Errorf("flag '%s' requires 2 argument(s), but only %d were given", flag, len(p.args))
	}
	return p.next(), p.next(), nil
}

// bundle splits joined short options as Nix does: -quR is -q -u -R, and what
// follows the last letter is an argument, as in -j4. So the argument of an option
// cannot be joined to it if it begins with a letter: -Aiso is -A -i -s -o.
func (p *parser) bundle(a string) bool {
	if len(a) <= 2 || a[1] == '-' || !isLetter(a[1]) {
		return false
	}
	first, rest := a[:2], a[2:]
	split := []string{first}
	for i := range len(rest) {
		if !isLetter(rest[i]) {
			split = append(split, rest[i:])
			break
		}
		split = append(split, "-"+rest[i:i+1])
	}
	p.args = append(split, p.args...)
	return true
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func (p *parser) option(a string) error {
	if f, ok := p.spec.Flags[a]; ok {
		*f = true
		return nil
	}
	if f, ok := p.spec.Values[a]; ok {
		v, err := p.value(a)
		if err == nil {
			f(v)
		}
		return err
	}
	if f, ok := p.spec.Pairs[a]; ok {
		x, y, err := p.pair(a)
		if err == nil {
			f(x, y)
		}
		return err
	}
	if ok, err := p.common(a); ok || err != nil {
		return err
	}
	if p.bundle(a) {
		return nil
	}
	if name, ok := strings.CutPrefix(a, "--"); ok {
		return p.setting(name)
	}
	return fmt.Errorf("unrecognised flag '%s'\nTry '%s --help' for more information.", a, p.spec.Command)
}

// common handles the options that all classic commands have.
func (p *parser) common(a string) (bool, error) {
	c := p.c
	flags := map[string]func(){
		"-v": func() { c.Verbosity++ }, "--verbose": func() { c.Verbosity++ },
		"--quiet": func() { c.Verbosity-- },
		"-Q":      func() { c.NoOutput = true }, "--no-build-output": func() { c.NoOutput = true },
		"-k": func() { c.KeepGoing = true }, "--keep-going": func() { c.KeepGoing = true },
		"-K": func() { c.KeepFailed = true }, "--keep-failed": func() { c.KeepFailed = true },
		"--readonly-mode":   func() { c.ReadOnly = true },
		"--read-write-mode": func() { c.ReadWrite = true },
		"--show-trace":      func() { c.ShowTrace = true },
		"--no-show-trace": func() {
			c.ShowTrace = false
			c.Settings = append(c.Settings, settings.Setting{Name: "show-trace", Value: "false"}) // nix.conf may have it
		},
		"--repair": func() { c.Repair = true }, "--check": func() { c.Check = true },
		"--dry-run": func() { c.DryRun = true }, "--fallback": func() {}, "--impure": func() {},
		"--debug": func() { c.Verbosity += debugVerbosity }, "--refresh": func() { c.Refresh = true },
	}
	if f, ok := flags[a]; ok {
		f()
		return true, nil
	}
	values := map[string]func(string){
		"-j": func(v string) { c.Jobs = v }, "--max-jobs": func(v string) { c.Jobs = v },
		"--cores": func(v string) { c.Cores = v }, "--timeout": func(v string) { c.Timeout = v },
		"--max-silent-time": func(v string) { c.MaxSilent = v }, "--log-format": func(v string) { c.LogFormat = v },
		"-I": func(v string) { c.Include = append(c.Include, v) }, "--include": func(v string) { c.Include = append(c.Include, v) },
		"--store": func(v string) { c.StoreURI = v }, "--arg-from-stdin": c.argFromStdin,
	}
	if f, ok := values[a]; ok {
		v, err := p.value(a)
		if err == nil {
			f(v)
		}
		return true, err
	}
	pairs := map[string]func(a, b string){
		"--arg":           func(a, b string) { c.Args = append(c.Args, Arg{Name: a, Value: b}) },
		"--argstr":        func(a, b string) { c.Args = append(c.Args, Arg{Name: a, Value: b, IsString: true}) },
		"--arg-from-file": c.argFromFile,
		"--option":        func(a, b string) { c.Settings = append(c.Settings, settings.Setting{Name: a, Value: b}) },
	}
	if f, ok := pairs[a]; ok {
		x, y, err := p.pair(a)
		if err == nil {
			f(x, y)
		}
		return true, err
	}
	return false, nil
}

// setting takes a setting of nix.conf as a flag: "--NAME VALUE", "--extra-NAME
// VALUE" for lists, "--NAME" and "--no-NAME" where the value is true or false.
func (p *parser) setting(name string) error {
	set := func(name, value string) error {
		p.c.Settings = append(p.c.Settings, settings.Setting{Name: name, Value: value})
		return nil
	}
	real, kind, ok := settings.Lookup(name)
	if base, extra := strings.CutPrefix(name, "extra-"); !ok && extra {
		base, kind, ok = settings.Lookup(base)
		real, ok = "extra-"+base, ok && kind == settings.List
	}
	if ok && (kind == settings.Bool || kind == settings.Mode) {
		return set(real, "true")
	}
	if ok {
		v, err := p.value("--" + name)
		if err != nil {
			return err
		}
		return set(real, v)
	}
	if name == "relaxed-sandbox" {
		return set("sandbox", "relaxed")
	}
	if base, no := strings.CutPrefix(name, "no-"); no {
		if real, kind, ok = settings.Lookup(base); ok && (kind == settings.Bool || kind == settings.Mode) {
			return set(real, "false")
		}
	}
	return fmt.Errorf("unrecognised flag '--%s'\nTry '%s --help' for more information.", name, p.spec.Command)
}

// UsageError is a mistake on the command line of a command.
func UsageError(command, text string) error {
	return &cli.ExitError{Code: cli.ExitFailure, Err: fmt.Errorf("%s\nTry '%s --help' for more information.", text, command)}
}

// Int reads a number given to an option; "" gives def, and "auto" gives auto.
func Int(flag, value string, def, auto int) (int, error) {
	switch value {
	case "":
		return def, nil
	case "auto":
		return auto, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("'%s' takes a number, not '%s'", flag, value)
	}
	return n, nil
}
