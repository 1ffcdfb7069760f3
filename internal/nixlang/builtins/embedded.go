package builtins

import (
	"embed"
	"io/fs"
	"strings"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
)

// Expressions that are part of the evaluator: those behind builtins, and those
// that <nix/...> finds.
//
//go:embed internalexpr/*.nix
var internalExprs embed.FS

// corepkgs is where the files of <nix/...> lie. No file system has this
// directory; a path below it never reaches the Host.
const corepkgs = "/__corepkgs__"

// corepkgNames are the files that <nix/...> may name.
const corepkgNames = " fetchurl.nix "

func isEmbedded(path string) bool { return strings.HasPrefix(path, corepkgs+"/") }

// embeddedFile returns the text of a file below corepkgs.
func embeddedFile(path string) (string, bool) {
	name := strings.TrimPrefix(path, corepkgs+"/")
	if !strings.Contains(corepkgNames, " "+name+" ") {
		return "", false
	}
	return internalText(name), true
}

func internalText(name string) string {
	b, err := internalExprs.ReadFile("internalexpr/" + name)
	if err != nil {
		panic(err) // the name is a constant of this package
	}
	return string(b)
}

// embedded is embeddedFile for a caller to whom a missing file is an error.
func (w *world) embedded(path string) string {
	text, ok := embeddedFile(path)
	if !ok {
		throw("<nix"+strings.TrimPrefix(path, corepkgs)+">", fs.ErrNotExist)
	}
	return text
}

// internalExpr returns the value of one of the evaluator's own expressions,
// parsed when it is first used.
func (w *world) internalExpr(c *eval.Ctx, name string) eval.Value {
	return c.Lazy(func(c *eval.Ctx) eval.Value {
		return w.run(c, eval.Source{
			Text:     []byte(internalText(name)),
			Origin:   syntax.Origin{Kind: syntax.OriginFile, Name: eval.InternalPrefix + "/" + name},
			BasePath: "/",
		})
	})
}

// run parses and evaluates a text, errors thrown.
func (w *world) run(c *eval.Ctx, src eval.Source) eval.Value {
	return c.Run(w.program(c, src))
}
