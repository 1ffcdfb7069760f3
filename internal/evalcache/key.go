package evalcache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Key stands for everything that decides about an evaluation apart from the
// state of the world: the engine, the settings, the expressions.
type Key [sha256.Size]byte

// String is the name of the record's file.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// KeyBuilder makes a key from named values.
type KeyBuilder struct{ h hash.Hash }

// NewKey begins a key with the version of the record format.
func NewKey() *KeyBuilder {
	b := &KeyBuilder{sha256.New()}
	b.Add("format", formatVersion)
	return b
}

// Add adds values under a name. Each has its length in front and their number
// is part of the key, so that no two lists of values look alike.
func (b *KeyBuilder) Add(name string, values ...string) {
	b.text(name)
	b.number(len(values))
	for _, v := range values {
		b.text(v)
	}
}

// Flag adds a value that is true or false.
func (b *KeyBuilder) Flag(name string, v bool) {
	if v {
		b.Add(name, "true")
	} else {
		b.Add(name, "false")
	}
}

// Key returns the key of all that was added.
func (b *KeyBuilder) Key() (k Key) {
	b.h.Sum(k[:0])
	return k
}

func (b *KeyBuilder) text(s string) {
	b.number(len(s))
	b.h.Write([]byte(s))
}

func (b *KeyBuilder) number(n int) {
	b.h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}
