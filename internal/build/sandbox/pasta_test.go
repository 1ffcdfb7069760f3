package sandbox_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

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
