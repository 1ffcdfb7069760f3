package archive

import (
	"slices"
	"strings"
	"time"
)

// Repositories are the names of the archives we know.
func Repositories() []string { return []string{"debian", "debian-security"} }

// Places returns the base URLs to try for each repository, in order: the
// mirrors that the user names, those that the machine's apt uses, and
// snapshot.debian.org as of now.
//
// A mirror that the user names is the URL of a "debian" archive; that of
// "debian-security" is expected beside it, as on Debian's own hosts. A URL that
// ends in "debian-security" is for that archive alone.
func Places(named []string, apt map[string][]string, now time.Time) map[string][]string {
	out := map[string][]string{}
	add := func(name, base string) {
		if !slices.Contains(out[name], base) {
			out[name] = append(out[name], base)
		}
	}
	for _, base := range named {
		base = strings.TrimRight(base, "/")
		parent, isSecurity := strings.CutSuffix(base, "/debian-security")
		if isSecurity {
			add("debian-security", base)
			continue
		}
		add("debian", base)
		if parent, ok := strings.CutSuffix(parent, "/debian"); ok {
			add("debian-security", parent+"/debian-security")
		}
	}
	stamp := now.UTC().Format("20060102T150405Z")
	for _, name := range Repositories() {
		for _, base := range apt[name] {
			add(name, base)
		}
		add(name, "https://snapshot.debian.org/archive/"+name+"/"+stamp)
	}
	return out
}
