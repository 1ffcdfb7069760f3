package derivation_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"isomorph/internal/derivation"
	"isomorph/internal/storepath"
)

const dir = storepath.DefaultDir

// golden returns the .drv files that Nix wrote, by path; the archive's header
// says how they were made.
func golden(t testing.TB) map[storepath.Path][]byte {
	t.Helper()
	a, err := txtar.ParseFile("testdata/golden.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[storepath.Path][]byte{}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".drv") {
			files[storepath.Path(f.Name)] = bytes.TrimSuffix(f.Data, []byte("\n"))
		}
	}
	if len(files) < 5 {
		t.Fatalf("%d derivations in the archive, want 5", len(files))
	}
	return files
}

func parse(t testing.TB, p storepath.Path, b []byte) *derivation.Derivation {
	t.Helper()
	d, err := derivation.Parse(dir, strings.TrimSuffix(p.Name(), ".drv"), b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func goldenHasher(t testing.TB, files map[storepath.Path][]byte) *derivation.Hasher {
	return derivation.NewHasher(dir, func(p storepath.Path) (*derivation.Derivation, error) {
		b, ok := files[p]
		if !ok {
			return nil, errors.New("no such derivation")
		}
		return parse(t, p, b), nil
	})
}

func TestGoldenRoundTrip(t *testing.T) {
	files := golden(t)
	for p, text := range files {
		d := parse(t, p, text)
		if diff := cmp.Diff(string(text), string(d.Encode(dir))); diff != "" {
			t.Errorf("%s: encoded again (-want +got):\n%s", p, diff)
		}
		if got, err := d.Path(dir); err != nil || got != p {
			t.Errorf("path of %s's contents = %s, %v", p, got, err)
		}
	}
}

func TestGoldenOutputs(t *testing.T) {
	files := golden(t)
	h := goldenHasher(t, files)
	for p, text := range files {
		want := parse(t, p, text)
		if err := h.Check(p, want); err != nil {
			t.Errorf("Check of what Nix wrote: %v", err)
		}
		got := parse(t, p, text)
		for i := range got.Outputs {
			got.Outputs[i].Value.Path = ""
			got.Env.Delete(got.Outputs[i].Key)
		}
		if err := h.FillOutputs(got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: outputs filled in (-want +got):\n%s", p, diff)
		}
		path, err := h.Finish(got, func(f derivation.File) error {
			if diff := cmp.Diff(derivation.File{Text: text, References: want.References(), Path: p}, f); diff != "" {
				t.Errorf("%s: finished (-want +got):\n%s", p, diff)
			}
			return nil
		})
		if err != nil || path != p {
			t.Errorf("finished: %s, %v, want %s", path, err, p)
		}
	}
}

// A derivation that says something else than its contents give is refused,
// whichever part of it lies.
func TestCheckRefusesForgery(t *testing.T) {
	files := golden(t)
	var victim storepath.Path
	for p := range files {
		if p.Name() == "lib-1.0.drv" {
			victim = p
		}
	}
	other := storepath.Path("00000000000000000000000000000000-lib-1.0")
	tests := map[string]func(d *derivation.Derivation){
		"output path": func(d *derivation.Derivation) { d.Outputs.Set("out", derivation.Output{Path: other}) },
		"both": func(d *derivation.Derivation) {
			d.Outputs.Set("out", derivation.Output{Path: other})
			d.Env.Set("out", dir.Join(other))
		},
		"variable":         func(d *derivation.Derivation) { d.Env.Set("dev", dir.Join(other)) },
		"missing variable": func(d *derivation.Derivation) { d.Env.Delete("dev") },
		"builder":          func(d *derivation.Derivation) { d.Builder = "/bin/evil" },
		"input output": func(d *derivation.Derivation) {
			d.InputDrvs[0].Value = []string{"dev"}
		},
	}
	h := goldenHasher(t, files)
	for name, forge := range tests {
		d := parse(t, victim, files[victim])
		forge(d)
		p, err := d.Path(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Check(p, d); err == nil {
			t.Errorf("%s: forged derivation is accepted", name)
		}
		if err := h.Check(victim, d); !errors.Is(err, derivation.ErrInconsistent) {
			t.Errorf("%s: under the old path: error %v, want ErrInconsistent", name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const ok = `Derive([("out","/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n","","")],[],["/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-a","/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-b"],"x","b",["\n"],[("a",""),("b","")])`
	if _, err := derivation.Parse(dir, "n", []byte(ok)); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	tests := []struct{ old, new, want string }{
		{`("a",""),("b","")`, `("b",""),("a","")`, "out of order"},
		{`("a",""),("b","")`, `("a",""),("a","")`, "there twice"},
		{`hib-a`, `hib-c`, "out of order"},
		{`hib-a`, `hib-b`, "there twice"},
		{`\n`, "\n", "must be escaped"},
		{`\n`, `\x`, "not canonical"},
		{`\n`, "\\", "expected string"},
		{`)])`, `)]) `, "1 bytes after the end"},
		{`)])`, `),])`, "expected string"},
		{`)])`, ``, "expected string"},
		{`"x"`, `"x`, "expected string"},
		{`"",""`, `"sha256",""`, "wrong length"},
		{`"",""`, `"","00"`, "without an algorithm"},
		{`("out","/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n","","")`, ``, "at least one output"},
		{`("out","/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n"`, `("out",""`, "ca-derivations"},
		{`("out"`, `("o/t"`, "illegal character"},
		{`/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n`, `/nix/store/x/../ns6axn280m3ql7y8pmdplbnm15l40hib-n`, "not in the Nix store"},
		{`Derive(`, `DrvWithVersion("xp-dyn-drv",`, "dynamic-derivations"},
		{`[],[`, `[("/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n.drv",[])],[`, "specifies no outputs"},
		{`[],[`, `[("/nix/store/ns6axn280m3ql7y8pmdplbnm15l40hib-n",["out"])],[`, "not a valid derivation path"},
	}
	for _, test := range tests {
		text := strings.Replace(ok, test.old, test.new, 1)
		if text == ok {
			t.Errorf("%q is not in the control", test.old)
		}
		_, err := derivation.Parse(dir, "n", []byte(text))
		if !errors.Is(err, derivation.ErrFormat) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q for %q: error %v, want %q", test.new, test.old, err, test.want)
		}
	}
}

// A chain in which each derivation has several earlier ones as inputs takes
// exponential time unless hashes are remembered: none is asked for again.
func TestManyDerivations(t *testing.T) {
	h := derivation.NewHasher(dir, func(p storepath.Path) (*derivation.Derivation, error) {
		return nil, fmt.Errorf("%s is not remembered", p)
	})
	var made []storepath.Path
	for i := range 2000 {
		d := &derivation.Derivation{
			Name: fmt.Sprintf("d%d", i), System: "x", Builder: "b",
			Outputs: derivation.TableOf(map[string]derivation.Output{"out": {}, "dev": {}}),
			Env:     derivation.TableOf(map[string]string{"script": strings.Repeat("line\n", 200)}),
		}
		for _, p := range made[max(0, len(made)-10):] {
			d.InputDrvs.Set(p, []string{"dev", "out"})
		}
		p, err := h.Finish(d, func(derivation.File) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, p)
	}
}

func TestPlaceholder(t *testing.T) {
	// builtins.placeholder "out" in Nix 2.34.8
	if got, want := derivation.Placeholder("out"), "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"; got != want {
		t.Errorf("Placeholder = %s, want %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	files := golden(f)
	for _, p := range slices.Sorted(maps.Keys(files)) {
		f.Add(files[p])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := derivation.Parse(dir, "x", b)
		if err != nil {
			return
		}
		if got := d.Encode(dir); !bytes.Equal(got, b) {
			t.Errorf("%q is accepted but not canonical: %q", b, got)
		}
	})
}
