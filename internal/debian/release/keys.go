package release

import (
	"bytes"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
)

//go:embed keys/*.gpg
var keyFiles embed.FS

// archiveKeys lists, for each repository, the key files and the fingerprints
// that they must have. The main archive's keys count for nothing in the
// security archive and the other way round.
var archiveKeys = []struct{ repository, file, fingerprint string }{
	{"debian", "bookworm-automatic.gpg", "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"},
	{"debian", "bookworm-stable.gpg", "4D64FEC119C2029067D6E791F8D2585B8783D481"},
	{"debian", "trixie-automatic.gpg", "04B54C3CDCA79751B16BC6B5225629DF75B188BD"},
	{"debian", "trixie-stable.gpg", "41587F7DB8C774BCCF131416762F67A0B2C39DE4"},
	{"debian-security", "bookworm-security-automatic.gpg", "05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0"},
	{"debian-security", "trixie-security-automatic.gpg", "5E04A1E3223A19A20706E20F9904613D4CCE68C6"},
}

// Keyring is a set of keys that may sign a repository.
type Keyring struct{ keys openpgp.EntityList }

// NewKeyring returns a keyring of the given keys.
func NewKeyring(keys openpgp.EntityList) *Keyring { return &Keyring{keys} }

// ArchiveKeys returns Debian's own keys for a repository ("debian" or
// "debian-security"), which are built into the program.
func ArchiveKeys(repository string) (*Keyring, error) {
	ring := &Keyring{}
	for _, k := range archiveKeys {
		if k.repository != repository {
			continue
		}
		b, err := keyFiles.ReadFile("keys/" + k.file)
		if err != nil {
			return nil, err
		}
		list, err := openpgp.ReadKeyRing(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("built-in key %s: %w", k.file, err)
		}
		if len(list) != 1 || fingerprint(list[0]) != k.fingerprint {
			return nil, fmt.Errorf("built-in key %s has not the fingerprint %s", k.file, k.fingerprint)
		}
		ring.keys = append(ring.keys, list...)
	}
	if len(ring.keys) == 0 {
		return nil, fmt.Errorf("no keys for a repository called %q (known: debian, debian-security)", repository)
	}
	return ring, nil
}

// fingerprint is the primary key's, in upper-case hexadecimal.
func fingerprint(e *openpgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(e.PrimaryKey.Fingerprint))
}
