package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/build/sandbox"
)

// hostAddress returns an address of this machine that is not a loopback one.
func hostAddress(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no network")
	return ""
}

func TestUserModeNetwork(t *testing.T) {
	pasta, err := exec.LookPath("pasta")
	if err != nil {
		t.Skip("needs pasta (package passt)")
	}
	if f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		t.Skip("needs /dev/net/tun: ", err)
	} else {
		f.Close()
	}
	hostAddress(t)
	local := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "host loopback") }))
	t.Cleanup(local.Close)
	var out strings.Builder
	spec := shell(t, `busybox ifconfig -a | grep -c '^[a-z]'; cat /etc/resolv.conf; wget -T 2 -q -O - `+local.URL+`; true`)
	spec.Network, spec.Pasta, spec.Log = sandbox.UserMode, pasta, &out
	res, err := sandbox.Run(t.Context(), spec)
	if err != nil || !res.OK() {
		t.Fatal(res, err)
	}
	got := out.String()
	if !strings.HasPrefix(got, "2\nnameserver 169.254.1.1\n") {
		t.Errorf("got %q: want two interfaces and a name server", got)
	}
	if strings.Contains(got, "host loopback") {
		t.Error("the host's loopback interface can be reached")
	}
}

// TestNetworkFails: a network that cannot be made ends the run, and so does
// the caller while it is being made.
func TestNetworkFails(t *testing.T) {
	script := func(text string) string {
		name := filepath.Join(t.TempDir(), "pasta")
		if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
		return name
	}
	spec := shell(t, `true`)
	spec.Network, spec.Pasta = sandbox.UserMode, script("echo no tap device >&2; exit 1")
	_, err := sandbox.Run(t.Context(), spec)
	var setup *sandbox.SetupError
	if !errors.As(err, &setup) || !strings.Contains(err.Error(), "no tap device") {
		t.Errorf("got %v, want what pasta said", err)
	}
	spec.Pasta = script("exec sleep 600")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := sandbox.Run(ctx, spec); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
}
