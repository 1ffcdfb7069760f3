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
}

