package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestRegexps compiles the patterns of all lazy expressions, and finds variables
// of packages that hold an expression compiled at the start of every command.
func TestRegexps(t *testing.T) {
	found := 0
	for _, p := range modulePackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "isomorph/")
		if strings.HasPrefix(name, "internal/tools/") { // programs of their own
			continue
		}
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range patternsOf(f) {
				found++
				if c.early {
					t.Errorf("%s: compiled whether or not it is used: take lazyre.New", fset.Position(c.pos))
				}
				if _, err := regexp.Compile(c.pattern); err != nil {
					t.Errorf("%s: %v", fset.Position(c.pos), err)
				}
			}
		}
	}
	if found < 20 {
		t.Fatalf("found only %d patterns", found)
	}
}

// pattern is an expression of a package's variables.
type pattern struct {
	pos     token.Pos
	pattern string
	early   bool
}

// patternsOf returns the calls of lazyre.New and regexp.MustCompile outside of functions.
func patternsOf(f *ast.File) (found []pattern) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return false
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			early := ok && pkg.Name == "regexp" && strings.HasPrefix(sel.Sel.Name, "MustCompile")
			if early || ok && pkg.Name == "lazyre" && sel.Sel.Name == "New" {
				found = append(found, pattern{n.Pos(), text(n.Args[0]), early})
			}
		}
		return true
	})
	return found
}

// text is the value of a concatenation of literals; a name stands for a text
// without special characters.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	}
	return "name"
}
