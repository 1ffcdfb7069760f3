package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// probeTime is the longest that the probe may take. Where KVM works it is done
// in a fraction of a second.
const probeTime = 5 * time.Second

// probeWords is what the probe's guest prints at its end.
const probeWords = "isomorph guest ok"

// ProbeKVM reports whether KVM can run a guest here; if not, why says what
// happened. It starts a guest of one boot sector and waits, five seconds at
// most, for its words on the serial port. The guest does what boot loaders do
// and what broken nested virtualisation fails at: it waits for the floating
// point unit, returns from an interrupt in real and in protected mode, and
// changes between the two.
func ProbeKVM(ctx context.Context, t Tools, tempDir string) (works bool, why string) {
	if f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err != nil {
		return false, err.Error()
	} else if err := f.Close(); err != nil {
		return false, err.Error()
	}
	dir, err := os.MkdirTemp(tempDir, "isomorph-kvm-")
	if err != nil {
		return false, err.Error()
	}
	defer os.RemoveAll(dir)
	sector := filepath.Join(dir, "sector")
	if err := os.WriteFile(sector, probeSector(), 0o600); err != nil {
		return false, err.Error()
	}
	return probe(ctx, t, kvm(), sector)
}

// probe runs the sector from a floppy disk.
func probe(ctx context.Context, t Tools, a accel, sector string) (works bool, why string) {
	ctx, cancel := context.WithTimeoutCause(ctx, probeTime, fmt.Errorf("the guest did not come up in %v", probeTime))
	defer cancel()
	args := []string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-machine", "pc", "-accel", a.option, "-cpu", a.cpu, "-m", "32",
		"-display", "none", "-monitor", "none", "-serial", "stdio", "-boot", "a",
		"-drive", "if=floppy,format=raw,readonly=on,file=" + escape(sector),
	}
	for _, dir := range t.DataDirs {
		args = append(args, "-L", dir)
	}
	var console bytes.Buffer
	err := runGuest(ctx, guest{
		program: t.QEMU, args: args, console: &console,
		script: Script{{Expect: probeWords}},
	})
	if err == nil {
		return true, ""
	}
	var e *NotSeenError
	if errors.As(err, &e) {
		return false, e.Reason
	}
	return false, err.Error()
}

// probeSector returns the boot sector. Its source, for GNU as:
//
//	.code16
//	        cli; xorw %ax,%ax; movw %ax,%ds; movw %ax,%ss; movw $0x7c00,%sp
//	        fninit; fwait
//	        pushfw; pushw %cs; pushw $1f; iretw     # real mode
//	1:      lgdtw gdtr; movl %cr0,%eax; orb $1,%al; movl %eax,%cr0
//	        ljmpw $0x08,$2f
//	.code32
//	2:      movw $0x10,%ax; movw %ax,%ds; movw %ax,%ss
//	        fwait
//	        pushfl; pushl $0x08; pushl $3f; iretl   # protected mode
//	3:      ljmpl $0x18,$4f
//	.code16
//	4:      movl %cr0,%eax; andb $0xfe,%al; movl %eax,%cr0
//	        ljmpw $0,$5f
//	5:      xorw %ax,%ax; movw %ax,%ds; movw %ax,%ss
//	        movw $msg,%si; movw $0x3f8,%dx
//	6:      lodsb; testb %al,%al; jz 7f; outb %al,%dx; jmp 6b
//	7:      hlt; jmp 7b
//	.align 8
//	gdt:    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00009a000000ffff
//	gdtr:   .word 31; .long gdt
//	msg:    .asciz "isomorph guest ok\r\n"
func probeSector() []byte {
	s := make([]byte, 512)
	n := copy(s, "\xfa\x31\xc0\x8e\xd8\x8e\xd0\xbc\x00\x7c\xdb\xe3\x9b\x9c\x0e\x68"+
		"\x13\x7c\xcf\x0f\x01\x16\x88\x7c\x0f\x20\xc0\x0c\x01\x0f\x22\xc0"+
		"\xea\x25\x7c\x08\x00\x66\xb8\x10\x00\x8e\xd8\x8e\xd0\x9b\x9c\x6a"+
		"\x08\x68\x37\x7c\x00\x00\xcf\xea\x3e\x7c\x00\x00\x18\x00\x0f\x20"+
		"\xc0\x24\xfe\x0f\x22\xc0\xea\x4b\x7c\x00\x00\x31\xc0\x8e\xd8\x8e"+
		"\xd0\xbe\x8e\x7c\xba\xf8\x03\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4"+
		"\xeb\xfd\x8d\xb4\x00\x00\x66\x90\x00\x00\x00\x00\x00\x00\x00\x00"+
		"\xff\xff\x00\x00\x00\x9a\xcf\x00\xff\xff\x00\x00\x00\x92\xcf\x00"+
		"\xff\xff\x00\x00\x00\x9a\x00\x00\x1f\x00\x68\x7c\x00\x00")
	copy(s[n:], probeWords+"\r\n")
	s[510], s[511] = 0x55, 0xaa
	return s
}
