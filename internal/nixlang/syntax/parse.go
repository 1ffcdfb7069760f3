package syntax

// MaxDepth is how deeply expressions may be nested. The limit exists because a
// Go program cannot survive running out of stack.
const MaxDepth = 10000

// Options are what the parser must know besides the text.
type Options struct {
	// Symbols is the table that names go to. Required.
	Symbols *Symbols
	// Files is the table that positions refer to. Required.
	Files *Files
	// Origin says where the text comes from.
	Origin Origin
	// BasePath is the absolute directory that relative paths start from.
	BasePath string
	// Home is the home directory, for ~/x paths. When it is empty such a path
	// is an error: so it is in pure evaluation mode.
	Home string
	// PipeOperators allows <| and |> (experimental-features = pipe-operators).
	PipeOperators bool
	// Lints says what to do about discouraged constructs.
	Lints Lints
	// Warn is told about deprecated and discouraged constructs, in the words that upstream puts
	// behind "warning: ". It may be nil.
	Warn func(msg string)
	// Nodes is where the tree lies, if somebody wants the memory back; nil for
	// memory of the tree's own.
	Nodes *Nodes
}

// Parse reads one expression. It keeps text, which must not change afterwards;
// the tree and Options.Files share its memory. Variables are not resolved yet:
// that is the job of package resolve, and a text is only known to be good
// after it.
//
// The error is an [*Error], or says that Options.Files is full.
func Parse(text []byte, o Options) (Expr, error) {
	base, err := o.Files.Add(o.Origin, text)
	if err != nil {
		return nil, err
	}
	p := newParser(text, base, o)
	return p.run()
}
