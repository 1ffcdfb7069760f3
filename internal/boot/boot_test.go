package boot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/boot"
)

// qemu returns the tools of this machine and skips the test if there are none;
// where ISOMORPH_TEST_REQUIRE names "qemu" that is a failure.
func qemu(t *testing.T) boot.Tools {
	t.Helper()
	tools, err := boot.HostTools(os.Getenv("PATH"), false)
	if err == nil {
		return tools
	}
	if strings.Contains(os.Getenv("ISOMORPH_TEST_REQUIRE"), "qemu") {
		t.Fatal(err)
	}
	t.Skip(err)
	return tools
}

// echoSector is a boot sector that prints "ready> " and then everything that it
// reads with bit 5 turned round: letters in the other case, "*" as a newline.
//
//	.code16
//	        xorw %ax,%ax; movw %ax,%ds; movw $msg,%si; movw $0x3f8,%dx
//	1:      lodsb; testb %al,%al; jz 2f; outb %al,%dx; jmp 1b
//	2:      movw $0x3fd,%dx
//	3:      inb %dx,%al; testb $1,%al; jz 3b
//	        movw $0x3f8,%dx; inb %dx,%al; xorb $0x20,%al; outb %al,%dx
//	        jmp 2b
//	msg:    .asciz "ready> "
func echoSector() []byte {
	s := make([]byte, 512)
	n := copy(s, "\x31\xc0\x8e\xd8\xbe\x23\x7c\xba\xf8\x03\xac\x84\xc0\x74\x03\xee"+
		"\xeb\xf8\xba\xfd\x03\xec\xa8\x01\x74\xfb\xba\xf8\x03\xec\x34\x20"+
		"\xee\xeb\xef")
	copy(s[n:], "ready> ")
	s[510], s[511] = 0x55, 0xaa
	return s
}

// isoImage wraps a boot sector into an image that boots from a CD by El Torito
// (sectors of 2048 bytes: 16 volume, 17 boot record, 18 catalogue, 19 program)
// and, as its first sector, from a disk.
func isoImage(t *testing.T, sector []byte) string {
	t.Helper()
	b := make([]byte, 1<<20)
	copy(b, sector)
	copy(b[16*2048:], "\x01CD001\x01")
	copy(b[17*2048:], "\x00CD001\x01EL TORITO SPECIFICATION")
	binary.LittleEndian.PutUint32(b[17*2048+0x47:], 18)
	catalogue := b[19*2048-2048:]
	catalogue[0], catalogue[30], catalogue[31] = 1, 0x55, 0xaa
	var sum uint16
	for i := 0; i < 32; i += 2 {
		if i != 28 {
			sum += binary.LittleEndian.Uint16(catalogue[i:])
		}
	}
	binary.LittleEndian.PutUint16(catalogue[28:], -sum)
	catalogue[32] = 0x88 // bootable, no emulation
	binary.LittleEndian.PutUint16(catalogue[38:], 4)
	binary.LittleEndian.PutUint32(catalogue[40:], 19)
	copy(b[19*2048:], sector)
	name := filepath.Join(t.TempDir(), "a, b.iso")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func options(t *testing.T, script boot.Script) boot.Options {
	return boot.Options{
		Tools: qemu(t), Image: isoImage(t, echoSector()), Memory: 32, CPUs: 1, NoKVM: true,
		TempDir: t.TempDir(), Script: script, Timeout: 20 * time.Second,
	}
}

func TestScript(t *testing.T) {
	for _, usb := range []bool{false, true} {
		var console bytes.Buffer
		o := options(t, boot.Script{{Expect: "ready> "}, {Send: "echo*hello"}, {Expect: "HELLO"}, {Send: "x"}, {Send: "*echo*again"}, {Expect: "AGAIN"}})
		o.USB, o.Console = usb, &console
		before := stat(t, o.Image)
		if err := boot.Run(t.Context(), o); err != nil {
			t.Errorf("usb %v: %v", usb, err)
		}
		if got := console.String(); !strings.Contains(got, "ready> ECHO\nHELLO") {
			t.Errorf("usb %v: console %q", usb, got)
		}
		if stat(t, o.Image) != before {
			t.Error("the image has been written to")
		}
	}
}

func stat(t *testing.T, name string) string {
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.ModTime().String()
}

// TestOrder: a text that came before the one matched last does not count.
func TestOrder(t *testing.T) {
	o := options(t, boot.Script{{Expect: "ready> "}, {Expect: "ready"}})
	o.Timeout = 2 * time.Second
	var e *boot.NotSeenError
	if err := boot.Run(t.Context(), o); !errors.As(err, &e) || e.Text != "ready" {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(e.Reason, "2s") || !strings.Contains(e.Console, "ready> ") {
		t.Errorf("reason %q, console %q", e.Reason, e.Console)
	}
}

// TestEcho: what is printed on the line that is typed on is no answer.
func TestEcho(t *testing.T) {
	o := options(t, boot.Script{{Expect: "ready> "}, {Send: "is-running"}, {Expect: "RUNNING"}})
	o.Timeout = 2 * time.Second
	var e *boot.NotSeenError
	if err := boot.Run(t.Context(), o); !errors.As(err, &e) || !strings.Contains(e.Console, "RUNNING") {
		t.Fatalf("got %v", err)
	}
}

func TestCancelEndsQEMU(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t, boot.Script{{Expect: "ready"}, {Expect: "never"}})
	o.Console = writerFunc(func(p []byte) (int, error) {
		if bytes.Contains(p, []byte("y>")) || bytes.Contains(p, []byte(">")) {
			cancel()
		}
		return len(p), nil
	})
	if err := boot.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if out, _ := exec.Command("pgrep", "-f", o.Image).Output(); len(out) > 0 {
		t.Errorf("QEMU is still there: %s", out)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestProbe: with or without KVM the guest comes up; without, the reason is told.
func TestProbe(t *testing.T) {
	o := options(t, boot.Script{{Expect: "ready> "}})
	o.NoKVM = false
	var log []string
	o.Log = func(s string) { log = append(log, s) }
	if err := boot.Run(t.Context(), o); err != nil {
		t.Error(err)
	}
	if len(log) > 0 && !strings.Contains(log[0], "emulation") {
		t.Errorf("log %q", log)
	}
	t.Log(log)
}

// TestProbeGuest is the control of the probe: under emulation its guest must
// come to its end.
func TestProbeGuest(t *testing.T) {
	if works, why := boot.ProbeEmulation(t.Context(), qemu(t), t.TempDir()); !works {
		t.Fatal(why)
	}
}

func TestBadOptions(t *testing.T) {
	good := boot.Options{Tools: boot.Tools{QEMU: "/bin/false"}, Image: isoImage(t, echoSector()), Memory: 64, CPUs: 1, NoKVM: true, TempDir: t.TempDir(), Script: boot.Script{{Expect: "x"}}}
	cases := map[string]func(*boot.Options){
		"no such file":   func(o *boot.Options) { o.Image = "/nonexistent.iso" },
		"is not a file":  func(o *boot.Options) { o.Image = "/" },
		"at least":       func(o *boot.Options) { o.Memory = 1 },
		"OVMF":           func(o *boot.Options) { o.UEFI = true },
		"QEMU failed":    func(o *boot.Options) {},
		"no such file ":  func(o *boot.Options) { o.Tools.QEMU = "/nonexistent" },
		"no such file  ": func(o *boot.Options) { o.TempDir = "/nonexistent" },
	}
	for want, change := range cases {
		o := good
		change(&o)
		err := boot.Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestHostTools(t *testing.T) {
	if _, err := boot.HostTools(t.TempDir(), false); !errors.Is(err, boot.ErrNoQEMU) {
		t.Errorf("got %v", err)
	}
}

func TestFilter(t *testing.T) {
	cases := map[string]string{
		"plain\r\n\ttext":                  "plain\n\ttext",
		"\x1b[1;32mgreen\x1b[0m":           "green",
		"\x1b[?2004hroot@live:~# ":         "root@live:~# ",
		"\x1b]0;title\x07x\x1b]8;;\x1b\\y": "xy",
		"\x1b(B\x0f\x07bell":               "bell",
		"gr\u00fcn":                        "gr\u00fcn",
	}
	for in, want := range cases {
		for cut := 0; cut <= len(in); cut++ {
			if got := boot.Filter(in[:cut], in[cut:]); got != want {
				t.Errorf("%q cut at %d: got %q, want %q", in, cut, got, want)
			}
		}
	}
}
