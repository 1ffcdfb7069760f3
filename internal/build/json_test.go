package build

import (
	"reflect"
	"testing"
)

func FuzzJSON(f *testing.F) {
	seeds := []string{`{}`, `{"a":[1,2.5,-0,1e30,null,true,"x"]}`, `{"é":"\u2028\u0001\"\\\/"}`, `{"a":{"b":{"c":[]}}}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := parseAttrs(s)
		if err != nil {
			return
		}
		b, err := appendJSON(nil, v)
		if err != nil {
			t.Fatalf("%q was read but not written: %v", s, err)
		}
		w, err := parseAttrs(string(b))
		if err != nil || !reflect.DeepEqual(v, w) {
			t.Errorf("%q became %q (%v)", s, b, err)
		}
		_ = shellText(v)
	})
}

func TestDeepJSONIsRefused(t *testing.T) {
	deep := make([]byte, 0, 2_000_010)
	deep = append(deep, `{"a":`...)
	for range 1_000_000 {
		deep = append(deep, '[')
	}
	if _, err := parseAttrs(string(deep)); err != errTooDeep {
		t.Errorf("got %v", err)
	}
}

func TestShellNumbers(t *testing.T) {
	for n, want := range map[string]string{"1": "1", "-5": "-5", "2.0": "2", "9999999999": "1410065407", "1e30": "-2147483648", "1.5": ""} {
		v, err := parseAttrs(`{"n":` + n + `}`)
		if err != nil {
			t.Fatal(err)
		}
		got := shellText(v)
		if want != "" {
			want = "declare n=" + want + "\n"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", n, got, want)
		}
	}
}
