// Package archtest holds the rules that the source tree as a whole must keep:
// who may import whom, and who may look at the world.
package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rules is the architecture, lowest layer first: each package of the module
// with the packages of the module that it may import. A trailing "/..." stands
// for everything below. It is a statement of policy; a package that is not
// listed fails the test, so that a newcomer has to say where it belongs.
//
// In one line: formats <- language; formats <- store <- realise; and only
// pipeline (and the commands above it) knows more than one stage. So the
// evaluator never sees a store and the store never sees the language.
var rules = []struct {
	pkg  string
	may  []string
	note string
}{
	{"internal/nixbase32", nil, "a format"},
	{"internal/nixhash", []string{"internal/nixbase32"}, "a format"},
	{"internal/storepath", []string{"internal/nixbase32", "internal/nixhash"}, "a format"},
	{"internal/derivation", []string{"internal/nixbase32", "internal/nixhash", "internal/storepath"}, "a format"},
	{"internal/nar", []string{"internal/nixhash"}, "a format"},
	{"internal/treehash", []string{"internal/nar", "internal/nixhash"}, "trees to hashes, remembered"},
	{"internal/atomicfile", nil, "support"},
	{"internal/failpoint", nil, "support"},
	{"internal/lazyre", nil, "support, for all"},
	{"internal/unxz", nil, "xz streams in bounded memory"},
	{"internal/unpack", []string{"internal/unxz"}, "tar and zip to a directory"},
	{"internal/tools/...", []string{"internal/..."}, "for developers"},

	{"internal/flakeref", []string{"internal/nixhash"}, "flake references, as text and as attributes"},

	{"internal/input", []string{"internal/flakeref", "internal/nixhash", "internal/storepath"}, "what a tree to fetch is"},

	{"internal/nixlang/syntax", nil, "text to tree"},
	{"internal/nixlang/resolve", []string{"internal/nixlang/syntax"}, "names to slots"},
	{"internal/nixlang/gen", nil, "programs at random"},
	{"internal/nixlang/ere", nil, "POSIX regular expressions"},
	{"internal/nixlang/njson", nil, "JSON as Nix reads and writes it"},
	{"internal/nixlang/ntoml", nil, "TOML as Nix reads it"},
	{"internal/nixlang/eval", []string{"internal/nixlang/syntax", "internal/nixlang/resolve", "internal/storepath"}, "values"},
	{"internal/nixlang/builtins", []string{"internal/nixlang/...", "internal/flakeref", "internal/input", "internal/derivation", "internal/nixhash", "internal/nixbase32", "internal/storepath", "internal/nar"}, "asks the world through Host only"},

	{"internal/flake", []string{"internal/flakeref", "internal/nixhash", "internal/storepath", "internal/nixlang/eval", "internal/nixlang/builtins", "internal/nixlang/njson"}, "locks flakes and makes their values; fetches through its World"},

	{"internal/store", formats, "the interface"},
	{"internal/store/storetest", append([]string{"internal/store", "internal/nar"}, formats...), "the suite every store passes"},
	{"internal/store/localstore", append([]string{"internal/store", "internal/nar", "internal/atomicfile", "internal/failpoint"}, formats...), "never sees the language"},
	{"internal/fetch/netrc", nil, "a format"},
	{"internal/fetch", []string{"internal/nixhash"}, "bytes from the network, checked"},
	{"internal/gitrepo", []string{"internal/flakeref", "internal/nar"}, "git repositories, read without running them"},
	{"internal/fetchtree", append([]string{"internal/input", "internal/flakeref", "internal/gitrepo", "internal/fetch", "internal/unpack", "internal/store", "internal/atomicfile"}, formats...), "inputs into the store"},
	{"internal/build", append([]string{"internal/store"}, formats...), "the interface"},
	{"internal/build/sandbox", nil, "knows directories and arguments only"},
	{"internal/build/local", append([]string{"internal/build", "internal/build/sandbox", "internal/store", "internal/nar", "internal/fetch", "internal/unxz", "internal/failpoint"}, formats...), "one derivation"},
	{"internal/build/buildtest", append([]string{"internal/build/...", "internal/store/...", "internal/nar"}, formats...), "the suite every builder passes"},
	{"internal/realise", append([]string{"internal/build", "internal/store"}, formats...), "the graph"},

	{"internal/debian/...", []string{"internal/debian/...", "internal/unxz", "internal/nixhash", "internal/atomicfile"}, "archives and indexes; knows no Nix"},
	{"internal/channelfs", []string{"internal/debian/...", "internal/atomicfile", "internal/nixhash"}, "the embedded channel on disk"},
	{"internal/profile", []string{"internal/atomicfile"}, "generations of profiles"},
	{"internal/boot", nil, "images into QEMU"},
	{"internal/progress", nil, "what is going on, for a person"},
	{"internal/evalcache", append([]string{"internal/nixlang/builtins", "internal/input", "internal/atomicfile"}, formats...), "sees the world through builtins.Host and its own World"},
	{"internal/pipeline", []string{"internal/..."}, "the only package that knows more than one stage"},
	{"internal/cli", nil, "the world as a command sees it"},
	{"internal/cli/...", []string{"internal/...", "channel", "examples"}, "flags in, printing out"},
	{"channel", nil, "data"},
	{"examples", nil, "data"},
	{"cmd/isomorph", []string{"internal/...", "channel", "examples"}, "wiring"},
	{"internal/archtest", nil, "this"},
}

var formats = []string{"internal/nixbase32", "internal/nixhash", "internal/storepath", "internal/derivation"}

// sealed packages may be imported only by the ones named: the two halves that
// must never meet below pipeline.
var sealed = map[string][]string{
	"internal/pipeline": {"internal/cli/...", "internal/tools/...", "cmd/isomorph"},
}

type goPackage struct {
	ImportPath string
	GoFiles    []string
	Dir        string
	Imports    []string
}

func modulePackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,GoFiles,Dir,Imports", "isomorph/...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
	}
	return pattern == pkg
}

func anyMatch(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

func TestImportDirection(t *testing.T) {
	pkgs := modulePackages(t)
	if len(pkgs) < 10 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	for _, p := range pkgs {
		name := strings.TrimPrefix(p.ImportPath, "isomorph/")
		i := slices.IndexFunc(rules, func(r struct {
			pkg  string
			may  []string
			note string
		}) bool {
			return matches(r.pkg, name)
		})
		if i < 0 {
			t.Errorf("%s has no rule: say in this file where it stands", name)
			continue
		}
		for _, imp := range p.Imports {
			imp, ours := strings.CutPrefix(imp, "isomorph/")
			if !ours {
				continue
			}
			if !anyMatch(rules[i].may, imp) && imp != "internal/lazyre" {
				t.Errorf("%s (%s) imports %s", name, rules[i].note, imp)
			}
			if only, ok := sealed[imp]; ok && !anyMatch(only, name) {
				t.Errorf("%s imports %s, which only %v may", name, imp, only)
			}
		}
	}
}
