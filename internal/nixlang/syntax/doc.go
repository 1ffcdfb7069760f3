// Package syntax turns Nix source text into a tree and back.
//
// Text goes through a hand-written lexer on bytes and a recursive-descent
// parser with precedence climbing. What comes out is the tree that the
// evaluator compiles: operators without a node of their own are already calls
// (a - b is __sub a b, <x> is __findFile __nixPath "x"), nested attribute
// paths are merged, indented strings are stripped. [Parse] is the entry,
// [Print] writes the form that "nix-instantiate --parse" prints.
//
// # Names and positions
//
// A name is a [Symbol], a small number from a [Symbols] table that many
// parsers may share. A position is a [Pos], an offset in a [Files] table; it
// costs four bytes in a node and becomes file, line and column only when
// somebody asks with [Files.Position].
//
// # Errors
//
// Refused text gives an [*Error]. Upstream prints syntax errors as bison makes
// them, with the list of tokens that its LALR(1) automaton expected. To say
// the same, the parser, once it has failed, hands the text to that automaton
// (grammar.go, lalr.go), built on the spot from the grammar: costs
// milliseconds, only on errors, and needs no generated tables.
//
// # Differences from C++ Nix
//
// Nesting is limited to [MaxDepth] levels, where C++ Nix runs out of stack.
// Attributes and formals stay in source order, where C++ Nix sorts them by symbol
// number: of two undefined variables in one set another one may be reported.
package syntax
