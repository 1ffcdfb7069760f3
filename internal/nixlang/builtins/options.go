package builtins

import (
	"isomorph/internal/input"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/storepath"
)

// Options are the settings of a [Library].
type Options struct {
	Host       Host   // required
	NixVersion string // builtins.nixVersion; DefaultNixVersion if empty

	SearchPath []SearchPathEntry // where <...> is looked up
	Dir        string            // absolute working directory, for relative search path entries
	Home       string            // directory of ~/ paths, empty to refuse them

	// Nixpkgs returns the path of an entry <nixpkgs> that is the last of the
	// search path; there is none if it is nil. It is called when the path is
	// first needed.
	Nixpkgs func() string

	PureEval     bool     // no environment, clock, system, search path
	RestrictEval bool     // only files below the search path and AllowedURIs
	AllowedURIs  []string // URIs that may be fetched, with all below them
	AllowIFD     bool     // import from derivation
	TraceIFD     bool     // warn about each of these

	TOMLTimestamps bool // fromTOML reads dates and times (experimental parse-toml-timestamps)
	TraceVerbose   bool // builtins.traceVerbose shows its message
	AbortOnWarn    bool // builtins.warn ends the evaluation
	PipeOperators  bool // |> and <| are part of the language
	Lints          syntax.Lints
	Flakes         bool // the experimental feature "flakes" is on

	// GetFlake is builtins.getFlake: the value of a flake, of which the
	// argument is a reference. Errors are thrown.
	GetFlake func(c *eval.Ctx, ref eval.Value) eval.Value

	// FlakeSource fetches the source that a flake reference stands for, for
	// entries "flake:REFERENCE" of the search path; what it fetched may be
	// read. Errors are thrown.
	FlakeSource func(ref string) storepath.Path

	FetchTree    bool // the experimental feature fetch-tree: builtins.fetchTree is there
	FetchClosure bool // likewise fetch-closure
	TrustForges  bool // an archive of GitHub and the like is pinned by its revision alone
}

// features are the experimental features that decide about inputs.
func (o *Options) features() input.Features { return input.Features{Flakes: o.Flakes} }
