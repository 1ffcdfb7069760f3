package evalcache

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"isomorph/internal/nixlang/builtins"
)

// maxLinks is how many symlinks a path may lead through.
const maxLinks = 1024

// ReadFile reads a file and notes its contents.
func (r *Recorder) ReadFile(name string) ([]byte, error) {
	end, plain := r.end(name, true)
	if !plain {
		return r.inner.ReadFile(name)
	}
	real := r.world.Real(end)
	before, _ := stat(real)
	b, err := r.inner.ReadFile(name)
	if err != nil {
		r.endErr(end, err)
		return nil, err
	}
	r.seeEnd(end, EndFile, real, before, sumOf(b))
	return b, nil
}

// ReadDir lists a directory and notes the list.
func (r *Recorder) ReadDir(name string) ([]builtins.DirEntry, error) {
	end, plain := r.end(name, true)
	if !plain {
		return r.inner.ReadDir(name)
	}
	real := r.world.Real(end)
	before, _ := stat(real)
	list, err := r.inner.ReadDir(name)
	if err != nil {
		r.endErr(end, err)
		return nil, err
	}
	r.seeEnd(end, EndDirectory, real, before, sumEntries(list))
	return list, nil
}

// Lstat returns the kind of a file and notes it.
func (r *Recorder) Lstat(name string) (builtins.FileKind, error) {
	end, plain := r.end(name, false)
	kind, err := r.inner.Lstat(name)
	switch {
	case !plain:
	case err == nil:
		r.seeSelf(end, selfOf(kind), "")
	case errors.Is(err, fs.ErrNotExist):
		r.seeSelf(end, SelfAbsent, "")
	default:
		r.spoilErr("look at", err)
	}
	return kind, err
}

// Readlink returns the target of a symlink and notes it.
func (r *Recorder) Readlink(name string) (string, error) {
	target, err := r.inner.Readlink(name)
	if err != nil {
		r.spoilErr("read link", err)
		return "", err
	}
	if note, plain := r.plain(name); plain {
		r.seeSelf(note, SelfLink, target)
	}
	return target, nil
}

// ResolveSymlinks follows symlinks and notes each part of the way: that it is a
// symlink and where it leads, or that it is none.
func (r *Recorder) ResolveSymlinks(name string, last bool) (string, error) {
	to, err := r.inner.ResolveSymlinks(name, last)
	if err != nil {
		r.spoilErr("resolve", err)
		return "", err
	}
	r.way(name, last, to)
	return to, nil
}

// plain tells whether a path has to be noted for itself, since no store object
// accounts for it, and under which name.
func (r *Recorder) plain(name string) (note string, plain bool) {
	p, rest, err := r.dir.Split(name)
	if err != nil {
		return name, true
	}
	r.mu.Lock()
	source, ok := r.source[p]
	r.mu.Unlock()
	if ok {
		return source + rest, true
	}
	return name, !r.object(p)
}

// end returns the name to note what is found at a path under. That is the path,
// except in the store, where the host follows symlinks itself; plain is false
// if a store object accounts for it.
func (r *Recorder) end(name string, last bool) (note string, plain bool) {
	if !r.dir.Contains(name) {
		return name, true
	}
	key := name
	if last {
		key += "/"
	}
	r.mu.Lock()
	to, ok := r.resolved[key]
	r.mu.Unlock()
	if !ok {
		var err error
		if to, err = r.ResolveSymlinks(name, last); err != nil {
			return name, true // and spoiled
		}
		r.mu.Lock()
		r.resolved[key] = to
		r.mu.Unlock()
	}
	return r.plain(to)
}

// way notes how the host came from name to another name by following symlinks.
func (r *Recorder) way(name string, last bool, to string) {
	if to != name {
		r.hops(name, last, to)
		return
	}
	// No part was a symlink, or the path would be another one. A part that is
	// not there ends the search; it need not stay missing, only be no symlink.
	if last {
		r.noLinks(name)
	} else {
		r.noLinks(path.Dir(name))
	}
}

// maxName is a length in bytes that no name has by which a file can be asked for:
// Linux takes fewer than 4096, of which a store's root may be a part.
const maxName = 8192

// noLinks notes that neither name nor a directory above it is a symlink. A name
// that is too long for any file stays what it is.
func (r *Recorder) noLinks(name string) {
	if len(name) > maxName {
		name = name[:strings.LastIndexByte(name[:maxName], '/')+1]
		name = path.Clean("/" + name)
	}
	for ; name != "/" && !r.known(name); name = path.Dir(name) {
		if r.inStoreDir(name) {
			continue
		}
		if note, plain := r.plain(name); plain {
			r.seeSelf(note, SelfNoLink, "")
		}
	}
}

// known tells whether noLinks has been here, and that it has now.
func (r *Recorder) known(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.parents[name]
	r.parents[name] = true
	return was
}

// inStoreDir tells whether name is the logical store directory or above it: the
// host takes these for directories without looking.
func (r *Recorder) inStoreDir(name string) bool {
	return name == string(r.dir) || strings.HasPrefix(string(r.dir), name+"/")
}

// hops goes the way from name part by part as the host does, and notes each. It
// must end where the host's way ended.
func (r *Recorder) hops(name string, last bool, to string) {
	at, left := "/", name
	for links := 0; left != ""; {
		part, rest, _ := strings.Cut(strings.TrimLeft(left, "/"), "/")
		left = rest
		switch part {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		if r.inStoreDir(next) || (left == "" && !last) {
			at = next
			continue
		}
		target, isLink, there := r.hop(next)
		switch {
		case !there:
			at, left = path.Join(next, left), ""
		case !isLink:
			at = next
		default:
			if links++; links > maxLinks {
				r.Spoil("too many symlinks in '" + name + "'")
				return
			}
			if left = target + "/" + left; strings.HasPrefix(target, "/") {
				at = "/"
			}
		}
	}
	if at != to {
		r.Spoil(changed(name))
	}
}

// hop looks at one part of a way.
func (r *Recorder) hop(name string) (target string, isLink, there bool) {
	kind, err := r.inner.Lstat(name)
	if err == nil && kind == builtins.Symlink {
		target, err = r.inner.Readlink(name)
		isLink = err == nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.spoilErr("look at", err)
	}
	if note, plain := r.plain(name); plain && isLink {
		r.seeSelf(note, SelfLink, target)
	} else if plain {
		r.seeSelf(note, SelfNoLink, "")
	}
	return target, isLink, err == nil
}

// file returns the note about a path; the caller holds the lock.
func (r *Recorder) file(name string) *File {
	f := r.files[name]
	if f == nil {
		f = &File{Path: name}
		r.files[name] = f
	}
	return f
}

// seeSelf notes what a path is.
func (r *Recorder) seeSelf(name string, s Self, target string) {
	if strings.HasPrefix(string(r.dir)+"/", strings.TrimSuffix(name, "/")+"/") {
		return // the store's own directory is there, whatever this machine has
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.file(name)
	both, ok := f.Self.and(s)
	if !ok || (f.Self == SelfLink && s == SelfLink && f.Target != target) {
		r.spoil(changed(name))
		return
	}
	if f.Self = both; s == SelfLink {
		f.Target = target
	}
}

// and joins two answers about one path; ok is false if they contradict each
// other.
func (s Self) and(t Self) (both Self, ok bool) {
	if s > t {
		s, t = t, s
	}
	switch {
	case s == t || s == SelfUnasked:
		return t, true
	case s == SelfNoLink:
		return t, t != SelfSymlink && t != SelfLink
	case s == SelfSymlink && t == SelfLink:
		return t, true
	default:
		return s, false
	}
}

// seeEnd notes what was read at the end of a path.
func (r *Recorder) seeEnd(name string, e End, real string, before Fingerprint, sum Sum) {
	after, ok := stat(real)
	sure := ok && sameStat(before, after, r.start) && r.disks.trusted(after.Dev, real)
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.file(name)
	if f.End != EndUnasked && (f.End != e || f.Sum != sum) {
		r.spoil(changed(name))
		return
	}
	f.End, f.Fingerprint, f.Sure, f.Sum = e, after, sure, sum
}

// endErr notes that nothing was found at the end of a path, if that is why it
// could not be read.
func (r *Recorder) endErr(name string, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		r.spoilErr("read", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.file(name)
	if f.End != EndUnasked && f.End != EndAbsent {
		r.spoil(changed(name))
	}
	f.End = EndAbsent
}
