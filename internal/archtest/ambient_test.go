package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// ambient lists the functions that look at the world. They are for cmd/ alone:
// below it the clock, the environment, the user, the host and randomness come
// in through option structs, so that the same inputs give the same bits.
var ambient = map[string][]string{
	"time":         {"Now", "Since", "Until", "LoadLocation"},
	"os":           {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Hostname", "Getuid", "Geteuid", "Getgid", "Getegid", "UserHomeDir", "UserCacheDir", "UserConfigDir", "TempDir", "Getwd", "Exit"},
	"math/rand":    {"*"},
	"math/rand/v2": {"*"},
	"crypto/rand":  {"*"},
	"os/user":      {"*"},
}

// exempt says where one of them is allowed all the same, and why.
var exempt = map[string]string{
	"internal/build/sandbox/os.Exit":    "the helper process inside the sandbox is a main program",
	"internal/build/sandbox/os.Getuid":  "which uid to map is a question to the kernel about this process",
	"internal/build/sandbox/os.Getgid":  "likewise",
	"internal/build/sandbox/os.Geteuid": "likewise",
	"internal/build/sandbox/os.Getegid": "likewise",

	"internal/build/buildtest/os.Geteuid":         "helpers of tests: a test is a main program",
	"internal/build/buildtest/os.Getenv":          "likewise",
	"internal/build/buildtest/os.Environ":         "likewise",
	"internal/build/buildtest/crypto/rand.Reader": "likewise",
}

func TestNoAmbientAuthority(t *testing.T) {
	files := 0
	for _, p := range modulePackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "isomorph/")
		if strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "internal/tools/") { // programs of their own
			continue
		}
		for _, f := range p.GoFiles {
			files++
			for _, use := range ambientUses(t, filepath.Join(p.Dir, f)) {
				if _, ok := exempt[name+"/"+use.what]; !ok {
					t.Errorf("%s: %s: take it from an option struct", use.where, use.what)
				}
			}
		}
	}
	if files < 20 {
		t.Fatalf("looked at only %d files", files)
	}
}

type use struct{ what, where string }

func ambientUses(t *testing.T, file string) []use {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	local := map[string]string{}
	for _, imp := range f.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		if ambient[path] == nil {
			continue
		}
		name := filepath.Base(path)
		if name == "v2" {
			name = "rand"
		}
		if imp.Name != nil {
			name = imp.Name.Name
		}
		local[name] = path
	}
	var found []use
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := sel.X.(*ast.Ident)
		if !ok || local[id.Name] == "" || id.Obj != nil {
			return true
		}
		for _, fn := range ambient[local[id.Name]] {
			if fn == "*" || fn == sel.Sel.Name {
				found = append(found, use{local[id.Name] + "." + sel.Sel.Name, fset.Position(sel.Pos()).String()})
			}
		}
		return true
	})
	return found
}
