package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter is an allow-list by number: the calls up to `last` were looked at
// one by one, the exceptions below are what a build may not do, and a call that
// a later kernel brings answers ENOSYS until somebody has looked at it. A
// deny-list let fchmodat2 through when it was new (NixOS/nix#10424).
//
// Exceptions, and why:
//   - modes with setuid or setgid bits: EPERM, as Nix. A file like that, owned by
//     the user who runs the build, would be a way into the account.
//   - extended attributes and ACLs: ENOTSUP, as Nix. The NAR form cannot hold
//     them, and reading them shows the host's security labels.
//   - new namespaces, mounts, keys, kernel facilities that need privilege or have
//     been ways out of containers (io_uring, bpf, userfaultfd, perf): EPERM, or
//     ENOSYS where programs fall back on that.
//   - clone3, openat2: their flags lie in memory, where a filter cannot see them;
//     ENOSYS makes libraries use clone and openat.
const (
	lastAMD64 = 462 // mseal
	last386   = 462
	setIDBits = unix.S_ISUID | unix.S_ISGID
	newNS     = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	createBit = unix.O_CREAT | (unix.O_TMPFILE &^ unix.O_DIRECTORY)
	x32Bit    = 0x40000000
)

func deny(e unix.Errno) program { return program{ret(errnoAction(e))} }

// denyBits refuses a call with EPERM when argument i has one of the bits set.
func denyBits(i int, bits uint32) program {
	return program{
		load(offArgLow(i)),
		jump(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, bits, 0, 1),
		ret(errnoAction(unix.EPERM)),
		ret(unix.SECCOMP_RET_ALLOW),
	}
}

// denyCreateBits is for open: the mode, argument flags+1, counts only when the
// flags ask for a new file; otherwise that register holds anything at all.
func denyCreateBits(flags int) program {
	return program{
		load(offArgLow(flags)),
		jump(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, createBit, 0, 3),
		load(offArgLow(flags + 1)),
		jump(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, setIDBits, 0, 1),
		ret(errnoAction(unix.EPERM)),
		ret(unix.SECCOMP_RET_ALLOW),
	}
}

// onlyFamilies lets socket make the families that stay inside the network
// namespace. AF_VSOCK is not bound to one and reaches the hypervisor.
func onlyFamilies() program {
	return program{
		load(offArgLow(0)),
		jump(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, unix.AF_UNIX, 4, 0),
		jump(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, unix.AF_INET, 3, 0),
		jump(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, unix.AF_INET6, 2, 0),
		jump(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, unix.AF_NETLINK, 1, 0),
		ret(errnoAction(unix.EAFNOSUPPORT)),
		ret(unix.SECCOMP_RET_ALLOW),
	}
}

// common adds what has the same number on every architecture (calls since 5.1).
func common(ex map[uint32]program) map[uint32]program {
	for _, n := range []uint32{
		428, 429, 430, 431, 432, 433, 442, // open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
		443,      // quotactl_fd
		457, 458, // statmount listmount
	} {
		ex[n] = deny(unix.EPERM)
	}
	for _, n := range []uint32{425, 426, 427, 435, 437} { // io_uring_*, clone3, openat2
		ex[n] = deny(unix.ENOSYS)
	}
	ex[452] = denyBits(2, setIDBits)      // fchmodat2
	for n := uint32(463); n <= 466; n++ { // {set,get,list,remove}xattrat
		ex[n] = deny(unix.ENOTSUP)
	}
	return ex
}

func amd64Table() table {
	ex := common(map[uint32]program{
		2:   denyCreateBits(1),      // open
		85:  denyBits(1, setIDBits), // creat
		90:  denyBits(1, setIDBits), // chmod
		91:  denyBits(1, setIDBits), // fchmod
		268: denyBits(2, setIDBits), // fchmodat
		133: denyBits(1, setIDBits), // mknod
		259: denyBits(2, setIDBits), // mknodat
		257: denyCreateBits(2),      // openat
		56:  denyBits(0, newNS),     // clone
		272: denyBits(0, newNS),     // unshare
		41:  onlyFamilies(),         // socket
	})
	for n := uint32(188); n <= 199; n++ { // {set,get,list,remove}xattr and l-, f-forms
		ex[n] = deny(unix.ENOTSUP)
	}
	for _, n := range []uint32{
		153, 155, 161, // vhangup pivot_root chroot
		163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, // acct settimeofday mount umount2 swapon swapoff reboot sethostname setdomainname iopl ioperm
		174, 175, 176, 177, 178, 179, 180, // module calls, quotactl, nfsservctl
		212, 227, 246, 248, 249, 250, // lookup_dcookie clock_settime kexec_load add_key request_key keyctl
		298, 304, 305, 308, 313, 320, 321, 323, // perf_event_open open_by_handle_at clock_adjtime setns finit_module kexec_file_load bpf userfaultfd
	} {
		ex[n] = deny(unix.EPERM)
	}
	return table{lastAMD64, ex}
}

// i386Table is for 32-bit programs on a 64-bit kernel. socketcall hides its
// arguments in memory: only a build for i686 may use it.
func i386Table(native bool) table {
	ex := common(map[uint32]program{
		5:   denyCreateBits(1),      // open
		8:   denyBits(1, setIDBits), // creat
		15:  denyBits(1, setIDBits), // chmod
		94:  denyBits(1, setIDBits), // fchmod
		306: denyBits(2, setIDBits), // fchmodat
		14:  denyBits(1, setIDBits), // mknod
		297: denyBits(2, setIDBits), // mknodat
		295: denyCreateBits(2),      // openat
		120: denyBits(0, newNS),     // clone
		310: denyBits(0, newNS),     // unshare
		359: onlyFamilies(),         // socket
	})
	if !native {
		ex[102] = deny(unix.ENOSYS) // socketcall
	}
	for n := uint32(226); n <= 237; n++ { // the xattr family
		ex[n] = deny(unix.ENOTSUP)
	}
	for _, n := range []uint32{
		21, 22, 25, 51, 52, 61, 74, 79, 87, 88, // mount umount stime acct umount2 chroot sethostname settimeofday swapon reboot
		101, 110, 111, 113, 115, 121, 127, 128, 129, 130, 131, 166, // ioperm iopl vhangup vm86old swapoff setdomainname module calls quotactl vm86
		169, 217, 253, 264, 283, 286, 287, 288, // nfsservctl pivot_root lookup_dcookie clock_settime kexec_load add_key request_key keyctl
		336, 342, 343, 346, 350, 357, 374, 404, 405, // perf_event_open open_by_handle_at clock_adjtime setns finit_module bpf userfaultfd clock_settime64 clock_adjtime64
	} {
		ex[n] = deny(unix.EPERM)
	}
	return table{last386, ex}
}

// filter assembles the whole program. Any other architecture than the two is
// killed; x32 system calls, which carry a bit of their own, do not exist.
func filter(native32 bool) program {
	amd64 := append(program{
		load(offNr),
		jump(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, x32Bit, 0, 1),
		ret(errnoAction(unix.ENOSYS)),
	}, tree(amd64Table().rules())...)
	i386 := append(program{load(offNr)}, tree(i386Table(native32).rules())...)
	p := program{
		load(offArch),
		jump(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, unix.AUDIT_ARCH_X86_64, 2, 0),
		jump(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, unix.AUDIT_ARCH_I386, 2, 0),
		ret(unix.SECCOMP_RET_KILL_PROCESS),
		stmt(unix.BPF_JMP|unix.BPF_JA, uint32(1)),
		stmt(unix.BPF_JMP|unix.BPF_JA, uint32(len(amd64))),
	}
	return append(append(p, amd64...), i386...)
}

// installFilter puts the filter on the calling thread and what it starts.
// no_new_privs must be set already.
func installFilter(native32 bool) error {
	p := filter(native32)
	if len(p) > unix.BPF_MAXINSNS {
		return fmt.Errorf("seccomp filter has %d instructions, the kernel takes %d", len(p), unix.BPF_MAXINSNS)
	}
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}
