package builtins_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"

	"isomorph/internal/derivation"
	"isomorph/internal/input"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// memHost is a world in memory. Files are keyed by absolute path; directories
// follow from the files in them. A value that begins with "-> " is a symlink.
type memHost struct {
	files map[string]string
	env   map[string]string
	drvs  map[storepath.Path]*derivation.Derivation
	refs  map[storepath.Path][]storepath.Path
	built []builtins.DerivationOutput
	// build makes the files of an output when it is realised.
	build func(p string) map[string]string
	warn  []string
	trace []string
	fetch func(builtins.FetchRequest) (map[string]string, error)
}

var _ builtins.Host = (*memHost)(nil)

const memDir = storepath.DefaultDir

func newMemHost(files map[string]string) *memHost {
	own := map[string]string{}
	maps.Copy(own, files)
	return &memHost{
		files: own,
		env:   map[string]string{},
		drvs:  map[storepath.Path]*derivation.Derivation{},
		refs:  map[storepath.Path][]storepath.Path{},
	}
}

func (h *memHost) Getenv(name string) string { return h.env[name] }
func (h *memHost) CurrentTime() int64        { return 1000000000 }
func (h *memHost) CurrentSystem() string     { return "x86_64-linux" }
func (h *memHost) Trace(msg string)          { h.trace = append(h.trace, msg) }
func (h *memHost) Warn(msg string)           { h.warn = append(h.warn, msg) }
func (h *memHost) EvaluationWarning(msg string) {
	h.warn = append(h.warn, "evaluation: "+msg)
}

func (h *memHost) Lstat(p string) (builtins.FileKind, error) {
	p, err := h.ResolveSymlinks(p, false)
	if err != nil {
		return "", err
	}
	return h.lstat(p)
}

func (h *memHost) lstat(p string) (builtins.FileKind, error) {
	if text, ok := h.files[p]; ok {
		if strings.HasPrefix(text, "-> ") {
			return builtins.Symlink, nil
		}
		return builtins.Regular, nil
	}
	if len(h.names(p)) > 0 || p == "/" {
		return builtins.Directory, nil
	}
	return "", &fs.PathError{Op: "lstat", Path: p, Err: fs.ErrNotExist}
}

// names lists a directory.
func (h *memHost) names(dir string) []string {
	set := map[string]bool{}
	for p := range h.files {
		if rest, ok := strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			set[name] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func (h *memHost) ResolveSymlinks(p string, last bool) (string, error) {
	parts := strings.Split(strings.TrimPrefix(path.Clean(p), "/"), "/")
	at := "/"
	for hops := 0; len(parts) > 0; hops++ {
		if hops > 100 {
			return "", errors.New("too many symlinks")
		}
		next := path.Join(at, parts[0])
		parts = parts[1:]
		target, ok := strings.CutPrefix(h.files[next], "-> ")
		if !ok || len(parts) == 0 && !last {
			at = next
			continue
		}
		if !path.IsAbs(target) {
			target = path.Join(at, target)
		}
		parts = append(strings.Split(strings.TrimPrefix(path.Clean(target), "/"), "/"), parts...)
		at = "/"
	}
	return at, nil
}

func (h *memHost) Readlink(p string) (string, error) {
	return strings.TrimPrefix(h.files[p], "-> "), nil
}

func (h *memHost) ReadFile(p string) ([]byte, error) {
	p, err := h.ResolveSymlinks(p, true)
	if err != nil {
		return nil, err
	}
	text, ok := h.files[p]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	return []byte(strings.TrimPrefix(text, "#!exec ")), nil
}

func (h *memHost) ReadDir(p string) ([]builtins.DirEntry, error) {
	p, err := h.ResolveSymlinks(p, true)
	if err != nil {
		return nil, err
	}
	switch kind, err := h.lstat(p); {
	case err != nil:
		return nil, err
	case kind != builtins.Directory:
		return nil, &fs.PathError{Op: "readdir", Path: p, Err: syscall.ENOTDIR}
	}
	var list []builtins.DirEntry
	for _, name := range h.names(p) {
		kind, _ := h.lstat(path.Join(p, name))
		list = append(list, builtins.DirEntry{Name: name, Kind: kind})
	}
	return list, nil
}

func (h *memHost) AddPath(req builtins.AddPathRequest) (storepath.Path, error) {
	if _, err := h.lstat(req.Path); err != nil {
		return "", err
	}
	var buf bytes.Buffer
	if req.Flat {
		buf.WriteString(h.files[req.Path])
	} else {
		w := nar.NewWriter(&buf)
		if err := h.dump(w, req.Path, req.Filter); err != nil {
			return "", err
		}
		if err := w.Close(); err != nil {
			return "", err
		}
	}
	sum := nixhash.Sum(nixhash.SHA256, buf.Bytes())
	if !req.SHA256.IsZero() && sum != req.SHA256 {
		return "", fmt.Errorf("%w: %s", builtins.ErrPathMismatch, sum)
	}
	p, err := memDir.MakeFixed(req.Name, !req.Flat, sum, req.References)
	if err == nil {
		h.refs[p] = req.References
		h.copyTree(req.Path, memDir.Join(p))
	}
	return p, err
}

func (h *memHost) copyTree(from, to string) {
	for p, text := range maps.Clone(h.files) {
		if p == from {
			h.files[to] = text
		} else if rest, ok := strings.CutPrefix(p, from+"/"); ok {
			h.files[to+"/"+rest] = text
		}
	}
}

func (h *memHost) dump(w *nar.Writer, p string, filter builtins.Filter) error {
	kind, err := h.lstat(p)
	if err != nil {
		return err
	}
	switch text := h.files[p]; kind {
	case builtins.Symlink:
		w.Symlink(strings.TrimPrefix(text, "-> "))
	case builtins.Regular:
		body, exec := strings.CutPrefix(text, "#!exec ")
		_, err = w.File(exec, uint64(len(body))).Write([]byte(body))
	case builtins.Directory:
		w.Directory()
		for _, name := range h.names(p) {
			sub := path.Join(p, name)
			if filter != nil {
				kind, _ := h.lstat(sub)
				if keep, err := filter(sub, kind); err != nil {
					return err
				} else if !keep {
					continue
				}
			}
			w.Entry(name)
			if err := h.dump(w, sub, filter); err != nil {
				return err
			}
		}
		w.Leave()
	}
	return err
}

func (h *memHost) AddText(name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	p, err := memDir.MakeText(name, nixhash.Sum(nixhash.SHA256, contents), refs)
	if err == nil {
		h.refs[p] = refs
		h.files[memDir.Join(p)] = string(contents)
	}
	return p, err
}

func (h *memHost) AddDerivation(d *derivation.Derivation, f derivation.File) error {
	h.drvs[f.Path] = d
	h.refs[f.Path] = f.References
	return nil
}

func (h *memHost) ReadDerivation(p storepath.Path) (*derivation.Derivation, error) {
	if d, ok := h.drvs[p]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("path '%s' is not valid", p)
}

func (h *memHost) Closure(p storepath.Path) ([]storepath.Path, error) {
	seen := map[storepath.Path]bool{p: true}
	for todo := []storepath.Path{p}; len(todo) > 0; todo = todo[1:] {
		for _, r := range h.refs[todo[0]] {
			if !seen[r] {
				seen[r] = true
				todo = append(todo, r)
			}
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

func (h *memHost) References(p storepath.Path) ([]storepath.Path, error) { return h.refs[p], nil }

func (h *memHost) IsValid(p storepath.Path) bool {
	_, ok := h.refs[p]
	return ok
}

func (h *memHost) EnsureValid(p storepath.Path) error {
	if !h.IsValid(p) {
		return fmt.Errorf("path '%s' is not valid", p)
	}
	return nil
}

func (h *memHost) Realise(outputs []builtins.DerivationOutput) error {
	for _, o := range outputs {
		h.built = append(h.built, o)
		p := h.drvs[o.Derivation].Outputs.At(o.Output).Path
		h.refs[p] = h.drvs[o.Derivation].InputSrcs
		if h.build == nil {
			return errors.New("cannot build here")
		}
		for rel, text := range h.build(p.Name()) {
			h.files[memDir.Join(p)+rel] = text
		}
	}
	return nil
}

func (h *memHost) Fetch(req builtins.FetchRequest) (storepath.Path, error) {
	if h.fetch == nil {
		return "", errors.New("no network")
	}
	files, err := h.fetch(req)
	if err != nil {
		return "", err
	}
	tmp := "/download"
	for rel, text := range files {
		h.files[tmp+rel] = text
	}
	defer maps.DeleteFunc(h.files, func(p, _ string) bool { return strings.HasPrefix(p, tmp) })
	p, err := h.AddPath(builtins.AddPathRequest{Name: req.Name, Path: tmp, Flat: !req.Unpack, SHA256: req.SHA256})
	if errors.Is(err, builtins.ErrPathMismatch) {
		return "", &builtins.HashMismatchError{URL: req.URL, Want: req.SHA256, Got: nixhash.Sum(nixhash.SHA256, []byte(files[""]))}
	}
	return p, err
}

func (h *memHost) FetchTree(in input.Attrs) (*input.Fetched, error) {
	return nil, fmt.Errorf("no input %s here", input.Describe(in))
}

func (h *memHost) ContentAddress(p storepath.Path) (string, error) { return "", nil }

func (h *memHost) LookUpInput(in input.Attrs) (input.Attrs, error) {
	return nil, fmt.Errorf("no registry for %s here", input.Describe(in))
}
