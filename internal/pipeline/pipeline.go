// Package pipeline takes a recipe to an image by calling the stages in their
// order:
//
//	recipe -> evaluate -> derivations -> realise -> outputs -> image
//
// It is the only package below the commands that knows more than one stage,
// and has no logic of its own beyond passing the result of one on to the next:
// it puts the store and the builder behind the interface that the evaluator
// asks for ([builtins.Host]), collects the derivations that a value holds,
// has them realised, and finds, names and delivers the image.
package pipeline

import (
	"io"
	"time"

	"isomorph/internal/build/local"
	"isomorph/internal/fetch"
	"isomorph/internal/fetchtree"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/progress"
	"isomorph/internal/store/localstore"
)

// Config is everything that a run is told by its command. Nothing in this
// package or below looks at the machine for it.
type Config struct {
	Store localstore.Options

	// NoStore makes a session that only evaluates, in a store without any
	// path that has the logical directory of Store.
	NoStore bool

	Eval  EvalConfig
	Build BuildConfig
	Fetch fetch.Options

	// Inputs says how trees are fetched; the rest of it (the store, the clock)
	// is filled in from here.
	Inputs fetchtree.Options

	EvalCache CacheConfig

	// Display makes the progress display when there is something to show;
	// nil for none.
	Display func() progress.Display

	// ShowStats, if not nil, is called when the session ends.
	ShowStats func(Stats)
	CPUTime   func() time.Duration // that this process has needed in user mode, for ShowStats

	Now    func() time.Time
	Random io.Reader
}

// EvalConfig is what decides about the values of a recipe.
type EvalConfig struct {
	System       string
	EvalSystem   string // builtins.currentSystem, if it is another one
	NixVersion   string // that builtins.nixVersion gives; "" for the newest emulated
	SearchPath   []builtins.SearchPathEntry
	Home         string
	Dir          string // absolute; relative search path entries start here
	Cores        int    // workers of an evaluation that has independent parts; 0 is 1
	MaxCallDepth int
	MaxSteps     int   // calls of functions that an evaluation may take; 0 for no limit
	MaxMemory    int64 // bytes that the evaluator may use; 0 for no limit
	ShowTrace    bool
	Advise       bool // errors come with hints, which those of Nix do not have
	TraceVerbose bool
	Pure         bool
	Restricted   bool
	AllowIFD     bool
	TraceIFD     bool // say what is built for it
	IFDDecided   bool // somebody has set it: commands do not choose by themselves
	AllowedURIs  []string

	PipeOperators  bool // the experimental feature
	TOMLTimestamps bool // likewise
	Flakes         bool // likewise, for the builtins of flakes
	Flake          FlakeConfig
	TempDir        string // for files that other programs are to read
	FetchTree      bool   // likewise
	FetchClosure   bool   // likewise
	TrustForges    bool   // trust-tarballs-from-git-forges
	Lints          syntax.Lints
	AbortOnWarn    bool      // builtins.warn ends the evaluation
	Channel        *LazyTree // the embedded channel, if it is the last of the search path

	TreeCache string // directory of the records of package treehash; "" for none

	Memory int64 // bytes that the process may use; 0 if unknown

	LookupEnv func(string) (string, bool)
	Trace     func(msg string) // builtins.trace
	Warn      func(msg string) // warnings about the evaluation
	EvalWarn  func(msg string) // warnings by the recipe: builtins.warn
}

// BuildConfig is what decides how, but never what, things are built.
type BuildConfig struct {
	Jobs       int // builds at once
	Downloads  int // downloads at once
	Cores      int // that one build may use
	KeepGoing  bool
	KeepFailed bool
	Repair     bool          // build again what is damaged
	Check      bool          // build again what is valid and compare
	Timeout    time.Duration // of one build; 0 for none
	MaxSilent  time.Duration // of a build that prints nothing; 0 for none
	MaxLog     int64         // bytes that a build may print; 0 for the default
	System     string        // the platform that this machine builds for

	ExtraSystems []string // platforms whose programs this machine runs, too
	Features     []string // system features that derivations may ask for
	CAFile       string   // certificates for fixed-output builds that use the network

	Helper  string // the executable that starts sandboxes; "" for the running one
	Pasta   string // program that gives fixed-output builds a network; "" for none
	KeepDir string // where directories of failed builds are kept

	BuildDir     string // where a build sees its working directory; "" for the usual place
	HostBuildDir bool   // it is in KeepDir, in the sandbox as outside

	Channel *LazyTree // has the sandbox's /bin/sh, unless Shell or NoShell is set
	Shell   string    // a static shell to be /bin/sh
	NoShell bool      // there is no /bin/sh

	HostPaths []local.HostPath // what builds see of the machine
	Cautions  []string         // told before the first build, without "warning: "

	// LookupEnv gives impureEnvVars to fixed-output builds.
	LookupEnv func(string) (string, bool)
}
