// Package boot starts an image in QEMU, as a person would try it or as a test
// that waits for words on the console.
//
// The guest's first serial port is the console. A [Script] is a list of steps,
// each of which waits for a text on it or types a line; [Run] carries the steps
// out in order and ends when the last one is done, when the time is over or when
// the guest stops. QEMU never outlives Run, however the process ends.
//
// KVM is used if it works, and that is found out by trying: /dev/kvm can be
// there and yet fail at the first unusual instruction (nested virtualisation).
// See [ProbeKVM]. Everything also works under emulation, about ten times slower.
//
// The image is opened read-only: booting cannot change it.
package boot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Tools are the programs and firmware that a boot needs.
type Tools struct {
	QEMU     string   // path of qemu-system-x86_64
	DataDirs []string // where it finds its BIOS; none for its own default
	OVMFCode string   // UEFI firmware, needed for UEFI only
	OVMFVars string   // template of its variables
}

// Options describes a boot.
type Options struct {
	Tools  Tools
	Image  string // the ISO file
	UEFI   bool   // boot by UEFI instead of BIOS
	USB    bool   // as a USB stick instead of a CD
	Memory int    // MiB
	CPUs   int
	// NoKVM forbids the use of KVM; the probe is then not made.
	NoKVM bool
	// TempDir is where the firmware's variables and the probe's guest are
	// kept for the time of the run.
	TempDir string
	// Script is what to wait for and type; see [Run].
	Script Script
	// Timeout ends a boot with a script; zero means no limit.
	Timeout time.Duration
	// Console receives what the guest prints on its serial port.
	Console io.Writer
	// Terminal, if set, is connected to the serial port instead of Script
	// and Console: input and output of a person. QEMU's own key is Ctrl-A
	// (then x: quit, h: help).
	Terminal *os.File
	// Log receives messages for the user, one a call, without a newline.
	Log func(string)
}

// ErrNoQEMU says that there is no QEMU on this machine.
var ErrNoQEMU = errors.New("qemu-system-x86_64 is not installed")

// ErrNoOVMF says that there is no UEFI firmware on this machine.
var ErrNoOVMF = errors.New("the UEFI firmware OVMF is not installed")

// firmware lists where distributions put OVMF: code, variables.
var firmware = [...][2]string{
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},           // Debian, Ubuntu
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},                 // older
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},   // Arch
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},       // Fedora
	{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"}, // openSUSE
}

// HostTools looks for QEMU in the directories of path (the value of $PATH) and
// for OVMF where distributions put it. What is missing is [ErrNoQEMU] or, if
// uefi is asked for, [ErrNoOVMF].
func HostTools(path string, uefi bool) (Tools, error) {
	var t Tools
	for _, dir := range filepath.SplitList(path) {
		name := filepath.Join(dir, "qemu-system-x86_64")
		if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			t.QEMU = name
			break
		}
	}
	if t.QEMU == "" {
		return t, ErrNoQEMU
	}
	for _, f := range firmware {
		if isFile(f[0]) && isFile(f[1]) {
			t.OVMFCode, t.OVMFVars = f[0], f[1]
			return t, nil
		}
	}
	if uefi {
		return t, ErrNoOVMF
	}
	return t, nil
}

func isFile(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.Mode().IsRegular()
}

// check finds mistakes that QEMU would report in its own words.
func (o *Options) check() error {
	st, err := os.Stat(o.Image)
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("image %s is not a file", o.Image)
	}
	if st.Size() < 512 {
		return fmt.Errorf("image %s has only %d bytes", o.Image, st.Size())
	}
	if o.Memory < 16 || o.CPUs < 1 {
		return fmt.Errorf("a guest needs at least 16 MiB and one processor, not %d MiB and %d", o.Memory, o.CPUs)
	}
	if o.UEFI && (o.Tools.OVMFCode == "" || o.Tools.OVMFVars == "") {
		return ErrNoOVMF
	}
	return nil
}

// accel is how the guest's processor is made.
type accel struct{ name, option, cpu string }

// kvm leaves out a capability that nested virtualisation announces and then
// cannot keep (MSR 0x10a).
func kvm() accel { return accel{"KVM", "kvm", "host,-arch-capabilities"} }

// emulation uses a thread for each processor. Five-level page tables are left
// out: old firmware stumbles over them.
func emulation() accel { return accel{"emulation", "tcg,thread=multi", "max,la57=off"} }

// arguments returns QEMU's command line. vars is the guest's own copy of the
// firmware's variables.
func (o *Options) arguments(a accel, serial, vars string) []string {
	machine := "pc"
	if o.UEFI {
		machine = "q35"
	}
	args := []string{
		"-name", "isomorph", "-nodefaults", "-no-user-config", "-no-reboot",
		"-machine", machine, "-accel", a.option, "-cpu", a.cpu,
		"-smp", strconv.Itoa(o.CPUs), "-m", strconv.Itoa(o.Memory),
		"-display", "none", "-vga", "std", "-serial", serial, "-monitor", "none",
		"-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=",
		"-device", "virtio-rng-pci",
	}
	for _, dir := range o.Tools.DataDirs {
		args = append(args, "-L", dir)
	}
	if o.UEFI {
		args = append(args,
			"-drive", "if=pflash,unit=0,format=raw,readonly=on,file="+escape(o.Tools.OVMFCode),
			"-drive", "if=pflash,unit=1,format=raw,file="+escape(vars))
	}
	drive := "if=none,id=medium,format=raw,readonly=on,file=" + escape(o.Image)
	if o.USB {
		return append(args, "-drive", drive, "-device", "qemu-xhci", "-device", "usb-storage,drive=medium,removable=on,bootindex=0")
	}
	return append(args, "-drive", drive+",media=cdrom", "-device", "ide-cd,drive=medium,bootindex=0")
}

// escape writes a file name into an option, where a comma ends the value.
func escape(name string) string { return strings.ReplaceAll(name, ",", ",,") }
