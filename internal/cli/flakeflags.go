package cli

import (
	"fmt"

	"github.com/spf13/pflag"
)

// FlakeFlags are the flags of commands that take flakes; they are Nix's.
type FlakeFlags struct {
	Impure       bool
	AcceptConfig bool
	NoRegistries bool
	NoWrite      bool
	NoUpdate     bool
	Recreate     bool
	Commit       bool
	Updates      []string // of --update-input
	Renew        []string // the same as operands of flake update
	Overrides    []string // INPUT=REFERENCE
	Redirects    []string // REFERENCE=REFERENCE
	InputsFrom   []string
	Reference    string
	Output       string
}

// Register adds the flags to a set.
func (f *FlakeFlags) Register(fl *pflag.FlagSet) {
	fl.BoolVar(&f.Impure, "impure", false, "let flakes see the environment, the time and all files")
	fl.BoolVar(&f.AcceptConfig, "accept-flake-config", false, "trust the settings in a flake's nixConfig")
	fl.BoolVar(&f.NoRegistries, "no-registries", false, "look no flake up in registries")
	fl.BoolVar(&f.NoUpdate, "no-update-lock-file", false, "fail if the lock file would change")
	fl.BoolVar(&f.Commit, "commit-lock-file", false, "commit the lock file if it changes")
	fl.StringArrayVar(&f.Overrides, "override-input", nil, "use another flake for an input: --override-input `INPUT` FLAKE; implies --no-write-lock-file")
	fl.StringArrayVar(&f.Redirects, "override-flake", nil, "use another flake wherever one is meant: --override-flake `FLAKE` FLAKE")
	fl.StringArrayVar(&f.InputsFrom, "inputs-from", nil, "look flakes up among the inputs of this `FLAKE` first")
	fl.StringVar(&f.Reference, "reference-lock-file", "", "read this `FILE` instead of the flake's flake.lock")
	fl.StringVar(&f.Output, "output-lock-file", "", "write this `FILE` instead of the flake's flake.lock")
	fl.BoolVar(&f.NoWrite, "no-write-lock-file", false, "do not write the lock file if it changes")
	fl.BoolVar(&f.Recreate, "recreate-lock-file", false, "forget the lock file and make a new one")
	fl.StringArrayVar(&f.Updates, "update-input", nil, "forget what the lock file has for this `INPUT` (may be repeated)")
}

// WarnDeprecated prints Nix's warnings about flags that are to go away.
func (f *FlakeFlags) WarnDeprecated(env *Env) {
	warn := func(given bool, msg string) {
		if given {
			fmt.Fprintln(env.Stderr, "warning: "+msg)
		}
	}
	warn(f.Recreate, "'--recreate-lock-file' is deprecated and will be removed in a future version; use 'nix flake update' instead.")
	warn(f.NoRegistries, "'--no-registries' is deprecated; use '--no-use-registries'")
	for range f.Updates {
		warn(true, "'--update-input' is a deprecated alias for 'flake update' and will be removed in a future version.")
	}
}
