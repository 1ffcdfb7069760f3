package localstore

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxOpenDepth is how many directories removal holds open at once. What lies
// deeper is moved up first, so that no builder can make a tree too deep for us
// to delete.
const maxOpenDepth = 128

// maxTries is how often a directory is emptied before we give up.
const maxTries = 10

// remover deletes trees below one private directory.
type remover struct {
	base  *os.File // where too deep directories are moved to
	deep  []string // their names there
	freed uint64   // bytes on disk, counting a file when its last name goes
}

// removeTree deletes name in base with everything below it and returns how
// many bytes of disk that freed. base must be a directory that only this
// process works in. A missing name is no error.
func removeTree(base *os.File, name string) (uint64, error) {
	r := &remover{base: base, deep: []string{name}}
	for i := 0; i < len(r.deep); i++ {
		if err := r.remove(base, r.deep[i], 0); err != nil {
			return r.freed, err
		}
	}
	return r.freed, nil
}

func (r *remover) remove(dir *os.File, name string, depth int) error {
	st, err := lstatAt(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if kind(&st) != unix.S_IFDIR {
		if st.Nlink == 1 {
			r.freed += uint64(st.Blocks) * 512
		}
		return unlinkAt(dir, name, 0)
	}
	if depth >= maxOpenDepth {
		return r.moveUp(dir, name)
	}
	r.freed += uint64(st.Blocks) * 512
	// Somebody may still have the directory open and have put something into
	// it after we looked; he cannot do so for ever.
	for try := 1; ; try++ {
		if err := r.empty(dir, name, &st, depth); err != nil {
			return err
		}
		err := unlinkAt(dir, name, unix.AT_REMOVEDIR)
		if !errors.Is(err, unix.ENOTEMPTY) || try == maxTries {
			return err
		}
	}
}

func (r *remover) empty(dir *os.File, name string, st *unix.Stat_t, depth int) error {
	d, err := openDirAt(dir, name, st)
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := r.remove(d, n, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *remover) moveUp(dir *os.File, name string) error {
	// Moving a directory changes its ".." and so needs the right to write it.
	if err := chmodAt(dir, name, 0o700); err != nil {
		return err
	}
	up := "deep-" + strconv.Itoa(len(r.deep))
	if err := renameAt(dir, name, r.base, up, unix.RENAME_NOREPLACE); err != nil {
		return err
	}
	r.deep = append(r.deep, up)
	return nil
}
