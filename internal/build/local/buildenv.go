package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/build"
)

// maxEnvDepth bounds how deep the directories of a package nest that a user
// environment merges.
const maxEnvDepth = 256

// envPackage is one directory that goes into a user environment.
type envPackage struct {
	dir      string // logical
	active   bool
	priority int // lower wins
}

// buildEnv makes a user environment: a tree of links into the packages that are
// named in the attribute "derivations", and manifest.nix, the list of them
// (libstore/builtins/buildenv.cc).
func (j *job) buildEnv(ctx context.Context) error {
	out, ok := j.drv.Outputs.Get("out")
	if !ok {
		return j.cannot(build.Failed, "'builtin:buildenv' needs an output 'out'", nil)
	}
	pkgs, err := parseEnvPackages(strings.Fields(j.attr("derivations")))
	if err != nil {
		return j.cannot(build.Failed, err.Error(), nil)
	}
	manifest := j.attr("manifest")
	if manifest == "" {
		return j.cannot(build.Failed, "attribute 'manifest' missing", nil)
	}
	e := &envBuilder{ctx: ctx, root: j.root, out: string(out.Path), outDir: j.dir.Join(out.Path), inputs: newInputView(j), warn: j.note, priorities: map[string]int{}, done: map[string]bool{}, postponed: map[string]bool{}}
	if err := j.root.Mkdir(e.out, 0o755); err != nil {
		return err
	}
	if err := e.build(pkgs); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return j.cannot(build.Failed, err.Error(), err)
	}
	return j.root.Symlink(manifest, path.Join(e.out, "manifest.nix"))
}

// note shows a line of a builder that is our own code.
func (j *job) note(line string) {
	if j.req.Log != nil {
		j.req.Log(line)
	}
}

// parseEnvPackages reads what buildenv.nix makes of a list of packages: for
// each whether it is active, its priority, and the number and paths of its
// outputs.
func parseEnvPackages(words []string) ([]envPackage, error) {
	var pkgs []envPackage
	for len(words) > 0 {
		if len(words) < 3 {
			return nil, errors.New("the attribute 'derivations' ends within a package")
		}
		priority, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, fmt.Errorf("'%s' is not a priority", words[1])
		}
		n, err := strconv.ParseUint(words[2], 10, 31)
		if err != nil || len(words)-3 < int(n) {
			return nil, fmt.Errorf("'%s' is not the number of outputs that follow", words[2])
		}
		for _, dir := range words[3 : 3+n] {
			pkgs = append(pkgs, envPackage{dir, words[0] != "false", priority})
		}
		words = words[3+n:]
	}
	return pkgs, nil
}

// envBuilder merges packages.
type envBuilder struct {
	ctx    context.Context
	root   *os.Root
	out    string // the environment, in root
	outDir string // and as a store path
	inputs *inputView
	warn   func(string)

	priorities map[string]int // of the links that were made, by their place in root
	done       map[string]bool
	postponed  map[string]bool
}

// firstPropagated is the priority of the first package that is there only
// because another one asks for it.
const firstPropagated = 1000

func (e *envBuilder) build(pkgs []envPackage) error {
	slices.SortFunc(pkgs, func(a, b envPackage) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.dir, b.dir))
	})
	for _, p := range pkgs {
		if p.active {
			if err := e.add(p.dir, p.priority); err != nil {
				return err
			}
		}
	}
	for priority := firstPropagated; len(e.postponed) > 0; {
		var dirs []string
		for dir := range e.postponed {
			dirs = append(dirs, dir)
		}
		slices.Sort(dirs)
		e.postponed = map[string]bool{}
		for _, dir := range dirs {
			if err := e.add(dir, priority); err != nil {
				return err
			}
			priority++
		}
	}
	return nil
}

// add links a package, and notes those that it wants beside it.
func (e *envBuilder) add(dir string, priority int) error {
	if e.done[dir] {
		return nil
	}
	e.done[dir] = true
	if err := e.link(dir, e.out, priority, 0); err != nil {
		return err
	}
	text, err := e.inputs.readFile(path.Join(dir, "nix-support", "propagated-user-env-packages"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDirectory) {
		return nil
	}
	for _, p := range strings.FieldsFunc(string(text), func(r rune) bool { return r == ' ' || r == '\n' }) {
		if !e.done[p] {
			e.postponed[p] = true
		}
	}
	return err
}

// leftOut are files that no environment has: they would be of no use, or every
// package has one of its own.
var leftOut = []string{"/propagated-build-inputs", "/nix-support", "/perllocal.pod", "/info/dir", "/log", "/manifest.nix", "/manifest.json"}

// link puts links to the entries of the directory from into the directory to.
func (e *envBuilder) link(from, to string, priority, depth int) error {
	if depth > maxEnvDepth {
		return fmt.Errorf("directories of '%s' nest deeper than %d", from, maxEnvDepth)
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	names, err := e.inputs.readDir(from)
	if errors.Is(err, errNotDirectory) {
		e.warn(fmt.Sprintf("warning: not including '%s' in the user environment because it's not a directory", from))
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		src, dst := path.Join(from, name), path.Join(to, name)
		if name[0] == '.' || slices.ContainsFunc(leftOut, func(s string) bool { return strings.HasSuffix(src, s) }) {
			continue
		}
		if err := e.linkEntry(src, dst, priority, depth); err != nil {
			return err
		}
	}
	return nil
}

// linkEntry links one entry, unless another package has it already: two
// directories are merged, and of two files the one of the better priority stays.
func (e *envBuilder) linkEntry(src, dst string, priority, depth int) error {
	_, st, err := e.inputs.stat(src)
	if errors.Is(err, fs.ErrNotExist) {
		e.warn(fmt.Sprintf("warning: skipping dangling symlink '%s'", e.shown(dst)))
		return nil
	}
	if err != nil {
		return err
	}
	there, err := e.root.Lstat(dst)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e.symlink(src, dst, priority)
	case err != nil:
		return err
	case st.IsDir() && there.IsDir():
		return e.link(src, dst, priority, depth+1)
	case st.IsDir():
		return e.mergeDirs(src, dst, priority, depth)
	case there.IsDir():
		return fmt.Errorf("collision between non-directory '%s' and directory '%s'", src, e.shown(dst))
	}
	switch other := e.priorities[dst]; {
	case other == priority:
		target, err := e.root.Readlink(dst)
		if err != nil {
			return err
		}
		return fmt.Errorf("Unable to build profile. There is a conflict for the following files:\n\n  %s\n  %s", target, src)
	case other < priority:
		return nil
	}
	if err := e.root.Remove(dst); err != nil {
		return err
	}
	return e.symlink(src, dst, priority)
}

// mergeDirs makes a directory in the place of a link to one, with links to the
// entries of both.
func (e *envBuilder) mergeDirs(src, dst string, priority, depth int) error {
	target, err := e.root.Readlink(dst)
	if err != nil {
		return err
	}
	other, st, err := e.inputs.stat(target)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return fmt.Errorf("collision between '%s' and non-directory '%s'", src, other)
	}
	if err := e.root.Remove(dst); err != nil {
		return err
	}
	if err := e.root.Mkdir(dst, 0o755); err != nil {
		return err
	}
	if err := e.link(other, dst, e.priorities[dst], depth+1); err != nil {
		return err
	}
	return e.link(src, dst, priority, depth+1)
}

func (e *envBuilder) symlink(src, dst string, priority int) error {
	e.priorities[dst] = priority
	return e.root.Symlink(src, dst)
}

// shown is a place in the scratch directory as a store path.
func (e *envBuilder) shown(dst string) string { return e.outDir + strings.TrimPrefix(dst, e.out) }
