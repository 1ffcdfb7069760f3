package evalcache

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// formatVersion changes with the form or the meaning of records.
const formatVersion = "3"

// header is how a record's file begins; the key and the lists of the record
// follow, and in the end the SHA-256 of all before.
const header = "isomorph evaluation " + formatVersion + "\n"

// encode returns the contents of the record's file.
func (rec *Record) encode(k Key) []byte {
	w := &writer{}
	w.b = append(w.b, header...)
	w.b = append(w.b, k[:]...)
	list(w, rec.Vars, func(v *Var) { w.text(v.Name); w.text(v.Value) })
	last := ""
	list(w, rec.Files, func(f *File) { w.file(f, last); last = f.Path })
	list(w, rec.Trees, w.tree)
	list(w, rec.Downloads, func(d *Download) { w.text(d.URL); w.text(d.Name); w.flag(d.Unpack); w.path(&d.Path) })
	list(w, rec.Inputs, func(i *Input) { w.text(i.Attrs); w.text(i.Locked); w.path(&i.Path) })
	list(w, rec.Objects, func(o *Object) { w.path(&o.Path); w.sum(&o.ID) })
	list(w, rec.Absent, w.path)
	list(w, rec.Made, w.path)
	list(w, rec.Messages, func(m *Message) { w.byte(byte(m.Kind)); w.text(m.Text) })
	list(w, rec.Answers, w.answer)
	end := sha256.Sum256(w.b)
	return append(w.b, end[:]...)
}

// decode reads the contents of a record's file.
func decode(k Key, b []byte) (*Record, error) {
	body := len(b) - sha256.Size
	if body < len(header)+len(k) || string(b[:len(header)]) != header || !bytes.Equal(b[len(header):len(header)+len(k)], k[:]) {
		return nil, errCorrupt
	}
	if end := sha256.Sum256(b[:body]); !bytes.Equal(end[:], b[body:]) {
		return nil, errCorrupt
	}
	r := &reader{b: b[len(header)+len(k) : body]}
	rec := &Record{}
	rec.Vars = readList(r, func(v *Var) { v.Name, v.Value = r.text(), r.text() })
	last := ""
	rec.Files = readList(r, func(f *File) { r.file(f, last); last = f.Path })
	rec.Trees = readList(r, r.tree)
	rec.Downloads = readList(r, func(d *Download) { d.URL, d.Name, d.Unpack = r.text(), r.text(), r.flag(); r.path(&d.Path) })
	rec.Inputs = readList(r, func(i *Input) { i.Attrs, i.Locked = r.text(), r.text(); r.path(&i.Path) })
	rec.Objects = readList(r, func(o *Object) { r.path(&o.Path); o.ID = r.sum() })
	rec.Absent = readList(r, r.path)
	rec.Made = readList(r, r.path)
	rec.Messages = readList(r, func(m *Message) { m.Kind, m.Text = MessageKind(r.below(byte(messageKinds))), r.text() })
	rec.Answers = readList(r, r.answer)
	if r.bad || len(r.b) > 0 {
		return nil, errCorrupt
	}
	return rec, nil
}

func (w *writer) path(p *storepath.Path) { w.text(string(*p)) }

func (r *reader) path(p *storepath.Path) {
	q, err := storepath.ParseBase(r.text())
	if err != nil {
		r.fail()
		return
	}
	*p = q
}

func (w *writer) fingerprint(f *Fingerprint) {
	w.number(f.Dev)
	w.number(f.Ino)
	w.number(f.Size)
	w.number(uint64(f.Mode))
	w.signed(f.Mtime)
	w.signed(f.Ctime)
}

func (r *reader) fingerprint(f *Fingerprint) {
	f.Dev, f.Ino, f.Size, f.Mode = r.number(), r.number(), r.number(), uint32(r.number())
	f.Mtime, f.Ctime = r.signed(), r.signed()
}

// file writes a path as the part that it shares with the one before, and the
// rest: most lie close together.
func (w *writer) file(f *File, last string) {
	shared := commonPrefix(f.Path, last)
	w.number(uint64(shared))
	w.text(f.Path[shared:])
	w.byte(byte(f.Self))
	if f.Self == SelfLink {
		w.text(f.Target)
	}
	w.byte(byte(f.End))
	if f.End == EndFile || f.End == EndDirectory {
		w.fingerprint(&f.Fingerprint)
		w.flag(f.Sure)
		w.sum(&f.Sum)
	}
}

func (r *reader) file(f *File, last string) {
	shared := r.number()
	if shared > uint64(len(last)) {
		r.fail()
		return
	}
	f.Path = last[:shared] + r.text()
	if !strings.HasPrefix(f.Path, "/") {
		r.fail()
	}
	f.Self = Self(r.below(byte(selfKinds)))
	if f.Self == SelfLink {
		f.Target = r.text()
	}
	f.End = End(r.below(byte(endKinds)))
	if f.End == EndFile || f.End == EndDirectory {
		r.fingerprint(&f.Fingerprint)
		f.Sure = r.flag()
		f.Sum = r.sum()
	}
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func (w *writer) tree(t *Tree) {
	w.text(t.Path)
	w.text(t.Name)
	w.flag(t.Flat)
	list(w, t.References, w.path)
	list(w, t.Rejected, func(r *Rejected) { w.text(r.Path); w.text(string(r.Kind)) })
	w.path(&t.Result)
	w.fingerprint(&t.Fingerprint)
	w.flag(t.Sure)
}

func (r *reader) tree(t *Tree) {
	t.Path, t.Name, t.Flat = r.text(), r.text(), r.flag()
	t.References = readList(r, r.path)
	t.Rejected = readList(r, func(x *Rejected) { x.Path, x.Kind = r.text(), builtins.FileKind(r.text()) })
	r.path(&t.Result)
	r.fingerprint(&t.Fingerprint)
	t.Sure = r.flag()
}

func (w *writer) answer(a *Answer) {
	w.text(a.Text)
	list(w, a.Derivations, func(d *Derivation) { w.path(&d.Path); w.text(d.Name); w.text(d.Output) })
}

func (r *reader) answer(a *Answer) {
	a.Text = r.text()
	a.Derivations = readList(r, func(d *Derivation) { r.path(&d.Path); d.Name, d.Output = r.text(), r.text() })
}
