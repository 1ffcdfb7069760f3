package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// validator is what a server said about the version of a file that a part file
// holds the beginning of. It lies beside the part file.
type validator struct {
	URL          string
	ETag         string `json:",omitempty"` // strong
	LastModified string `json:",omitempty"` // strong: at least a minute before Date
	Total        int64
}

// usable reports whether the server gave something to resume by.
func (v validator) usable() bool { return v.ETag != "" || v.LastModified != "" }

// ifRange is the value for the If-Range header.
func (v validator) ifRange() string {
	if v.ETag != "" {
		return v.ETag
	}
	return v.LastModified
}

func (d *download) metaPath() string { return d.part + ".json" }

func (d *download) readValidator() validator {
	var v validator
	b, err := os.ReadFile(d.metaPath())
	if err != nil || json.Unmarshal(b, &v) != nil {
		return validator{}
	}
	return v
}

func (d *download) writeValidator(v validator) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(d.metaPath(), b, 0o600)
}

// acquirePart opens a part file for this download alone: inside the process by
// a channel, between processes by a lock on the file. When another process is
// at the same file this one uses a file of its own and does not wait: the other
// may be stopped.
func (d *download) acquirePart(ctx context.Context, dest string) error {
	d.part = d.partPath(dest)
	if err := d.c.reserve(ctx, d.part); err != nil {
		return err
	}
	d.key = d.part
	f, err := openLocked(d.part)
	if errors.Is(err, unix.EWOULDBLOCK) {
		d.part = dest + ".part"
		f, err = os.OpenFile(d.part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		d.c.unreserve(d.key)
		return err
	}
	d.lock = f
	return nil
}

// openLocked opens and locks a file. The one who had the lock before may have
// removed the file between the two steps; then it is made anew.
func openLocked(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			return nil, err
		}
		mine, err1 := f.Stat()
		there, err2 := os.Lstat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return f, nil
		}
		f.Close()
	}
}

func (c *Client) reserve(ctx context.Context, key string) error {
	for {
		c.mu.Lock()
		other, taken := c.busy[key]
		if !taken {
			c.busy[key] = make(chan struct{})
		}
		c.mu.Unlock()
		if !taken {
			return nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *Client) unreserve(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.busy[key])
	delete(c.busy, key)
}

// release closes the part file and removes it, unless it is worth carrying on.
// After a success it has been renamed, and what has its name now may be another
// process's.
func (d *download) release() {
	if d.isOurs() && (!d.keepPart || !d.readValidator().usable()) {
		os.Remove(d.part)
		os.Remove(d.metaPath())
	}
	d.lock.Close()
	d.c.unreserve(d.key)
}

// isOurs reports whether the part file is still at its name. We hold its lock,
// so nobody else can change that.
func (d *download) isOurs() bool {
	mine, err1 := d.lock.Stat()
	there, err2 := os.Lstat(d.part)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// restart empties the part file.
func (d *download) restart() error {
	os.Remove(d.metaPath())
	if err := d.lock.Truncate(0); err != nil {
		return err
	}
	_, err := d.lock.Seek(0, io.SeekStart)
	return err
}

// moveFile renames from to dest, which must not exist, or copies it when they
// are on different file systems.
func moveFile(from, dest string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, dest, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EXDEV) && !errors.Is(err, unix.EINVAL) {
		return pathError("rename", dest, err)
	}
	return copyFile(from, dest)
}

func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}

func copyFile(from, dest string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dest, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
