package channelcmd

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"isomorph/internal/cli"
)

// The questions to the channel, in its own language. Both expressions are
// functions of the channel's directory.
//
//go:embed packages.nix
var packagesNix string

//go:embed options.nix
var optionsNix string

// Package is one package of the list.
type Package struct {
	Attribute   string `json:"attribute"` // path in the package set
	Version     string `json:"version"`
	Description string `json:"description"`
}

// Option is one option of the module system.
type Option struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Default     string `json:"default"` // as an expression, "" if it has none
	Description string `json:"description"`
}

// ask applies a question to the channel.
func (c *command) ask(ctx context.Context, question string, into any) error {
	dir, err := c.deps.Materialise(ctx)
	if err != nil {
		return err
	}
	return c.evaluate(ctx, "("+question+") "+nixString(dir), into)
}

// nixString writes a path as a string of the Nix language; the expressions turn
// it into a path themselves.
func nixString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `${`, `\${`).Replace(s) + `"`
}

func (c *command) packages(ctx context.Context) error {
	var all []Package
	if err := c.ask(ctx, packagesNix, &all); err != nil {
		return err
	}
	if c.asJSON {
		return c.printJSON(all)
	}
	return c.printPackages(all)
}

func (c *command) printPackages(list []Package) error {
	w := tabwriter.NewWriter(c.env.Stdout, 0, 8, 2, ' ', 0)
	for _, p := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Attribute, p.Version, firstLine(p.Description))
	}
	return w.Flush()
}

func (c *command) options(ctx context.Context, prefix string) error {
	var all []Option
	if err := c.ask(ctx, optionsNix, &all); err != nil {
		return err
	}
	found := slices.DeleteFunc(all, func(o Option) bool { return !strings.HasPrefix(o.Name, prefix) })
	if c.asJSON {
		return c.printJSON(found)
	}
	if len(found) == 0 {
		return fmt.Errorf("no option begins with %q; \"isomorph channel search WORD\" looks everywhere", prefix)
	}
	return c.printOptions(found)
}

func (c *command) printOptions(list []Option) error {
	for _, o := range list {
		fmt.Fprintf(c.env.Stdout, "%s\n    type: %s\n", o.Name, o.Type)
		if o.Default != "" {
			fmt.Fprintf(c.env.Stdout, "    default: %s\n", strings.ReplaceAll(o.Default, "\n", "\n      "))
		}
		if d := strings.TrimSpace(o.Description); d != "" {
			fmt.Fprintf(c.env.Stdout, "    %s\n", strings.ReplaceAll(d, "\n", "\n    "))
		}
	}
	return nil
}

// found is what "isomorph channel search --json" prints.
type found struct {
	Packages []Package `json:"packages"`
	Options  []Option  `json:"options"`
}

func (c *command) search(ctx context.Context, word string) error {
	f := found{Packages: []Package{}, Options: []Option{}}
	if err := c.ask(ctx, packagesNix, &f.Packages); err != nil {
		return err
	}
	if err := c.ask(ctx, optionsNix, &f.Options); err != nil {
		return err
	}
	f.Packages = slices.DeleteFunc(f.Packages, func(p Package) bool { return !matches(word, p.Attribute, p.Description) })
	f.Options = slices.DeleteFunc(f.Options, func(o Option) bool { return !matches(word, o.Name, o.Description) })
	if c.asJSON {
		return c.printJSON(f)
	}
	if len(f.Packages)+len(f.Options) == 0 {
		return &cli.ExitError{Code: cli.ExitFailure, Err: fmt.Errorf("the channel has nothing with %q in its name or description; \"isomorph lock add PACKAGE\" brings in a Debian package", word)}
	}
	if err := c.printPackages(f.Packages); err != nil {
		return err
	}
	return c.printOptions(f.Options)
}

// matches looks for a word without regard to case.
func matches(word string, texts ...string) bool {
	word = strings.ToLower(word)
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), word) })
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}
