package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Run boots the image. With a script it returns nil when the last step is done,
// and *[NotSeenError] if the guest stops or the time is over before that. With a
// terminal it returns when the guest has switched itself off or the person has
// quit QEMU.
//
// If KVM fails in the middle of the run, it begins again under emulation.
func Run(ctx context.Context, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.TempDir, "isomorph-boot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the time of %v is over", o.Timeout))
		defer cancel()
	}
	a := o.choose(ctx, dir)
	err = o.run(ctx, a, dir)
	if errors.Is(err, errKVM) {
		o.log(err.Error() + "; beginning again under emulation")
		err = o.run(ctx, emulation(), dir)
	}
	return err
}

// choose picks KVM or emulation and says which, and why.
func (o *Options) choose(ctx context.Context, dir string) accel {
	if o.NoKVM {
		return emulation()
	}
	works, why := ProbeKVM(ctx, o.Tools, dir)
	if works {
		return kvm()
	}
	o.log("KVM cannot be used here (" + why + "): booting under emulation, which is slower")
	return emulation()
}

func (o *Options) run(ctx context.Context, a accel, dir string) error {
	vars := filepath.Join(dir, "vars.fd")
	if o.UEFI {
		if err := copyFile(o.Tools.OVMFVars, vars); err != nil {
			return fmt.Errorf("UEFI variables: %w", err)
		}
	}
	g := guest{program: o.Tools.QEMU, console: o.Console, script: o.Script}
	serial := "stdio"
	if o.Terminal != nil {
		serial = "mon:stdio"
		g.terminal, g.screen = o.Terminal, o.Console
	}
	g.args = o.arguments(a, serial, vars)
	return runGuest(ctx, g)
}

func (o *Options) log(text string) {
	if o.Log != nil {
		o.Log(text)
	}
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// DefaultTimeout is how long a scripted boot may take: under emulation on a busy
// machine a live system needs up to two minutes to its prompt.
const DefaultTimeout = 240 * time.Second
