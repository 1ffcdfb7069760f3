package settings_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/cli/settings"
)

func TestSet(t *testing.T) {
	v := settings.Values{"sandbox-paths": "/bin/sh=x"}
	for _, s := range []settings.Setting{
		{"build-cores", "3"}, {"extra-sandbox-paths", "/a /b"}, {"extra-build-sandbox-paths", "/c"}, {"gc-keep-derivations", "no"},
		{"sandbox", "relaxed"}, {"timeout", "7"}, {"max-jobs", "auto"}, {"extra-allowed-uris", "u:"},
	} {
		if err := v.Set(s.Name, s.Value); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
	want := settings.Values{"cores": "3", "sandbox-paths": "/bin/sh=x /a /b /c", "keep-derivations": "no", "sandbox": "relaxed",
		"timeout": "7", "max-jobs": "auto", "allowed-uris": "u:"}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if d, err := v.Seconds("timeout"); d != 7*time.Second || err != nil {
		t.Errorf("timeout: %v, %v", d, err)
	}
	if n, err := v.Number("max-jobs", 1, 9); n != 9 || err != nil {
		t.Errorf("max-jobs: %d, %v", n, err)
	}
	if v.Flag("keep-derivations", true) || !v.Flag("eval-cache", true) {
		t.Error("flags are wrong")
	}
}

func TestSize(t *testing.T) {
	for value, want := range map[string]int64{"0": 0, "1000": 1000, "2K": 2048, "512M": 512 << 20, "4G": 4 << 30, "1T": 1 << 40} {
		v := settings.Values{}
		if err := v.Set("max-eval-memory", value); err != nil || v.Size("max-eval-memory", -1) != want {
			t.Errorf("%s: got %d, %v, want %d", value, v.Size("max-eval-memory", -1), err, want)
		}
	}
	if got := (settings.Values{}).Size("max-eval-memory", 7); got != 7 {
		t.Errorf("not set: got %d, want 7", got)
	}
}

func TestSetRefuses(t *testing.T) {
	for _, s := range []struct{ name, value, want string }{
		{"keep-going", "maybe", "Boolean setting 'keep-going' has invalid value 'maybe'"},
		{"cores", "-1", "setting 'cores' has invalid value '-1'"},
		{"cores", "many", "setting 'cores' has invalid value 'many'"},
		{"sandbox", "loose", "option 'sandbox' has invalid value 'loose'"},
		{"max-eval-memory", "much", "setting 'max-eval-memory' has invalid value 'much': it is a number of bytes, such as 512M or 4G"},
		{"max-eval-memory", "-1", "setting 'max-eval-memory' has invalid value '-1': it is a number of bytes, such as 512M or 4G"},
		{"max-eval-memory", "", "setting 'max-eval-memory' has invalid value '': it is a number of bytes, such as 512M or 4G"},
		{"max-eval-memory", "9999999T", "setting 'max-eval-memory' has invalid value '9999999T': it is a number of bytes, such as 512M or 4G"},
		{"nonsense", "1", "unknown setting"},
		{"extra-cores", "1", "unknown setting"},
	} {
		if err := (settings.Values{}).Set(s.name, s.value); err == nil || err.Error() != s.want {
			t.Errorf("%s = %s: %v, want %s", s.name, s.value, err, s.want)
		}
	}
}

// world is a set of files.
type world map[string]string

func (w world) read(name string) ([]byte, error) {
	if text, ok := w[name]; ok {
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

func TestLoadInOrder(t *testing.T) {
	w := world{
		"/etc/nix/nix.conf":      "cores = 1 # of many\n\nextra-allowed-uris = a:\ninclude sub/more.conf\n!include absent.conf\nmystery = 1\n",
		"/etc/nix/sub/more.conf": "timeout = 1\nmax-silent-time = 1\n",
		"/home/weak.conf":        "timeout = 2\nextra-allowed-uris = b:  c:\n",
		"/home/strong.conf":      "timeout = 3\n",
	}
	var warned []string
	got, err := settings.Load(settings.Sources{
		ReadFile: w.read, System: "/etc/nix/nix.conf", User: []string{"/home/strong.conf", "/home/weak.conf", "/home/absent.conf"},
		Text: "max-silent-time = 4", Line: []settings.Setting{{"keep-going", "true"}, {"nonsense", "1"}},
		Warn: func(msg string) { warned = append(warned, msg) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Values{"cores": "1", "allowed-uris": "a: b: c:", "timeout": "3", "max-silent-time": "4", "keep-going": "true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"unknown setting 'mystery'", "unknown setting 'nonsense'"}, warned); diff != "" {
		t.Errorf("warnings (-want +got)\n%s", diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"cores=1":          "syntax error in configuration line 'cores=1' in '/nix.conf'",
		"cores":            "syntax error in configuration line 'cores' in '/nix.conf'",
		"include a b":      "syntax error in configuration line 'include a b' in '/nix.conf'",
		"include gone":     "file '/gone' included from '/nix.conf' not found",
		"include nix.conf": "more than 32 files deep",
		"keep-going = x":   "Boolean setting 'keep-going' has invalid value 'x', in '/nix.conf'",
	} {
		_, err := settings.Load(settings.Sources{ReadFile: world{"/nix.conf": text}.read, System: "/nix.conf"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	unreadable := func(string) ([]byte, error) { return nil, errors.New("broken disk") }
	if _, err := settings.Load(settings.Sources{ReadFile: unreadable, System: "/nix.conf"}); err == nil {
		t.Error("a file that cannot be read was passed over")
	}
}
