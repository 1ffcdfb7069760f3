package release_test

import (
	"bytes"
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"isomorph/internal/debian/release"
)

// now is the time of the checks; files are signed and dated an hour before.
var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const body = `Origin: Debian
Label: Debian
Suite: stable
Version: 12.15
Codename: bookworm
Date: Sat, 01 Aug 2026 11:00:00 UTC
Acquire-By-Hash: yes
MD5Sum:
 d41d8cd98f00b204e9800998ecf8427e 0 main/binary-amd64/Release
SHA256:
 ` + sum + ` 1234 main/binary-amd64/Packages.xz
 ` + sum + `   99 main/source/Sources.xz
`

func at(t time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return t }, Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA256}
}

func newKey(t testing.TB, conf *packet.Config) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("archive", "", "archive@example.org", conf)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// world is the keys of a test.
type world struct {
	good, second, stranger, expired, revoked *openpgp.Entity
	rsa                                      *openpgp.Entity // can sign with weak hashes
	ring                                     *release.Keyring
}

func newWorld(t testing.TB) *world {
	t.Helper()
	lastYear := at(now.AddDate(-1, 0, 0))
	short := at(now.AddDate(-1, 0, 0))
	short.KeyLifetimeSecs = 3600
	w := &world{good: newKey(t, lastYear), second: newKey(t, lastYear), stranger: newKey(t, lastYear), expired: newKey(t, short), revoked: newKey(t, lastYear)}
	rsa := at(now.AddDate(-1, 0, 0))
	rsa.Algorithm, rsa.RSABits = packet.PubKeyAlgoRSA, 2048
	w.rsa = newKey(t, rsa)
	if err := w.revoked.RevokeKey(packet.KeyCompromised, "stolen", lastYear); err != nil {
		t.Fatal(err)
	}
	w.ring = release.NewKeyring(openpgp.EntityList{w.good, w.second, w.expired, w.revoked, w.rsa})
	return w
}

// sign makes an InRelease file as apt-ftparchive and gpg do.
func sign(t testing.TB, text string, conf *packet.Config, keys ...*openpgp.Entity) []byte {
	t.Helper()
	var private []*packet.PrivateKey
	for _, k := range keys {
		private = append(private, k.PrivateKey)
	}
	var b bytes.Buffer
	w, err := clearsign.EncodeMulti(&b, private, conf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(strings.TrimSuffix(text, "\n"))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

func (w *world) sign(t testing.TB, text string, keys ...*openpgp.Entity) []byte {
	if len(keys) == 0 {
		keys = []*openpgp.Entity{w.good}
	}
	return sign(t, text, at(now.Add(-time.Hour)), keys...)
}

func (w *world) policy() release.Policy {
	return release.Policy{Keys: w.ring, Suite: "bookworm", Now: now}
}

func TestGood(t *testing.T) {
	w := newWorld(t)
	cases := map[string][]byte{
		"one signature":         w.sign(t, body),
		"two keys that we know": w.sign(t, body, w.good, w.second),
		"a stranger too":        w.sign(t, body, w.stranger, w.good),
		"an expired key too":    w.sign(t, body, w.expired, w.good),
		"valid until later":     w.sign(t, body+"Valid-Until: Sat, 08 Aug 2026 11:00:00 UTC\n"),
		"one-digit day":         w.sign(t, replace(body, "Sat, 01 Aug", "Sat, 1 Aug")),
		"zone as a number":      w.sign(t, replace(body, "11:00:00 UTC", "11:00:00 +0000")),
		"a clock that is late":  w.sign(t, replace(body, "01 Aug 2026 11:00:00", "01 Aug 2026 23:30:00")),
		"no sums but SHA256":    w.sign(t, replace(body, "MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 main/binary-amd64/Release\n", "")),
		"SHA512 signature":      sign(t, body, hashed(crypto.SHA512), w.good),
	}
	for name, in := range cases {
		r, err := release.Verify(in, w.policy())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f, err := r.File("main/binary-amd64/Packages.xz")
		if err != nil || f.Size != 1234 || f.SHA256 != sum || r.Codename != "bookworm" || !r.ByHash || r.Signer == "" {
			t.Errorf("%s: got %+v, %+v, %v", name, r, f, err)
		}
	}
}

func hashed(h crypto.Hash) *packet.Config {
	c := at(now.Add(-time.Hour))
	c.DefaultHash = h
	return c
}

func replace(s, old, new string) string {
	if !strings.Contains(s, old) {
		panic("nothing to replace: " + old)
	}
	return strings.Replace(s, old, new, 1)
}

func edit(b []byte, old, new string) []byte { return []byte(replace(string(b), old, new)) }

// armored returns a signature of the text in the given form, for files put
// together by hand.
func armored(t *testing.T, text string, e *openpgp.Entity, textMode bool) string {
	t.Helper()
	var b bytes.Buffer
	signer := openpgp.ArmoredDetachSign
	if textMode {
		signer = openpgp.ArmoredDetachSignText
	}
	if err := signer(&b, e, strings.NewReader(text), at(now.Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// crlf is the text as a signature of type text sees it.
func crlf(s string) string { return strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\r\n") }

// weak signs with a hash that the library would not choose, under a header of
// the caller's choice.
func weak(t *testing.T, e *openpgp.Entity, h crypto.Hash, header string) []byte {
	t.Helper()
	sig := &packet.Signature{Version: 4, SigType: packet.SigTypeText, PubKeyAlgo: e.PrivateKey.PubKeyAlgo, Hash: h,
		CreationTime: now.Add(-time.Hour), IssuerKeyId: &e.PrivateKey.KeyId}
	sum := h.New()
	sum.Write([]byte(crlf(body)))
	if err := sig.Sign(sum, e.PrivateKey, at(now)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := armor.Encode(&out, "PGP SIGNATURE", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sig.Serialize(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(replace(head, "SHA256", header) + body + out.String() + "\n")
}

const head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"

func TestBad(t *testing.T) {
	w := newWorld(t)
	good := w.sign(t, body)
	sigStart := bytes.Index(good, []byte("-----BEGIN PGP SIGNATURE-----"))
	text, signature := string(good[:sigStart]), string(good[sigStart:])
	other := replace(body, "12.15", "12.16")
	cases := map[string]struct {
		in   []byte
		want string // part of the error
	}{
		// The frame: apt bugs 784473, CVE-2013-1051, CVE-2016-1252, CVE-2019-3462.
		"empty":                       {nil, "does not begin"},
		"a web page":                  {[]byte("<html>log in</html>"), "does not begin"},
		"unsigned":                    {[]byte(body), "does not begin"},
		"text before":                 {append([]byte("Origin: evil\n"), good...), "does not begin"},
		"a blank line before":         {append([]byte("\n"), good...), "does not begin"},
		"text after":                  {append(bytes.Clone(good), "Origin: evil\n"...), "does not end"},
		"a blank line after":          {append(bytes.Clone(good), '\n'), "does not end"},
		"two messages":                {append(bytes.Clone(good), good...), "something else"},
		"message in the signature":    {edit(good, "-----END PGP SIGNATURE-----", "-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n-----END PGP SIGNATURE-----"), "something else"},
		"two signature blocks":        {append(bytes.Clone(good), signature...), "something else"},
		"text between":                {[]byte(text + "\nOrigin: evil\n" + signature), "signature"},
		"no signature":                {[]byte(text + "-----END PGP SIGNATURE-----\n"), "no signature"},
		"empty signature":             {[]byte(text + "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"), ""},
		"cut off":                     {good[:len(good)-40], "does not end"},
		"cut in the text":             {good[:200], "does not end"},
		"dash escape":                 {w.sign(t, body+"-evil: x\n"), "hyphen"},
		"dash escape added":           {edit(good, "Origin:", "- Origin:"), "hyphen"},
		"carriage returns":            {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), "does not begin"},
		"one carriage return":         {edit(good, "Label: Debian\n", "Label: Debian\r\n"), "carriage return"},
		"zero byte":                   {edit(good, "Label: Debian", "Label: Deb\x00ian"), "zero byte"},
		"other armor header":          {edit(good, "Hash: SHA256", "Comment: x"), "well-formed"},
		"control in the armor header": {edit(good, "Hash: SHA256", "Hash: SHA256\x0bx"), "well-formed"},
		"blanks in the header line":   {edit(good, "MESSAGE-----\n", "MESSAGE----- \n"), "does not begin"},
		"blank before the marker":     {edit(good, "-----BEGIN PGP SIGNATURE", " -----BEGIN PGP SIGNATURE"), "no signature"},
		"blank after the marker":      {edit(good, "SIGNATURE-----\n", "SIGNATURE----- \n"), "no signature"},
		"damaged base64":              {edit(good, "-----BEGIN PGP SIGNATURE-----\n\n", "-----BEGIN PGP SIGNATURE-----\n\n!"), ""},
		"too big":                     {append([]byte(head), bytes.Repeat([]byte("x"), release.MaxSize)...), "larger"},
		// The signature.
		"text changed":       {edit(good, "12.15", "12.16"), "signature"},
		"hash changed":       {edit(good, sum, strings.Repeat("a", 64)), "signature"},
		"field added":        {edit(good, "Label: Debian\n", "Label: Debian\nX: y\n"), "signature"},
		"other text's":       {[]byte(head + body + armored(t, crlf(other), w.good, true)), "signature"},
		"unknown key":        {w.sign(t, body, w.stranger), "not signed by a key"},
		"expired key":        {w.sign(t, body, w.expired), "expired"},
		"revoked key":        {w.sign(t, body, w.revoked), "revoked"},
		"binary signature":   {[]byte(head + body + armored(t, crlf(body), w.good, false)), "text"},
		"SHA-224 signature":  {weak(t, w.rsa, crypto.SHA224, "SHA224"), "weaker"},
		"hash header lies":   {weak(t, w.rsa, crypto.SHA224, "SHA512"), "weaker"},
		"made in the future": {sign(t, body, at(now.Add(48*time.Hour)), w.good), ""},
		"good and forged":    {[]byte(head + body + join(t, armored(t, crlf(body), w.second, true), armored(t, crlf(other), w.good, true))), "signature"},
		// Dates.
		"no date":              {w.sign(t, replace(body, "Date: Sat, 01 Aug 2026 11:00:00 UTC\n", "")), "no date"},
		"date in the future":   {w.sign(t, replace(body, "01 Aug 2026", "02 Aug 2026")), "future"},
		"local time":           {w.sign(t, replace(body, "11:00:00 UTC", "11:00:00 CEST")), "not a date"},
		"nonsense date":        {w.sign(t, replace(body, "01 Aug 2026", "31 Feb 2026")), "not a date"},
		"no longer valid":      {w.sign(t, body+"Valid-Until: Sat, 01 Aug 2026 11:59:59 UTC\n"), "valid until"},
		"nonsense valid-until": {w.sign(t, body+"Valid-Until: later\n"), "not a date"},
		"date twice":           {w.sign(t, body+"Date: Sat, 01 Aug 2026 10:00:00 UTC\n"), "twice"},
		// Identity.
		"other suite":  {w.sign(t, replace(replace(body, "bookworm", "trixie"), "Suite: stable", "Suite: testing")), "is for suite"},
		"no suite":     {w.sign(t, replace(replace(body, "Codename: bookworm\n", ""), "Suite: stable\n", "")), "is for suite"},
		"other origin": {w.sign(t, replace(body, "Origin: Debian", "Origin: Evil")), "origin"},
		"no origin":    {w.sign(t, replace(body, "Origin: Debian\n", "")), "origin"},
		// Contents.
		"MD5 only":        {w.sign(t, replace(body, "SHA256:", "SHA1:")), "no SHA256"},
		"short hash":      {w.sign(t, replace(body, sum, "abcd")), "SHA-256"},
		"MD5 as SHA256":   {w.sign(t, replace(body, sum, "d41d8cd98f00b204e9800998ecf8427e")), "SHA-256"},
		"negative size":   {w.sign(t, replace(body, " 1234 ", " -1 ")), "size"},
		"a column more":   {w.sign(t, replace(body, "1234", "1234 x")), "line of SHA256"},
		"listed twice":    {w.sign(t, body+" "+strings.Repeat("b", 64)+" 5 main/source/Sources.xz\n"), "twice"},
		"a second stanza": {w.sign(t, replace(body, "MD5Sum:", "\nMD5Sum:")), "stanza"},
		"no stanza":       {w.sign(t, ""), ""},
		"not a field":     {w.sign(t, replace(body, "Label: Debian", "Label Debian")), "colon"},
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	for name, c := range cases {
		r, err := release.Verify(c.in, w.policy())
		if err == nil {
			t.Errorf("%s: accepted: %+v", name, r)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %q, want %q in it", name, err, c.want)
		}
	}
}

// join puts the signatures of two armored blocks into one.
func join(t *testing.T, blocks ...string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, "PGP SIGNATURE", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		block, err := armor.Decode(strings.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bytesFrom(block, w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

func bytesFrom(block *armor.Block, w interface{ Write([]byte) (int, error) }) (int64, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(block.Body); err != nil {
		return 0, err
	}
	n, err := w.Write(b.Bytes())
	return int64(n), err
}

// TestHandMade is the control for the cases that are put together by hand: with
// nothing wrong they are accepted.
func TestHandMade(t *testing.T) {
	w := newWorld(t)
	for name, sig := range map[string]string{
		"one": armored(t, crlf(body), w.good, true),
		"RSA": string(weak(t, w.rsa, crypto.SHA256, "SHA256")[len(head+body):]),
		"two": join(t, armored(t, crlf(body), w.second, true), armored(t, crlf(body), w.good, true)),
	} {
		if _, err := release.Verify([]byte(head+body+sig), w.policy()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDowngrade(t *testing.T) {
	w := newWorld(t)
	in := w.sign(t, body)
	p := w.policy()
	p.NotBefore = time.Date(2026, 8, 1, 11, 0, 0, 0, time.UTC) // its own date
	if _, err := release.Verify(in, p); err != nil {
		t.Errorf("the same file again: %v", err)
	}
	p.NotBefore = p.NotBefore.Add(time.Second)
	var older *release.OlderError
	if _, err := release.Verify(in, p); !errors.As(err, &older) {
		t.Errorf("an older file: %v", err)
	}
}

// TestOtherRepository: a key that is good for one archive says nothing about
// another.
func TestOtherRepository(t *testing.T) {
	w := newWorld(t)
	p := w.policy()
	p.Keys = release.NewKeyring(openpgp.EntityList{w.second})
	if _, err := release.Verify(w.sign(t, body), p); err == nil {
		t.Error("accepted")
	}
	main, err := release.ArchiveKeys("debian")
	if err != nil {
		t.Fatal(err)
	}
	p.Keys = main
	if _, err := release.Verify(w.sign(t, body), p); err == nil {
		t.Error("accepted a key that is not Debian's")
	}
	if _, err := release.ArchiveKeys("debian-security"); err != nil {
		t.Error(err)
	}
	if _, err := release.ArchiveKeys("elsewhere"); err == nil {
		t.Error("an unknown repository has keys")
	}
}

// TestPinned: a pinned file needs no fresh signature, but these very bytes.
func TestPinned(t *testing.T) {
	w := newWorld(t)
	in := w.sign(t, body+"Valid-Until: Sat, 01 Aug 2020 11:00:00 UTC\n", w.expired)
	p := w.policy()
	if _, err := release.Verify(in, p); err == nil {
		t.Fatal("the control was accepted")
	}
	sum := sha256Hex(in)
	r, err := release.Pinned(in, sum)
	if err != nil || r.Codename != "bookworm" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := release.Pinned(append(in, '\n'), sum); err == nil {
		t.Error("changed bytes were accepted")
	}
}

func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	seeds := [][]byte{w.sign(f, body), w.sign(f, body, w.good, w.stranger), []byte(head + body), []byte(body), nil}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := release.Verify(in, w.policy())
		if err != nil {
			return
		}
		// Only the signed text can have been accepted.
		if f, err := r.File("main/binary-amd64/Packages.xz"); err != nil || f.SHA256 != sum {
			t.Fatalf("accepted %q", in)
		}
	})
}
