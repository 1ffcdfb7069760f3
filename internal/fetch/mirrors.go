package fetch

import (
	"strings"

	"isomorph/internal/lazyre"
)

// snapshot matches the beginning of an address in Debian's snapshot archive:
// which archive, when, and the path in it.
var snapshot = lazyre.New(`^https?://snapshot\.debian\.org/archive/(debian|debian-security)/[^/]+/(.+)$`)

// Candidates returns the addresses to ask for a file, best first, the address
// itself last. A file of snapshot.debian.org is at the same path below every
// Debian mirror as long as it is current; the hash in the recipe says whether
// it is the right one. A mirror whose last path element is "debian-security"
// serves that archive, every other one the main archive.
func Candidates(address string, mirrors []string) []string {
	m := snapshot.FindStringSubmatch(address)
	if m == nil {
		return []string{address}
	}
	var out []string
	seen := map[string]bool{}
	for _, base := range mirrors {
		base = strings.TrimRight(base, "/")
		security := strings.HasSuffix(base, "/debian-security")
		if security != (m[1] == "debian-security") || seen[base] {
			continue
		}
		seen[base] = true
		out = append(out, base+"/"+m[2])
	}
	return append(out, address)
}
