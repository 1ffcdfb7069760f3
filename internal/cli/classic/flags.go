package classic

import (
	"isomorph/internal/cli"
	"isomorph/internal/cli/settings"
)

// ownFeatures are the experimental features of Nix that isomorph's own commands
// have without being asked.
const ownFeatures = "nix-command flakes"

// FromFlags makes the shared options of the classic commands out of the flags
// of isomorph's own, so that both run the same code.
func FromFlags(f *cli.EvalFlags) (*Common, error) {
	c := &Common{Settings: []settings.Setting{{Name: "extra-experimental-features", Value: ownFeatures}}, Include: f.Include, ShowTrace: f.Trace, Advise: true, StoreURI: f.Store, Mirrors: f.Mirrors, Refresh: f.Refresh, Stats: f.Stats, Verbosity: f.Verbose}
	if f.Offline {
		c.Settings = append(c.Settings, settings.Setting{Name: "offline", Value: "true"})
	}
	if f.Debug {
		c.Verbosity += debugVerbosity
	}
	exprs, err := cli.Pairs("arg", f.Args)
	if err != nil {
		return nil, err
	}
	for _, p := range exprs {
		c.Args = append(c.Args, Arg{Name: p[0], Value: p[1]})
	}
	strs, err := cli.Pairs("argstr", f.ArgStrs)
	if err != nil {
		return nil, err
	}
	for _, p := range strs {
		c.Args = append(c.Args, Arg{Name: p[0], Value: p[1], IsString: true})
	}
	files, err := cli.Pairs("arg-from-file", f.ArgFiles)
	if err != nil {
		return nil, err
	}
	for _, p := range files {
		c.argFromFile(p[0], p[1])
	}
	for _, name := range f.ArgStdin {
		c.argFromStdin(name)
	}
	options, err := cli.Pairs("option", f.Options)
	if err != nil {
		return nil, err
	}
	for _, p := range options {
		c.Settings = append(c.Settings, settings.Setting{Name: p[0], Value: p[1]})
	}
	return c, nil
}
