package channelcmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"isomorph/internal/cli"
	"isomorph/internal/cli/channelcmd"
	"isomorph/internal/debian/lock"
)

const packages = `[{"attribute":"curl","version":"7.88","description":"transfers URLs\nmore"},{"attribute":"vim","version":"9","description":"editor"}]`

const options = `[{"name":"networking.hostName","type":"string","default":"\"live\"","description":"Name of the machine.\n\nAlso for curl."},
{"name":"isoImage.volumeID","type":"string","default":"","description":""}]`

func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	dir := t.TempDir()
	l := &lock.Lock{Version: 1, Architecture: "amd64", Repositories: map[string]*lock.Repository{"debian": {
		Component: "main", Suite: "bookworm", Date: "2026-07-11T10:16:37Z", Snapshot: "20260713T000000Z",
		InRelease: strings.Repeat("a", 64), PackagesIndex: &lock.Index{SHA256: strings.Repeat("a", 64)}}}}
	if err := l.Write(dir + "/lock.json"); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	env := &cli.Env{Stdout: &out, Stderr: &errs, Now: func() time.Time { return time.Date(2026, 7, 21, 12, 0, 0, 0, time.UTC) }}
	cmd := channelcmd.New(env, channelcmd.Deps{
		Materialise: func(context.Context) (string, error) { return dir, nil },
		Evaluate: func(_ context.Context, expr string) ([]byte, error) {
			if !strings.Contains(expr, `"`+dir+`"`) {
				t.Errorf("the expression does not name the channel: %s", expr)
			}
			if strings.Contains(expr, "optionAttrSetToDocList") {
				return []byte(options), nil
			}
			return []byte(packages), nil
		},
	})
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.ExecuteContext(t.Context())
	return strings.ReplaceAll(out.String(), dir, "DIR"), errs.String(), err
}

func TestShow(t *testing.T) {
	stdout, stderr, err := run(t)
	if err != nil || stdout != "DIR\n" || !strings.Contains(stderr, "debian: bookworm/main of 2026-07-11, 10 days old") {
		t.Errorf("got %q, %q, %v", stdout, stderr, err)
	}
	stdout, _, err = run(t, "--json")
	if err != nil || !json.Valid([]byte(stdout)) || !strings.Contains(stdout, `"directory": "DIR"`) {
		t.Errorf("got %q, %v", stdout, err)
	}
}

func TestLists(t *testing.T) {
	cases := []struct{ args, want string }{
		{"packages", "curl  7.88  transfers URLs\nvim   9     editor\n"},
		{"options isoImage", "isoImage.volumeID\n    type: string\n"},
		{"options net", "networking.hostName\n    type: string\n    default: \"live\"\n    Name of the machine.\n    \n    Also for curl.\n"},
		{"search EDITOR", "vim  9  editor\n"},
		{"search curl", "curl  7.88  transfers URLs\nnetworking.hostName\n    type: string\n    default: \"live\"\n    Name of the machine.\n    \n    Also for curl.\n"},
	}
	for _, c := range cases {
		stdout, _, err := run(t, strings.Fields(c.args)...)
		if err != nil || stdout != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.args, stdout, err, c.want)
		}
	}
	for _, args := range []string{"packages --json", "options --json", "search zzz --json", "search vim --json"} {
		stdout, _, err := run(t, strings.Fields(args)...)
		if err != nil || !json.Valid([]byte(stdout)) || strings.Contains(stdout, "null") {
			t.Errorf("%s: got %q, %v", args, stdout, err)
		}
	}
	if _, _, err := run(t, "search", "zzz"); err == nil || !strings.Contains(err.Error(), "lock add") {
		t.Errorf("got %v", err)
	}
}
