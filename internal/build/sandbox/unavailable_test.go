package sandbox

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRemedy(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		err   unix.Errno
		want  string
	}{
		{"clone switch", map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0"}, unix.EPERM, "sysctl -w kernel.unprivileged_userns_clone=1"},
		{"limit 0", map[string]string{"/proc/sys/user/max_user_namespaces": "0"}, unix.ENOSPC, "sysctl -w user.max_user_namespaces=15000"},
		{"Ubuntu", map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, unix.EACCES, "/etc/apparmor.d/isomorph"},
		{"Docker", map[string]string{"/proc/self/mountinfo": "1 2 0:1 / / rw - overlay overlay rw"}, unix.EPERM, "seccomp=unconfined"},
		{"limit", nil, unix.ENOSPC, "max_mnt_namespaces"},
		{"old kernel", nil, unix.ENOSYS, "Linux 5.12"},
		{"chroot", nil, unix.EPERM, "Inside a chroot"},
	} {
		got := remedy("x", c.err, func(p string) string { return c.files[p] })
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q in it", c.name, got, c.want)
		}
	}
}

func TestSetupFailureIsUnavailableOnlyForTheMachinesFault(t *testing.T) {
	for _, c := range []struct {
		step        string
		errno       unix.Errno
		unavailable bool
	}{
		{"mount /proc", unix.EPERM, true},
		{"make mounts private", unix.EACCES, true},
		{"show /nix/store/x as /nix/store/x", unix.EACCES, false},
		{"execute /bin/x", unix.EACCES, false},
		{"make /etc/passwd", unix.ENOSPC, false},
	} {
		_, got := setupFailure(report{Step: c.step, Errno: c.errno}).(*UnavailableError)
		if got != c.unavailable {
			t.Errorf("%s %v: unavailable %v, want %v", c.step, c.errno, got, c.unavailable)
		}
	}
}

// TestFilter interprets the program for every call number of both tables.
func TestFilter(t *testing.T) {
	for _, c := range []struct {
		arch uint32
		t    table
		bits uint32
	}{
		{unix.AUDIT_ARCH_X86_64, amd64Table(), 0},
		{unix.AUDIT_ARCH_I386, i386Table(false), 0},
	} {
		p := filter(false)
		for nr := range uint32(2000) {
			want := uint32(unix.SECCOMP_RET_ALLOW)
			if ex, ok := c.t.exceptions[nr]; ok {
				want = interpret(t, ex, nr, c.arch)
			} else if nr > c.t.last {
				want = errnoAction(unix.ENOSYS)
			}
			if got := interpret(t, p, nr, c.arch); got != want {
				t.Fatalf("arch %x call %d: got %x, want %x", c.arch, nr, got, want)
			}
		}
	}
	if got := interpret(t, filter(false), 1, 0xc00000b7); got != unix.SECCOMP_RET_KILL_PROCESS {
		t.Errorf("another architecture: %x", got)
	}
}

// interpret runs a filter with all arguments zero.
func interpret(t *testing.T, p program, nr, arch uint32) uint32 {
	t.Helper()
	acc := uint32(0)
	for pc := 0; pc < len(p); pc++ {
		in := p[pc]
		jump := func(cond bool) {
			if cond {
				pc += int(in.Jt)
			} else {
				pc += int(in.Jf)
			}
		}
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			acc = map[uint32]uint32{offNr: nr, offArch: arch}[in.K]
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(in.K)
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			jump(acc == in.K)
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			jump(acc >= in.K)
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			jump(acc&in.K != 0)
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		default:
			t.Fatalf("unknown instruction %x", in.Code)
		}
	}
	t.Fatal("the program runs off its end")
	return 0
}
