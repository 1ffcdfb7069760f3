// Package release checks Debian's InRelease files: that the archive signed this
// file, that it is for the suite asked for, and that it is fresh.
//
// An InRelease file lists the SHA-256 of every index of a suite; each index
// lists the SHA-256 of every package. All trust in a mirror comes down to this
// one signature, and apt has been deceived here more than once
// (CVE-2013-1051, CVE-2016-1252, CVE-2019-3462). The rules kept:
//
//   - The file is one clearsigned message and nothing else: not a byte before
//     it, none after it, no second message, no escaped line. Debian's files
//     need none of these, and each was part of an attack.
//   - The signature is verified over the exact text (ProtonMail/go-crypto), by a
//     key that is trusted for this repository, with SHA-256 or stronger. The
//     message's own "Hash:" header is not believed.
//   - Only the text that was verified is parsed.
//   - Only SHA-256 sums count. MD5 and SHA-1 sums are not looked at.
//   - Date must be there, not more than 12 hours in the future, and not before
//     the date already locked; Valid-Until, if there, not past.
//
// Freshness is a question of the moment when a lock is made. A lock then pins
// the InRelease file by hash, and [Pinned] reads it back by that hash, so an
// image stays buildable after signatures and keys have expired.
package release

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"isomorph/internal/debian/deb822"
	"isomorph/internal/debian/index"
)

// MaxSize is the largest InRelease file accepted, in bytes.
const MaxSize = 10 << 20

// MaxFuture is how far a Release file's date may lie ahead of the clock: half a
// day of wrong time zone, as apt allows.
const MaxFuture = 12 * time.Hour

const (
	beginMessage   = "-----BEGIN PGP SIGNED MESSAGE-----\n"
	beginSignature = "-----BEGIN PGP SIGNATURE-----\n"
	endSignature   = "-----END PGP SIGNATURE-----\n"
)

// Policy is what a Release file must meet.
type Policy struct {
	Keys *Keyring
	// Suite is the code name or suite name that the file must carry.
	Suite string
	// Now is the time of the check.
	Now time.Time
	// NotBefore is the date of the Release file already in use; zero if there
	// is none. An older file is refused with *OlderError.
	NotBefore time.Time
}

// File is one index that a Release file lists.
type File struct {
	Path   string // below dists/<suite>/
	SHA256 string // 64 hexadecimal digits
	Size   int64  // bytes
}

// Release is a Release file that has been checked.
type Release struct {
	Suite      string
	Codename   string
	Version    string // of the distribution, "12.15"
	Date       time.Time
	ValidUntil time.Time // zero if the file has none
	ByHash     bool      // indexes can be had by the name of their hash
	Signer     string    // fingerprint of the primary key, "" for a pinned file
	SHA256     string    // of the InRelease file
	files      map[string]File
}

// File returns the entry of an index, for example
// "main/binary-amd64/Packages.xz".
func (r *Release) File(path string) (File, error) {
	f, ok := r.files[path]
	if !ok {
		return f, fmt.Errorf("the Release file of %s lists no SHA-256 for %s", r.Codename, path)
	}
	return f, nil
}

// OlderError is the error for a Release file older than the one in use: a
// mirror that lags, or one that replays an old state.
type OlderError struct{ Got, Have time.Time }

// Error gives both dates.
func (e *OlderError) Error() string {
	return fmt.Sprintf("it is dated %s, older than the %s already locked", e.Got.Format(time.RFC3339), e.Have.Format(time.RFC3339))
}

// Verify checks an InRelease file against the policy and returns its contents.
func Verify(inrelease []byte, p Policy) (*Release, error) {
	block, err := split(inrelease)
	if err != nil {
		return nil, err
	}
	signer, err := checkSignatures(block, p.Keys, p.Now)
	if err != nil {
		return nil, err
	}
	r, err := parse(block.Plaintext)
	if err != nil {
		return nil, err
	}
	r.Signer, r.SHA256 = signer, hexSum(inrelease)
	return r, r.check(p)
}

// Pinned reads an InRelease file that a lock pins: its hash stands for the
// signature and the freshness that were checked when the lock was made.
func Pinned(inrelease []byte, sum string) (*Release, error) {
	if got := hexSum(inrelease); got != sum {
		return nil, fmt.Errorf("InRelease has the SHA-256 %s, the lock pins %s", got, sum)
	}
	block, err := split(inrelease)
	if err != nil {
		return nil, err
	}
	r, err := parse(block.Plaintext)
	if err != nil {
		return nil, err
	}
	r.SHA256 = sum
	return r, nil
}

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// split takes the file apart and refuses every form that a plain signing of a
// Release file does not produce.
func split(b []byte) (*clearsign.Block, error) {
	switch {
	case len(b) > MaxSize:
		return nil, fmt.Errorf("InRelease is larger than %d bytes", MaxSize)
	case !bytes.HasPrefix(b, []byte(beginMessage)):
		return nil, errors.New("InRelease does not begin with a signed message (a page of a captive portal, perhaps)")
	case !bytes.HasSuffix(b, []byte("\n"+endSignature)):
		return nil, errors.New("InRelease does not end with its signature")
	case bytes.ContainsAny(b, "\r\x00"):
		return nil, errors.New("InRelease contains a carriage return or a zero byte")
	}
	inner := b[len(beginMessage) : len(b)-len(endSignature)]
	text, sig, ok := bytes.Cut(inner, []byte("\n"+beginSignature))
	if !ok {
		return nil, errors.New("InRelease has no signature")
	}
	if bytes.HasPrefix(text, []byte("-")) || bytes.Contains(text, []byte("\n-")) {
		return nil, errors.New("InRelease has a line that begins with a hyphen inside the signed text")
	}
	for _, line := range bytes.Split(sig, []byte("\n")) {
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("-")) || bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t")) {
			return nil, errors.New("InRelease has something else than one signature after the signed text")
		}
	}
	block, rest := clearsign.Decode(b)
	if block == nil || len(rest) != 0 {
		return nil, errors.New("InRelease is not a well-formed signed message")
	}
	return block, nil
}

// checkSignatures looks for one good signature by a trusted key and returns
// that key's fingerprint. Debian signs with several keys, of which a program
// may know only one; but a bad signature by a key that we know is an error
// whatever the others say.
func checkSignatures(block *clearsign.Block, keys *Keyring, now time.Time) (string, error) {
	sigs, err := readSignatures(block.ArmoredSignature.Body)
	if err != nil {
		return "", fmt.Errorf("signature of InRelease: %w", err)
	}
	var signer string
	var refused error
	for _, raw := range sigs {
		fp, err := checkSignature(block.Bytes, raw, keys, now)
		switch {
		case err == nil && fp != "" && signer == "":
			signer = fp
		case err != nil && isForged(err):
			return "", fmt.Errorf("signature of InRelease: %w", err)
		case err != nil:
			refused = err
		}
	}
	if signer != "" {
		return signer, nil
	}
	if refused != nil {
		return "", fmt.Errorf("signature of InRelease: %w", refused)
	}
	return "", errors.New("InRelease is not signed by a key that is trusted for this repository")
}

// errWeak and errUnusable are reasons to pass over one signature.
var (
	errWeak     = errors.New("uses a hash weaker than SHA-256")
	errUnusable = errors.New("is not a signature of a text")
)

// isForged tells a signature that does not fit from one that is only of no use
// (expired, revoked, weak).
func isForged(err error) bool {
	var e forgedError
	return errors.As(err, &e)
}

type forgedError struct{ err error }

func (e forgedError) Error() string { return e.err.Error() }

// maxSignatures bounds the work that a hostile file can ask for.
const maxSignatures = 16

// readSignatures splits the signature block into its packets, each serialised
// by itself.
func readSignatures(r io.Reader) ([]*signature, error) {
	var out []*signature
	packets := packet.NewReader(r)
	for {
		p, err := packets.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		sig, ok := p.(*packet.Signature)
		if !ok {
			return nil, errors.New("a packet that is not a signature")
		}
		var b bytes.Buffer
		if err := sig.Serialize(&b); err != nil {
			return nil, err
		}
		if len(out) == maxSignatures {
			return nil, fmt.Errorf("more than %d signatures", maxSignatures)
		}
		out = append(out, &signature{sig, b.Bytes()})
	}
}

type signature struct {
	packet *packet.Signature
	raw    []byte
}

// checkSignature returns the signer's fingerprint, "" and no error if the key
// is not known.
func checkSignature(text []byte, sig *signature, keys *Keyring, now time.Time) (string, error) {
	switch sig.packet.Hash {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
	default:
		return "", errWeak
	}
	if sig.packet.SigType != packet.SigTypeText || sig.packet.IssuerKeyId == nil {
		return "", errUnusable
	}
	if len(keys.keys.KeysByIdUsage(*sig.packet.IssuerKeyId, packet.KeyFlagSign)) == 0 {
		return "", nil
	}
	conf := &packet.Config{Time: func() time.Time { return now }}
	_, entity, err := openpgp.VerifyDetachedSignature(keys.keys, bytes.NewReader(text), bytes.NewReader(sig.raw), conf)
	if entity == nil && err != nil {
		return "", forgedError{err}
	}
	if err != nil {
		return "", err
	}
	if sig.packet.CreationTime.After(now.Add(MaxFuture)) {
		return "", fmt.Errorf("was made in the future, at %s", sig.packet.CreationTime.UTC().Format(time.RFC3339))
	}
	return fingerprint(entity), nil
}

// check holds the contents against the policy.
func (r *Release) check(p Policy) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("InRelease of %s: "+format, append([]any{p.Suite}, args...)...)
	}
	if r.Codename != p.Suite && r.Suite != p.Suite {
		return fail("it is for suite %q, code name %q", r.Suite, r.Codename)
	}
	if r.Date.After(p.Now.Add(MaxFuture)) {
		return fail("it is dated %s, in the future; is the clock right?", r.Date.Format(time.RFC3339))
	}
	if !r.ValidUntil.IsZero() && r.ValidUntil.Before(p.Now) {
		return fail("it was valid until %s; the mirror is out of date or someone replays an old state", r.ValidUntil.Format(time.RFC3339))
	}
	if r.Date.Before(p.NotBefore) {
		return fail("%w", &OlderError{Got: r.Date, Have: p.NotBefore})
	}
	return nil
}

// parse reads the signed text.
func parse(text []byte) (*Release, error) {
	d := deb822.NewReader(bytes.NewReader(text), deb822.Strict)
	s, err := d.Next()
	if err != nil {
		return nil, fmt.Errorf("Release file: %w", noEOF(err))
	}
	if _, err := d.Next(); err != io.EOF {
		return nil, errors.New("Release file: more than one stanza")
	}
	r := &Release{
		Suite:    s.Get("Suite"),
		Codename: s.Get("Codename"),
		Version:  s.Get("Version"),
		ByHash:   s.Get("Acquire-By-Hash") == "yes",
	}
	if origin := s.Get("Origin"); origin != "Debian" {
		return nil, fmt.Errorf("Release file: its origin is %q, not Debian", origin)
	}
	if r.Date, err = parseDate(s, "Date"); err != nil {
		return nil, err
	}
	if r.Date.IsZero() {
		return nil, errors.New("Release file: it has no date")
	}
	if r.ValidUntil, err = parseDate(s, "Valid-Until"); err != nil {
		return nil, err
	}
	r.files, err = parseFiles(s.Get("SHA256"))
	return r, err
}

// parseDate reads a date as Policy and apt define it: RFC 1123 in UTC, with or
// without a leading zero of the day.
func parseDate(s deb822.Stanza, field string) (time.Time, error) {
	v, ok := s.Lookup(field)
	if !ok {
		return time.Time{}, nil
	}
	for _, layout := range []string{"Mon, _2 Jan 2006 15:04:05", "Mon, 02 Jan 2006 15:04:05"} {
		for _, zone := range []string{" UTC", " GMT", " +0000"} {
			if body, ok := strings.CutSuffix(v, zone); ok {
				if t, err := time.Parse(layout, body); err == nil {
					return t.UTC(), nil
				}
			}
		}
	}
	return time.Time{}, fmt.Errorf("Release file: %s %q is not a date in UTC", field, v)
}

func parseFiles(list string) (map[string]File, error) {
	if list == "" {
		return nil, errors.New("Release file: it has no SHA256 sums (MD5 and SHA-1 are not accepted)")
	}
	files := map[string]File{}
	for _, line := range strings.Split(strings.TrimPrefix(list, "\n"), "\n") {
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("Release file: %q is not a line of SHA256 sums", line)
		}
		size, err := index.ParseSize(f[1])
		if err != nil {
			return nil, fmt.Errorf("Release file: %s: %w", f[2], err)
		}
		if err := index.CheckSHA256(f[0]); err != nil {
			return nil, fmt.Errorf("Release file: %s: %w", f[2], err)
		}
		if old, dup := files[f[2]]; dup && old.SHA256 != f[0] {
			return nil, fmt.Errorf("Release file: %s is listed twice", f[2])
		}
		files[f[2]] = File{Path: f[2], SHA256: f[0], Size: size}
	}
	return files, nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
