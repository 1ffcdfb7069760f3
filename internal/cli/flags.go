package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// EvalFlags are the flags that every command has that evaluates.
type EvalFlags struct {
	Args     []string // NAME=EXPRESSION
	ArgStrs  []string // NAME=STRING
	ArgFiles []string // NAME=FILE
	ArgStdin []string
	Include  []string
	Options  []string // NAME=VALUE
	Trace    bool
	Offline  bool
	Refresh  bool
	Stats    bool
	Verbose  int
	Debug    bool
	Store    string
	Mirrors  []string
}

// Register adds the flags to a set.
func (f *EvalFlags) Register(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.Args, "arg", nil, "pass the expression as the argument `NAME` of functions: --arg NAME EXPRESSION")
	fl.StringArrayVar(&f.ArgStrs, "argstr", nil, "pass the string as the argument `NAME` of functions: --argstr NAME STRING")
	fl.StringArrayVar(&f.ArgFiles, "arg-from-file", nil, "pass the contents of a file as the argument `NAME` of functions: --arg-from-file NAME FILE")
	fl.StringArrayVar(&f.ArgStdin, "arg-from-stdin", nil, "pass what standard input has as the argument `NAME` of functions")
	fl.StringArrayVarP(&f.Include, "include", "I", nil, "add to the search path: `[NAME=]PATH`")
	fl.StringArrayVar(&f.Options, "option", nil, "set a setting of Nix: --option `NAME` VALUE")
	fl.BoolVar(&f.Trace, "show-trace", false, "show the whole way to an error")
	fl.BoolVar(&f.Offline, "offline", false, "use no network")
	fl.BoolVar(&f.Refresh, "refresh", false, "evaluate and download again, even if nothing has changed since the last time")
	fl.CountVarP(&f.Verbose, "verbose", "v", "say more (may be repeated)")
	fl.BoolVar(&f.Debug, "debug", false, "say very much")
	fl.BoolVar(&f.Stats, "stats", false, "print on standard error, as JSON, how much work the evaluation was")
	fl.StringVar(&f.Store, "store", "", "the `DIR` that the store lies in")
	fl.StringArrayVar(&f.Mirrors, "mirror", nil, "Debian mirror `URL` to try first (may be repeated)")
}

// pairFlags take two arguments on the command line, as in Nix.
var pairFlags = []string{"--arg", "--argstr", "--arg-from-file", "--option", "--override-input", "--override-flake"}

// SettingFlags rewrites flags that are settings of Nix, and no flags of the
// command itself, to --option: --restrict-eval, --allowed-uris URIS. own tells
// which flags the command has; setting returns the name of a setting and
// whether it is one that is true or false.
func SettingFlags(args []string, own func(string) bool, setting func(string) (name string, boolean, ok bool)) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		if name == "" && isFlag {
			return append(out, args[i:]...)
		}
		value := "true"
		real, boolean, ok := setting(name)
		if base, no := strings.CutPrefix(name, "no-"); no && !ok {
			if real, boolean, ok = setting(base); !boolean {
				ok = false
			}
			value = "false"
		}
		if !isFlag || own(name) || !ok {
			out = append(out, args[i])
			continue
		}
		if !boolean {
			if i+1 >= len(args) {
				out = append(out, args[i])
				continue
			}
			i++
			value = args[i]
		}
		out = append(out, "--option", real, value)
	}
	return out
}

// JoinPairs rewrites "--arg NAME VALUE" to "--arg=NAME=VALUE", the form that
// the flag library can read. Everything after "--" stays as it is.
func JoinPairs(args []string) ([]string, error) {
	var out []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--":
			return append(out, args[i:]...), nil
		case slices.Contains(pairFlags, args[i]):
			if i+2 >= len(args) {
				return nil, fmt.Errorf("flag '%s' requires 2 arguments, but only %d were given", args[i], len(args)-i-1)
			}
			if strings.Contains(args[i+1], "=") {
				return nil, fmt.Errorf("flag '%s' takes a name and a value as two arguments; '%s' is no name", args[i], args[i+1])
			}
			out = append(out, args[i]+"="+args[i+1]+"="+args[i+2])
			i += 2
		default:
			out = append(out, args[i])
		}
	}
	return out, nil
}

// Pairs splits NAME=VALUE texts, in order.
func Pairs(flag string, values []string) ([][2]string, error) {
	var out [][2]string
	for _, v := range values {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return nil, fmt.Errorf("flag '--%s' requires 2 arguments: a name and a value", flag)
		}
		out = append(out, [2]string{name, value})
	}
	return out, nil
}
