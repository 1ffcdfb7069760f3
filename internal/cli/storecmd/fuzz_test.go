package storecmd

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

var sample = store.PathInfo{
	Path:       storepath.Path(strings.Repeat("0", 32) + "-name"),
	NarHash:    nixhash.Sum(nixhash.SHA256, []byte("x")),
	NarSize:    1,
	References: []storepath.Path{storepath.Path(strings.Repeat("1", 32) + "-ref")},
	Deriver:    storepath.Path(strings.Repeat("2", 32) + "-name.drv"),
}

// exportOf writes an export of one small file.
func exportOf(info *store.PathInfo) []byte {
	var out bytes.Buffer
	w := &exportWriter{out: bufio.NewWriter(&out)}
	w.number(1)
	w.out.Flush()
	n := nar.NewWriter(&out)
	n.File(false, 2).Write([]byte("hi"))
	n.Close()
	w.number(exportMagic)
	w.string(storepath.DefaultDir.Join(info.Path))
	w.number(uint64(len(info.References)))
	for _, r := range info.References {
		w.string(storepath.DefaultDir.Join(r))
	}
	w.string(storepath.DefaultDir.Join(info.Deriver))
	w.number(0)
	w.number(0)
	w.out.Flush()
	return out.Bytes()
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

func readExport(b []byte) (infos []*store.PathInfo, err error) {
	r := &exportReader{in: bufio.NewReader(bytes.NewReader(b)), dir: storepath.DefaultDir}
	for {
		info, err := r.next(func() (io.WriteCloser, error) { return discard{io.Discard}, nil })
		if err != nil || info == nil {
			return infos, err
		}
		infos = append(infos, info)
	}
}

// A good export is read; one cut anywhere is an error.
func TestReadExport(t *testing.T) {
	good := exportOf(&sample)
	infos, err := readExport(good)
	if err != nil || len(infos) != 1 || infos[0].Path != sample.Path || infos[0].Deriver != sample.Deriver || len(infos[0].References) != 1 {
		t.Errorf("%v, %+v", err, infos)
	}
	for i := range good {
		if _, err := readExport(good[:i]); err == nil {
			t.Errorf("cut at %d of %d: accepted", i, len(good))
		}
	}
}

func FuzzExport(f *testing.F) {
	good := exportOf(&sample)
	for _, seed := range [][]byte{good, good[:20], {}, make([]byte, 8), bytes.Repeat([]byte{1}, 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		infos, err := readExport(b)
		if err != nil {
			return
		}
		for _, i := range infos {
			if _, err := storepath.ParseBase(string(i.Path)); err != nil || i.NarSize == 0 {
				t.Errorf("accepted %+v", i)
			}
		}
	})
}

func FuzzRegistration(f *testing.F) {
	var good bytes.Buffer
	writeRegistration(&good, storepath.DefaultDir, &sample)
	for _, seed := range []string{good.String(), good.String() + good.String(), "", "\n", "x\n", strings.Replace(good.String(), "\n1\n", "\n999999999\n", 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := newRegistration(strings.NewReader(s), storepath.DefaultDir, true)
		for {
			info, err := r.next()
			if err != nil || info == nil {
				return
			}
			var again bytes.Buffer
			writeRegistration(&again, storepath.DefaultDir, info)
			back, err := newRegistration(&again, storepath.DefaultDir, true).next()
			if err != nil || back.Path != info.Path || back.NarHash != info.NarHash || len(back.References) != len(info.References) {
				t.Errorf("%+v reads back as %+v, %v", info, back, err)
			}
		}
	})
}
