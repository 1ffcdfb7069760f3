package settings_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"isomorph/internal/cli/settings"
)

// FuzzLoad: no nix.conf brings the reader down, and the settings that one has,
// written again, are the same settings.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"cores = 1 # of many\n", "extra-allowed-uris = a: b:\nallowed-uris = c:\n", "include more.conf\n", "!include gone.conf\n", "include nix.conf\n",
		"keep-going = x", "max-eval-memory = 4G\nmax-call-depth = 5\r\n", "substituters =\n", "=\n= =\n", "a b c", "\t timeout\t=\t1 ", "experimental-features = nix-command flakes", "#", "\x00 = \xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		load := func(text string) (settings.Values, error) {
			w := world{"/nix.conf": text, "/more.conf": "timeout = 1\nextra-allowed-uris = m:\n"}
			return settings.Load(settings.Sources{ReadFile: w.read, System: "/nix.conf", Warn: func(string) {}})
		}
		got, err := load(text)
		if err != nil {
			if err.Error() == "" {
				t.Fatalf("%q: an error without a message", text)
			}
			return
		}
		var written strings.Builder
		for _, name := range slices.Sorted(maps.Keys(got)) {
			written.WriteString(name + " = " + got[name] + "\n")
		}
		again, err := load(written.String())
		if err != nil || !maps.Equal(got, again) {
			t.Errorf("%q has %q; written again it has %q, %v", text, got, again, err)
		}
	})
}
