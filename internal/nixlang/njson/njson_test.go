package njson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"isomorph/internal/nixlang/njson"
)

// recorder writes the parts it is handed as compact JSON, and knows when there
// must be a comma.
type recorder struct {
	b     strings.Builder
	comma bool
}

func (r *recorder) item(s string) {
	if r.comma {
		r.b.WriteByte(',')
	}
	r.b.WriteString(s)
	r.comma = true
}
func (r *recorder) open(s string)   { r.item(s); r.comma = false }
func (r *recorder) close(s string)  { r.b.WriteString(s); r.comma = true }
func (r *recorder) Null()           { r.item("null") }
func (r *recorder) Bool(v bool)     { r.item(strconv.FormatBool(v)) }
func (r *recorder) Int(v int64)     { r.item(strconv.FormatInt(v, 10)) }
func (r *recorder) Float(v float64) { r.item(strconv.FormatFloat(v, 'e', -1, 64)) }
func (r *recorder) String(v string) { r.item(quote(v)) }
func (r *recorder) BeginArray()     { r.open("[") }
func (r *recorder) EndArray()       { r.close("]") }
func (r *recorder) BeginObject()    { r.open("{") }
func (r *recorder) Key(k string)    { r.item(quote(k) + ":"); r.comma = false }
func (r *recorder) EndObject()      { r.close("}") }

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func parse(s string) (string, error) {
	var r recorder
	err := njson.Parse(s, &r)
	return r.b.String(), err
}

var documents = []struct{ text, want string }{
	{` { "a" : [ 1 , -2 , 2.5 , 1E2 , true , false , null ] , "a" : { } , "" : [ ] } `, `{"a":[1,-2,2.5e+00,1e+02,true,false,null],"a":{},"":[]}`},
	{"\ufeff\"x\"", `"x"`},
	{`"\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\"`, `"é😀/\b\f\n\r\t\"\\"`},
	{"9223372036854775807", "9223372036854775807"},
	{"-9223372036854775808", "-9223372036854775808"},
	{"18446744073709551616", "1.8446744073709552e+19"},
	{"1e-400", "0e+00"},
	{"[[[[]]]]", "[[[[]]]]"},
}

func TestParse(t *testing.T) {
	for _, d := range documents {
		got, err := parse(d.text)
		if err != nil || got != d.want {
			t.Errorf("%s: got %s, %v, want %s", d.text, got, err, d.want)
		}
	}
}

// The texts of errors are tested with builtins.fromJSON, against Nix.
func TestErrorTypes(t *testing.T) {
	var syntax *njson.SyntaxError
	var value *njson.ValueError
	for _, s := range []string{"", "[", "{", "nul", "[1,]", `"\ud800"`, "\"\xff\"", "1e400", "\xef\xbb"} {
		if _, err := parse(s); !errors.As(err, &syntax) {
			t.Errorf("%q: got %v, want a SyntaxError", s, err)
		}
	}
	for _, s := range []string{"9223372036854775808", `"\u0000"`, `{"\u0000":1}`} {
		if _, err := parse(s); !errors.As(err, &value) {
			t.Errorf("%q: got %v, want a ValueError", s, err)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	const depth = 1_000_000
	got, err := parse(strings.Repeat("[", depth) + strings.Repeat("]", depth))
	if err != nil || len(got) != 2*depth {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := parse(strings.Repeat(`{"a":[`, depth)); err == nil {
		t.Error("unclosed brackets were accepted")
	}
}

// What is accepted is what the standard library accepts, and reading what was
// recorded gives the same again.
func FuzzJSON(f *testing.F) {
	seeds := 0
	for _, d := range documents {
		f.Add(d.text)
		seeds++
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.IndexByte(text, 0) >= 0 {
			return // ends the document, as in the C++ library; no Nix string has it
		}
		got, err := parse(text)
		if err != nil {
			var value *njson.ValueError
			if json.Valid([]byte(text)) && !errors.As(err, &value) && !mayDiffer(text) {
				t.Fatalf("%q is valid, but: %v", text, err)
			}
			return
		}
		if plain := strings.TrimPrefix(text, "\ufeff"); !json.Valid([]byte(plain)) {
			t.Fatalf("%q is not valid, but was read as %s", text, got)
		}
		again, err := parse(got)
		if err != nil || again != got {
			t.Fatalf("%s was read again as %s, %v", got, again, err)
		}
	})
}

// mayDiffer tells whether the standard library is more lenient with a text: it
// lets bad UTF-8 and lone surrogates pass, and does not look at exponents.
func mayDiffer(text string) bool {
	return strings.ToValidUTF8(text, "") != text || strings.Contains(text, `\u`) || strings.ContainsAny(text, "eE")
}

func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	text.WriteByte('[')
	for i := range 1000 {
		fmt.Fprintf(&text, `{"name":"package-%d","version":"1.%d","size":%d},`, i, i, i*1000)
	}
	text.WriteString("null]")
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := parse(text.String()); err != nil {
			b.Fatal(err)
		}
	}
}
