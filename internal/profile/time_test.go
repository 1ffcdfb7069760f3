package profile_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// setTime sets when a symlink was made.
func setTime(t *testing.T, link string, when time.Time) {
	t.Helper()
	ts, err := unix.TimeToTimespec(when)
	if err == nil {
		err = unix.UtimesNanoAt(unix.AT_FDCWD, link, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW)
	}
	if err != nil {
		t.Fatal(err)
	}
}
