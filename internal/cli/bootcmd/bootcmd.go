// Package bootcmd is "isomorph boot": it starts an image in QEMU, for a person
// or for a test that waits for words on the console.
package bootcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"isomorph/internal/boot"
	"isomorph/internal/cli"
)

// Tools provides QEMU and firmware where the machine has none: from the channel,
// built if need be. uefi says whether OVMF is needed.
type Tools func(ctx context.Context, uefi bool) (boot.Tools, error)

// New returns the command. tools may be nil: then the machine must have QEMU.
func New(env *cli.Env, tools Tools) *cobra.Command {
	c := &command{env: env, tools: tools}
	cmd := &cobra.Command{
		Use:   "boot IMAGE",
		Short: "Boot an image in QEMU",
		Long: `Boots an ISO image, with its first serial port as the console. IMAGE is an ISO
file, or a directory such as an output link of "isomorph build" that holds one.

On a terminal, the console is connected to it; Ctrl-A x quits, Ctrl-A h helps.

With --expect and --send the boot is a test. They form one list, in the order in
which they are given, and are carried out step by step: --expect waits until
TEXT appears on the console, after what the step before has waited for; --send
types TEXT and the Enter key as soon as the guest has been silent for half a
second. The line on which it is typed does not count as output, so that the
guest's echo is not taken for the answer:

    isomorph boot live.iso --expect '# ' --send hello_syncom --expect 'hello syncom'

Exits with 0 as soon as the last step is done, and with 1 if the guest stops or
the time is over before that; then the console's last lines are shown. Colours
and cursor movements are left out of the text that is compared.

KVM is used if a small test guest runs with it, emulation otherwise. QEMU and the
UEFI firmware are taken from this machine, or from the channel if it has none.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&c.uefi, "uefi", false, "boot by UEFI instead of BIOS")
	f.BoolVar(&c.usb, "usb", false, "boot as a USB stick instead of a CD")
	f.IntVar(&c.memory, "memory", 1536, "memory of the guest in `MiB`")
	f.IntVar(&c.cpus, "cpus", 2, "processors of the guest")
	f.Var(stepFlag{&c.script, func(s string) boot.Step { return boot.Step{Expect: s} }}, "expect", "wait until `TEXT` appears on the console (may be given again)")
	f.Var(stepFlag{&c.script, func(s string) boot.Step { return boot.Step{Send: s} }}, "send", "type `TEXT` and Enter (may be given again)")
	f.DurationVar(&c.timeout, "timeout", 0, "give up after this time (default 240s with --expect, else none)")
	f.BoolVar(&c.noKVM, "no-kvm", false, "use emulation even if KVM works")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "show the console while waiting")
	return cmd
}

type command struct {
	env          *cli.Env
	tools        Tools
	uefi, usb    bool
	memory, cpus int
	script       boot.Script
	timeout      time.Duration
	noKVM        bool
	verbose      bool
}

// stepFlag collects two flags into one list, which keeps their common order.
type stepFlag struct {
	script *boot.Script
	step   func(string) boot.Step
}

func (stepFlag) String() string { return "" }
func (stepFlag) Type() string   { return "TEXT" }
func (f stepFlag) Set(s string) error {
	step := f.step(s)
	if step == (boot.Step{}) && f.step("x").Expect != "" {
		return errors.New("there is nothing to wait for")
	}
	*f.script = append(*f.script, step)
	return nil
}

func (c *command) run(cmd *cobra.Command, image string) error {
	image, err := c.findImage(image)
	if err != nil {
		return err
	}
	tools, err := c.findTools(cmd.Context())
	if err != nil {
		return err
	}
	o := boot.Options{
		Tools: tools, Image: image, UEFI: c.uefi, USB: c.usb, Memory: c.memory, CPUs: c.cpus,
		NoKVM: c.noKVM, TempDir: c.tempDir(), Script: c.script, Timeout: c.timeout, Log: c.say,
	}
	c.connect(&o)
	started := c.env.Now()
	if err := boot.Run(cmd.Context(), o); err != nil {
		return fmt.Errorf("boot %s: %w", image, err)
	}
	if len(c.script) > 0 {
		c.say(fmt.Sprintf("all %d steps done after %v", len(c.script), c.env.Now().Sub(started).Round(100*time.Millisecond)))
	}
	return nil
}

// connect decides what the console is connected to.
func (c *command) connect(o *boot.Options) {
	if len(c.script) > 0 {
		if o.Timeout == 0 {
			o.Timeout = boot.DefaultTimeout
		}
		if c.verbose {
			o.Console = c.env.Stderr
		}
		return
	}
	o.Console = c.env.Stdout
	if f, ok := c.env.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		o.Terminal = f
		c.say("console of " + o.Image + " (Ctrl-A x quits)")
	}
}

// findTools prefers what the machine has.
func (c *command) findTools(ctx context.Context) (boot.Tools, error) {
	t, err := boot.HostTools(c.env.Getenv("PATH"), c.uefi)
	if err == nil {
		return t, nil
	}
	if c.tools == nil {
		return t, fmt.Errorf("%w; install it (on Debian: apt install qemu-system-x86 ovmf)", err)
	}
	c.say(err.Error() + " on this machine: taking it from the channel")
	return c.tools(ctx, c.uefi)
}

// findImage finds the one ISO file in a directory, or takes a file as it is.
func (c *command) findImage(name string) (string, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(c.env.Dir, name)
	}
	st, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("image: %w", err)
	}
	if !st.IsDir() {
		return name, nil
	}
	found, err := filepath.Glob(filepath.Join(globEscape(name), "iso", "*.iso"))
	if err != nil {
		return "", err
	}
	if more, err := filepath.Glob(filepath.Join(globEscape(name), "*.iso")); err == nil {
		found = append(found, more...)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("directory %s holds %d images (*.iso), one is needed", name, len(found))
	}
	return found[0], nil
}

// globEscape makes a path that matches only itself.
func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

func (c *command) tempDir() string {
	if dir := c.env.Getenv("TMPDIR"); filepath.IsAbs(dir) {
		return dir
	}
	return "/tmp"
}

func (c *command) say(text string) { fmt.Fprintln(c.env.Stderr, text) }
