package syntax_test

import (
	"fmt"
	"strings"
	"testing"

	"isomorph/internal/nixlang/resolve"
	"isomorph/internal/nixlang/syntax"
)

// largeFile makes a text of the size and style of a package index.
func largeFile() []byte {
	var b strings.Builder
	b.WriteString("{ lib, pkgs, stdenv, callPackage, ... }@args:\n\nwith pkgs;\n\nlet\n  inherit (lib) optional optionals;\nin rec {\n")
	for i := range 9000 {
		fmt.Fprintf(&b, "\n  # package number %d\n  package_%d = callPackage ../tools/group%d/package-%d {\n", i, i, i%40, i)
		fmt.Fprintf(&b, "    inherit (lib.lists) map%d;\n    enable = args.enable%d or true && !stdenv.isDarwin;\n", i%7, i%9)
		fmt.Fprintf(&b, "    flags = [ \"--with-x=${lib.getDev package_%d}\" ] ++ optional stdenv.isLinux \"-O2\";\n  };\n", i/2)
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	text := largeFile()
	symbols := syntax.NewSymbols()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		o := syntax.Options{Symbols: symbols, Files: new(syntax.Files), BasePath: "/a/b"}
		if _, err := syntax.Parse(text, o); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndResolve(b *testing.B) {
	text := largeFile()
	symbols := syntax.NewSymbols()
	g := resolve.NewGlobals(symbols, globals)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		files := new(syntax.Files)
		e, err := syntax.Parse(text, syntax.Options{Symbols: symbols, Files: files, BasePath: "/a/b"})
		if err == nil {
			err = g.Resolve(e, resolve.Scope{Files: files})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// A refused text costs the construction of the automaton.
func BenchmarkSyntaxError(b *testing.B) {
	symbols := syntax.NewSymbols()
	for b.Loop() {
		o := syntax.Options{Symbols: symbols, Files: new(syntax.Files), BasePath: "/a/b"}
		if _, err := syntax.Parse([]byte("{ a = ; }"), o); err == nil {
			b.Fatal("accepted")
		}
	}
}
