package ntoml_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"isomorph/internal/nixlang/ntoml"
)

// recorder writes the parts it is handed in the form of the Nix language.
type recorder struct{ b strings.Builder }

func (r *recorder) item(s string)   { r.b.WriteString(s + " ") }
func (r *recorder) Bool(v bool)     { r.item(strconv.FormatBool(v)) }
func (r *recorder) Int(v int64)     { r.item(strconv.FormatInt(v, 10)) }
func (r *recorder) Float(v float64) { r.item("f" + strconv.FormatFloat(v, 'g', -1, 64)) }
func (r *recorder) String(v string) { r.item(strconv.Quote(v)) }
func (r *recorder) Time(v string)   { r.item("t" + v) }
func (r *recorder) BeginArray()     { r.item("[") }
func (r *recorder) EndArray()       { r.item("]") }
func (r *recorder) BeginObject()    { r.item("{") }
func (r *recorder) Key(k string)    { r.item(strconv.Quote(k) + " =") }
func (r *recorder) EndObject()      { r.item("}") }

func parse(text string, times bool) (string, error) {
	d, err := ntoml.Parse(text)
	if err != nil {
		return "", err
	}
	var r recorder
	err = d.Walk(&r, times)
	return strings.TrimSpace(r.b.String()), err
}

// testdata/cases.json is a list of [document, first line of Nix's error or ""];
// C++ Nix 2.34.8 accepts and refuses exactly these.
func cases(t testing.TB) [][2]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c [][2]string
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	if len(c) < 60 {
		t.Fatalf("%d cases, want more", len(c))
	}
	return c
}

func TestAcceptsAndRefusesAsNix(t *testing.T) {
	for _, c := range cases(t) {
		got, err := parse(c[0], false)
		if (err == nil) != (c[1] == "") {
			t.Errorf("%q: got %s, %v, want error %q", c[0], got, err, c[1])
		}
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		"a = 1\nb.c = [1, 2.5, 'x', {d = true}]\n":                   `{ "a" = 1 "b" = { "c" = [ 1 f2.5 "x" { "d" = true } ] } }`,
		"[[h]]\ni = 0x1F\n[h.j]\nk=0o17\n[[h]]\ni = 0b11":            `{ "h" = [ { "i" = 31 "j" = { "k" = 15 } } { "i" = 3 } ] }`,
		"a = \"\"\"\n x\\\n   y\"\"\"\"\"\nb = '''\n'z''''":          `{ "a" = " xy\"\"" "b" = "'z'" }`,
		"a = inf\nb = -inf\nc = 1_0.0_1e-1_0":                        `{ "a" = f+Inf "b" = f-Inf "c" = f1.001e-09 }`,
		"a = 1979-05-27 07:32:00.1Z\nb = 00:32:00.1234567891":        `{ "a" = t1979-05-27T07:32:00.100Z "b" = t00:32:00.123456789 }`,
		"a = 1979-05-27t00:32:00.1234-07:00\nb = 1979-05-27 # x\r\n": `{ "a" = t1979-05-27T00:32:00.123400-07:00 "b" = t1979-05-27 }`,
	} {
		got, err := parse(text, true)
		if err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestDepth(t *testing.T) {
	deep := func(n int) string { return "a = " + strings.Repeat("[", n) + strings.Repeat("]", n) }
	if _, err := parse(deep(1000), false); err != nil {
		t.Error(err)
	}
	if _, err := parse("a"+strings.Repeat(".a", 9_999)+" = 1", false); err != nil {
		t.Error(err)
	}
	if _, err := parse("a"+strings.Repeat(".a", 10_000)+" = 1", false); err == nil || !strings.Contains(err.Error(), "10000 parts") {
		t.Errorf("got %v, want an error about the parts of the key", err)
	}
	for _, text := range []string{deep(1001), "a = " + strings.Repeat("[", 1_000_000), "a = " + strings.Repeat("{b=", 1_000_000)} {
		if _, err := parse(text, false); err == nil || !strings.Contains(err.Error(), "1000 deep") {
			t.Errorf("got %v, want an error about the depth", err)
		}
	}
}

// A document that is accepted is accepted by another reader, too.
func FuzzTOML(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(c[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parse(text, true)
		if err != nil {
			return
		}
		var other map[string]any
		if _, err := toml.Decode(text, &other); err != nil && !mayDiffer(text, err) {
			t.Errorf("%q was read as %s, but: %v", text, got, err)
		}
	})
}

// mayDiffer lets pass what the other reader is known to judge differently: a
// leading byte order mark, large years, seconds of 60, NUL, a header behind a value.
func mayDiffer(text string, err error) bool {
	if strings.Contains(err.Error(), "end with a newline") && strings.Contains(text, "[") {
		return true
	}
	return strings.HasPrefix(text, "\ufeff") || strings.ContainsAny(text, ":") || strings.Contains(text, `\u`) ||
		strings.Contains(text, `\U`) || strings.Contains(err.Error(), fmt.Sprint(math.MaxInt64)) || strings.Contains(err.Error(), "date")
}
