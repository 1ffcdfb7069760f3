package flakeref

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"isomorph/internal/lazyre"
)

var (
	idForm   = lazyre.New(`^[a-zA-Z][a-zA-Z0-9_-]*(/([0-9a-fA-F]{40}|[a-zA-Z0-9@][a-zA-Z0-9_./@+-]*(/[0-9a-fA-F]{40})?))?$`)
	pathForm = lazyre.New(`^([^?#]*)(?:\?([^#]*))?(?:#([^\n\r]*))?$`)
)

// parsePath reads a reference that is neither a short name nor a URL.
func parsePath(text string, o Options) (Ref, string, error) {
	m := pathForm.FindStringSubmatch(text)
	if m == nil {
		return Ref{}, "", fmt.Errorf("invalid flakeref '%s'", text)
	}
	encoded := encodeSet(m[2], lenientQuery)
	if misfit(encoded, queryChars) != "" {
		return Ref{}, "", badURL("invalid URI query '%s': leftover", m[2])
	}
	if misfit(m[3], anyByte) != "" {
		return Ref{}, "", badURL("invalid URI parameter '%s': mismatch", m[3])
	}
	u := &URL{Scheme: "path", Query: decodeQuery(encoded, o.warn), Fragment: decode(m[3])}
	dir := m[1]
	if o.BaseDir == "" {
		if !o.KeepRelative && !strings.HasPrefix(dir, "/") {
			return Ref{}, "", badURL("flake reference '%s' is not an absolute path", text)
		}
	} else {
		var err error
		if dir, err = o.findFlake(text, u, dir); err != nil {
			return Ref{}, "", err
		}
	}
	if u.Path == nil {
		u.Path = pathSegments(dir)
	}
	if strings.HasPrefix(dir, "/") {
		u.Authority = &Authority{}
	}
	return fromURL(u, !o.NotFlake)
}

// anyByte has all bytes, for [misfit] to look at percent encoding alone.
var anyByte = func() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}()

// findFlake goes from a path of this machine to the directory of the flake that
// it lies in, and if that is in a git repository makes u the URL of that.
func (o *Options) findFlake(text string, u *URL, dir string) (string, error) {
	if !strings.HasPrefix(dir, "/") {
		dir = o.BaseDir + "/" + dir
	}
	dir, err := resolveLinks(dir)
	if err != nil || o.NotFlake {
		return dir, err
	}
	if dir, err = o.flakeDir(dir); err != nil {
		return "", err
	}
	root, sub := dir, ""
	for ; root != "/"; root = path.Dir(root) {
		if exists(root + "/.git") {
			return dir, o.useGit(text, u, root, sub)
		}
		sub = path.Join(path.Base(root), sub)
	}
	return dir, nil
}

// useGit makes u a URL of the git repository at root, with the flake in sub.
func (o *Options) useGit(text string, u *URL, root, sub string) error {
	u.Scheme, u.Path = "git+file", pathSegments(root)
	if sub != "" {
		if has(u.Query, "dir") {
			return fmt.Errorf("flake URL '%s' has an inconsistent 'dir' parameter", text)
		}
		u.Query["dir"] = sub
	}
	if exists(root + "/.git/shallow") {
		u.Query["shallow"] = "1"
	}
	return nil
}

// flakeDir returns the directory of the flake that dir lies in.
func (o *Options) flakeDir(dir string) (string, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return "", statError(dir, err)
	}
	if !info.IsDir() {
		if filepath.Base(dir) != "flake.nix" {
			return "", badURL("path %s is not a flake (because it's not a directory)", quoted(dir))
		}
		parent := path.Dir(dir)
		o.warn(fmt.Sprintf("Path %s should point at the directory containing the 'flake.nix' file, not the file itself. Pretending that you meant %s", quoted(dir), quoted(parent)))
		dir = parent
	}
	if o.AllowMissing || exists(dir+"/flake.nix") {
		return dir, nil
	}
	o.notice(fmt.Sprintf("path %s does not contain a 'flake.nix', searching up", quoted(dir)))
	device := deviceOf(dir)
	for at := dir; at != "/"; at = path.Dir(at) {
		switch {
		case exists(at + "/flake.nix"):
			return at, nil
		case exists(at + "/.git"):
			return "", fmt.Errorf("path %s is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)", quoted(at))
		case deviceOf(at) != device:
			return "", fmt.Errorf("unable to find a flake before encountering filesystem boundary at %s", quoted(at))
		}
	}
	return "", badURL("could not find a flake.nix file")
}

func deviceOf(file string) uint64 {
	var st syscall.Stat_t
	if err := syscall.Lstat(file, &st); err != nil {
		return 0 // it is gone: the next look says so
	}
	return st.Dev
}

func exists(file string) bool { _, err := os.Lstat(file); return err == nil }

func statError(file string, err error) error {
	if os.IsNotExist(err) {
		return fmt.Errorf("getting status of %s: No such file or directory", quoted(file))
	}
	return fmt.Errorf("getting status of %s: %w", quoted(file), err)
}

// quoted writes a file's name as Nix does in these messages.
func quoted(file string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(file) + `"`
}

func cleanPath(p string) string { return path.Clean(p) }

// maxLinks is how many symlinks a path may lead through.
const maxLinks = 1024

// resolveLinks follows all symlinks in a path. What does not exist stays as it
// is.
func resolveLinks(name string) (string, error) {
	done, left := "/", name
	for links := 0; left != ""; {
		part, rest, _ := strings.Cut(strings.TrimLeft(left, "/"), "/")
		left = rest
		if part == "" || part == "." || part == ".." {
			done = path.Join(done, part)
			continue
		}
		next := path.Join(done, part)
		target, err := os.Readlink(next)
		if err != nil {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("infinite symlink recursion in path '%s'", name)
		}
		if strings.HasPrefix(target, "/") {
			done = "/"
		}
		left = target + "/" + left
	}
	return done, nil
}
