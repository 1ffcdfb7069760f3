package failpoint_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"isomorph/internal/failpoint"
)

func TestMain(m *testing.M) {
	if os.Getenv("ISOMORPH_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	for range 3 {
		if err := failpoint.Hit("here"); err != nil {
			os.Stdout.WriteString("error ")
			continue
		}
		os.Stdout.WriteString("passed ")
	}
	os.Exit(0)
}

func child(t *testing.T, points, log string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ISOMORPH_TEST_CHILD=1", "ISOMORPH_FAILPOINTS="+points, "ISOMORPH_FAILPOINT_LOG="+log)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// Without the build tag the environment has no influence; with it, this.
func TestHit(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	for _, c := range []struct {
		points, want string
		dies         bool
	}{
		{"", "passed passed passed", false},
		{"elsewhere=kill", "passed passed passed", false},
		{"here=error", "error passed passed", false},
		{"x=error,here=error:2", "passed error passed", false},
		{"here=kill:2", "passed", true},
		{"here=panic:3", "passed passed", true},
	} {
		if !failpoint.Enabled {
			c.want, c.dies = "passed passed passed", false
		}
		got, err := child(t, c.points, log)
		if got != c.want || (err != nil) != c.dies {
			t.Errorf("%q: got %q, %v; want %q, dies: %v", c.points, got, err, c.want, c.dies)
		}
	}
	text, err := os.ReadFile(log)
	if failpoint.Enabled != (err == nil) || failpoint.Enabled && strings.Count(string(text), "here\n") != 17 {
		t.Errorf("the log: %q, %v", text, err)
	}
}
