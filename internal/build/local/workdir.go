package local

import (
	"cmp"
	"errors"
	"os"
	"path"

	"isomorph/internal/build"
)

// makeWorkDir makes the directory that the build works in: in the scratch
// directory, or with HostBuildDir where the user can find it.
func (j *job) makeWorkDir() error {
	j.workDir, j.buildDir = j.at(scratchBuild), cmp.Or(j.o.BuildDir, build.BuildDir)
	if !j.o.HostBuildDir {
		return nil
	}
	parent, err := j.keepDir()
	if err != nil {
		return err
	}
	// The directory above is private to the user, like the scratch directory.
	j.workDir = path.Join(parent, scratchBuild)
	j.buildDir = j.workDir
	return os.Mkdir(j.workDir, 0o700)
}

// dropWorkDir deletes what makeWorkDir made outside of the scratch directory,
// unless it has been kept.
func (j *job) dropWorkDir() error {
	if !j.o.HostBuildDir || j.workDir == "" {
		return nil
	}
	return removeAll(path.Dir(j.workDir))
}

// removeAll deletes a tree in which directories may be read-only.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	err = unlock(root, ".", 0)
	return errors.Join(err, root.Close(), os.RemoveAll(dir))
}

// maxUnlockDepth bounds the directories that unlock goes into; a path that is
// longer than the kernel allows cannot be opened by name anyway.
const maxUnlockDepth = 2048

// unlock makes directories writable for their owner.
func unlock(root *os.Root, name string, depth int) error {
	if depth > maxUnlockDepth {
		return errors.New("the build's directories nest too deeply to be deleted")
	}
	if err := root.Chmod(name, 0o700); err != nil {
		return err
	}
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	entries, err := dir.ReadDir(-1)
	err = errors.Join(err, dir.Close())
	for _, e := range entries {
		if err == nil && e.IsDir() {
			err = unlock(root, path.Join(name, e.Name()), depth+1)
		}
	}
	return err
}

// keepWorkDir leaves the working directory to the user and returns its place.
func (j *job) keepWorkDir() (string, error) {
	if !j.o.HostBuildDir {
		return j.keep(scratchBuild)
	}
	kept := j.workDir
	j.workDir = ""
	return kept, nil
}

// keep moves an entry of the scratch directory to where the user can look at
// it.
func (j *job) keep(name string) (string, error) {
	parent, err := j.keepDir()
	if err != nil {
		return "", err
	}
	dest := path.Join(parent, name)
	if err := os.Rename(j.at(name), dest); err == nil {
		return dest, nil
	}
	return dest, os.CopyFS(dest, os.DirFS(j.at(name)))
}

// keepDir makes a directory, private to the user, for what is kept of this
// build.
func (j *job) keepDir() (string, error) {
	if j.o.KeepDir == "" {
		return "", errors.New("no directory is configured for it")
	}
	if err := os.MkdirAll(j.o.KeepDir, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(j.o.KeepDir, "nix-build-"+j.drv.Name+"-")
}
