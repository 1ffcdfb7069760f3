package main

import (
	"io"
	"sync/atomic"
)

// results is standard output as the commands see it. It remembers the first
// write that failed: a result that did not reach its reader (a full disk, a
// closed pipe) is no success, whichever command wrote it and however.
type results struct {
	w      io.Writer
	failed atomic.Pointer[error]
}

// Write writes, and remembers an error.
func (r *results) Write(b []byte) (int, error) {
	n, err := r.w.Write(b)
	if err != nil {
		r.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// err returns what a run ends with that ended with err so far.
func (r *results) err(err error) error {
	if failed := r.failed.Load(); err == nil && failed != nil {
		return *failed
	}
	return err
}
