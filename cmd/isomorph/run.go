package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isomorph/channel"
	"isomorph/examples"
	"isomorph/internal/boot"
	"isomorph/internal/build"
	"isomorph/internal/cli"
	"isomorph/internal/cli/bootcmd"
	"isomorph/internal/cli/buildcmd"
	"isomorph/internal/cli/channelcmd"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/envcmd"
	"isomorph/internal/cli/evalcmd"
	"isomorph/internal/cli/flakecmd"
	"isomorph/internal/cli/hashcmd"
	"isomorph/internal/cli/initcmd"
	"isomorph/internal/cli/lockcmd"
	"isomorph/internal/cli/session"
	"isomorph/internal/cli/settings"
	"isomorph/internal/cli/storecmd"
	"isomorph/internal/nixhash"
	"isomorph/internal/pipeline"
	"isomorph/internal/progress"
)

// run does what the arguments ask for.
func run(env *cli.Env, args []string) error {
	ctx, stop := interruptible(env)
	defer stop()
	err := dispatch(ctx, env, args)
	if p := (*cli.Printed)(nil); errors.As(err, &p) {
		_, err = fmt.Fprint(env.Stdout, p.Text)
		return err
	}
	if err != nil && context.Cause(ctx) != nil && errors.Is(err, context.Canceled) {
		return &cli.ExitError{Code: cli.ExitFailure, Err: context.Cause(ctx)}
	}
	return err
}

// interruptible returns a context that the first signal ends in an orderly way:
// builds are killed, temporary files removed. A second one ends the program at
// once.
func interruptible(env *cli.Env) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		sig := <-env.Signals
		cancel(fmt.Errorf("interrupted by the user (%s); run the same command again to go on", sig))
		// Some programs (timeout, a shell and its terminal) deliver a signal
		// twice. A person who presses a second time is slower.
		patience := time.After(500 * time.Millisecond)
		for {
			<-env.Signals
			select {
			case <-patience:
				os.Exit(130)
			default:
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// dispatch runs the classic command that the program was called as, or named
// as its first argument, or else a command of isomorph's own.
func dispatch(ctx context.Context, env *cli.Env, args []string) error {
	m := &session.Maker{Env: env, Channel: channel.Files(), Display: newDisplay}
	classics := classicCommands(env, m)
	if f, ok := classics[env.Args0]; ok {
		return withUsage(env.Args0, f(ctx, args))
	}
	if len(args) > 0 {
		if f, ok := classics[args[0]]; ok {
			return withUsage(args[0], f(ctx, args[1:]))
		}
	}
	root := newRoot(env, m)
	joined, err := cli.JoinPairs(settingFlags(root, args))
	if err != nil {
		return &cli.ExitError{Code: cli.ExitUsage, Err: err}
	}
	root.SetArgs(joined)
	err = root.ExecuteContext(ctx)
	if exit := (*cli.ExitError)(nil); err != nil && !errors.As(err, &exit) && strings.HasPrefix(err.Error(), "unknown command") {
		return &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf("%w; see 'isomorph --help'", err)}
	}
	return advised(err)
}

// advised adds what may help to the error of a build. The classic commands say
// what Nix says.
func advised(err error) error {
	if e, ok := errors.AsType[*build.Error](err); ok && e.Advice != "" {
		return fmt.Errorf("%w\nhint: %s", err, e.Advice)
	}
	return err
}

// settingFlags lets the settings of Nix be flags of isomorph's own commands, too,
// if they have --option.
func settingFlags(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.Flags().Lookup("option") == nil {
		return args
	}
	own := func(name string) bool {
		name, _, _ = strings.Cut(name, "=")
		return cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil
	}
	return cli.SettingFlags(args, own, settings.Flag)
}

// withUsage adds where help is to errors that are one of usage for Nix, whoever
// made them: the name of a hash algorithm that does not exist.
func withUsage(command string, err error) error {
	if !errors.Is(err, nixhash.ErrUnknownAlgorithm) || strings.Contains(err.Error(), "--help' for more information") {
		return err
	}
	return fmt.Errorf("%w\nTry '%s --help' for more information.", err, command)
}

// classicCommands are the commands of Nix that isomorph also is.
func classicCommands(env *cli.Env, m *session.Maker) map[string]func(context.Context, []string) error {
	openBuild := func(ctx context.Context, common *classic.Common) (*pipeline.Session, error) {
		return m.Open(ctx, common)
	}
	openEval := func(ctx context.Context, _ *cli.Env, common *classic.Common) (*pipeline.Session, error) {
		return m.Open(ctx, common)
	}
	return map[string]func(context.Context, []string) error{
		"nix-instantiate": func(ctx context.Context, args []string) error {
			return evalcmd.NixInstantiate(ctx, env, openEval, args)
		},
		"nix-build": func(ctx context.Context, args []string) error {
			return buildcmd.NixBuild(ctx, env, openBuild, args)
		},
		"nix-store": func(ctx context.Context, args []string) error {
			return storecmd.RunNixStore(ctx, env, storeDeps(m), args)
		},
		"nix-hash": func(ctx context.Context, args []string) error {
			return hashcmd.NixHash(ctx, env, hashDeps(m), args)
		},
		"nix-prefetch-url": func(ctx context.Context, args []string) error {
			return hashcmd.PrefetchURL(ctx, env, openBuild, args)
		},
		"nix-env": func(ctx context.Context, args []string) error {
			return envcmd.Run(ctx, env, envDeps(m), args)
		},
		"nix-collect-garbage": func(ctx context.Context, args []string) error {
			return storecmd.RunCollectGarbage(ctx, env, storeDeps(m), args)
		},
	}
}

func newRoot(env *cli.Env, m *session.Maker) *cobra.Command {
	root := &cobra.Command{
		Use:   "isomorph",
		Short: "Turn a Nix recipe into a bootable live ISO, the same bits for everyone",
		Long: `isomorph turns a Nix recipe into a bootable live ISO, the same bits for everyone,
and needs no installed Nix, no daemon, no root and no Docker for it.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Version:           version(),
	}
	root.SetVersionTemplate("isomorph {{.Version}}\n")
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf("%w\nTry '%s --help' for more information.", err, cmd.CommandPath())}
	})
	openBuild := func(ctx context.Context, common *classic.Common) (*pipeline.Session, error) {
		return m.Open(ctx, common)
	}
	openEval := func(ctx context.Context, _ *cli.Env, common *classic.Common) (*pipeline.Session, error) {
		return m.Open(ctx, common)
	}
	root.AddCommand(buildcmd.New(env, openBuild))
	root.AddCommand(evalcmd.New(env, openEval)...)
	root.AddCommand(flakecmd.New(env, flakeDeps(m)), flakecmd.NewRegistry(env, flakeDeps(m)))
	root.AddCommand(storecmd.New(env, storeDeps(m))...)
	root.AddCommand(hashcmd.New(env, hashDeps(m)))
	root.AddCommand(bootcmd.New(env, func(ctx context.Context, uefi bool) (boot.Tools, error) { return bootTools(ctx, env, m, uefi) }))
	root.AddCommand(channelcmd.New(env, channelDeps(m)))
	root.AddCommand(lockcmd.New(env, lockDeps(m)))
	root.AddCommand(initcmd.New(env, examples.Files()))
	usageErrors(root)
	return root
}

// usageErrors gives a wrong number of operands the exit code that all mistakes
// on the command line have.
func usageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf("%w\nTry '%s --help' for more information.", err, cmd.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageErrors(sub)
	}
}

// newDisplay shows progress in the way that standard error allows.
func newDisplay(env *cli.Env, common *classic.Common) progress.Display {
	logs, quiet := common.PrintLogs, common.Quiet
	_, noColor := env.LookupEnv("NO_COLOR")
	opts := progress.Options{Now: env.Now, Environ: env.Environ, Color: !noColor, Logs: logs, Quiet: quiet}
	if common.RawLogs && !env.StderrIsTerminal {
		return progress.NewRaw(env.Stderr, opts)
	}
	if env.StderrIsTerminal && !logs && !quiet {
		return progress.NewLive(env.Stderr, opts)
	}
	return progress.NewPlain(env.Stderr, opts)
}
