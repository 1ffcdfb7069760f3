package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"isomorph/channel"
	"isomorph/internal/boot"
	"isomorph/internal/channelfs"
	"isomorph/internal/cli"
	"isomorph/internal/cli/channelcmd"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/envcmd"
	"isomorph/internal/cli/flakecmd"
	"isomorph/internal/cli/hashcmd"
	"isomorph/internal/cli/lockcmd"
	"isomorph/internal/cli/session"
	"isomorph/internal/cli/storecmd"
	"isomorph/internal/debian/archive"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// channelDeps gives the command "channel" the channel on disk and an evaluator
// that reads it.
func channelDeps(m *session.Maker) channelcmd.Deps {
	return channelcmd.Deps{
		Materialise: m.Materialise,
		Evaluate: func(ctx context.Context, expr string) ([]byte, error) {
			s, err := m.Open(ctx, &classic.Common{ReadOnly: true, Quiet: true})
			if err != nil {
				return nil, err
			}
			defer s.Close()
			ev := s.Evaluator(ctx)
			var out []byte
			err = ev.Do(func(c *eval.Ctx) {
				v, _ := ev.Select(c, pipeline.Input{Source: pipeline.Source{Text: expr}, Dir: m.Env.Dir})
				out = []byte(builtins.ToJSON(c, 0, v, new(eval.ContextSet)))
			})
			return out, err
		},
	}
}

// lockDeps gives the command "lock" the network, apt's configuration and the
// lock that is built in.
func lockDeps(m *session.Maker) lockcmd.Deps {
	return lockcmd.Deps{
		Fetcher:  archive.NewHTTP(m.Proxy()),
		Root:     os.DirFS("/"),
		Embedded: func() ([]byte, error) { return fs.ReadFile(channel.Files(), channelfs.LockFile) },
	}
}

// bootTools builds QEMU, and firmware for UEFI, from the embedded channel, for
// a machine that has none.
func bootTools(ctx context.Context, env *cli.Env, m *session.Maker, uefi bool) (boot.Tools, error) {
	var t boot.Tools
	dir, err := m.Materialise(ctx)
	if err != nil {
		return t, err
	}
	s, err := m.Open(ctx, &classic.Common{Include: []string{"nixpkgs=" + dir}})
	if err != nil {
		return t, err
	}
	defer s.Close()
	names := []string{"qemu"}
	if uefi {
		names = append(names, "OVMF")
	}
	outs, err := buildFromChannel(ctx, env, s, dir, names)
	if err != nil {
		return t, err
	}
	s.CloseDisplay()
	// bin/qemu-system-x86_64 is a script that gives the program the logical
	// path of its firmware.
	qemu := outs[0]
	if t.QEMU, err = s.HostScript(ctx, qemu, "bin/.qemu-system-x86_64-wrapped", "QEMU_MODULE_DIR="+filepath.Join(qemu.Real, "lib/qemu")); err != nil {
		return t, err
	}
	t.DataDirs = []string{filepath.Join(qemu.Real, "share/qemu")}
	if uefi {
		t.OVMFCode = filepath.Join(outs[1].Real, "FV/OVMF_CODE.fd")
		t.OVMFVars = filepath.Join(outs[1].Real, "FV/OVMF_VARS.fd")
	}
	return t, nil
}

// buildFromChannel builds packages of the embedded channel in dir.
func buildFromChannel(ctx context.Context, env *cli.Env, s *pipeline.Session, dir string, names []string) ([]pipeline.Output, error) {
	found, err := s.Instantiate(ctx, pipeline.BuildRequest{
		Attrs: names,
		Input: pipeline.Input{Dir: env.Dir, Source: pipeline.Source{File: dir}},
	})
	if err != nil {
		return nil, err
	}
	outs, err := s.Realise(ctx, found)
	if err != nil {
		return nil, err
	}
	if len(outs) != len(names) {
		return nil, fmt.Errorf("the channel gave %d packages for %v", len(outs), names)
	}
	return outs, nil
}

// envDeps gives nix-env sessions, and the places of profiles.
func envDeps(m *session.Maker) envcmd.Deps {
	return envcmd.Deps{
		Open: func(ctx context.Context, common *classic.Common) (*pipeline.Session, error) {
			return m.Open(ctx, common)
		},
		Settings: m.Settings,
		Places:   m.ProfilePlaces,
	}
}

// hashDeps gives the commands about hashes the settings, and the place where
// hashes of trees are remembered.
func hashDeps(m *session.Maker) hashcmd.Deps {
	return hashcmd.Deps{Settings: m.Settings, Trees: m.Trees}
}

// flakeDeps gives the commands about flakes what they work in.
func flakeDeps(m *session.Maker) flakecmd.Deps {
	return flakecmd.Deps{Open: m.Open, OpenStore: storeDeps(m).Open, UserRegistry: m.UserRegistry()}
}

// storeDeps gives the store commands the store, and a way to build.
func storeDeps(m *session.Maker) storecmd.Deps {
	return storecmd.Deps{
		Open: func(ctx context.Context, common *classic.Common) (*localstore.Store, error) {
			opts, err := m.StoreOptions(common)
			if err != nil {
				return nil, err
			}
			return localstore.Open(ctx, opts)
		},
		Settings: m.Settings,
		Places:   m.ProfilePlaces,
		Repair: func(ctx context.Context, common *classic.Common, p storepath.Path) error {
			s, err := m.Open(ctx, common)
			if err != nil {
				return err
			}
			defer s.Close()
			return s.RepairPath(ctx, p)
		},
		Realise: func(ctx context.Context, common *classic.Common, operands []string) ([]storepath.Path, error) {
			s, err := m.Open(ctx, common)
			if err != nil {
				return nil, err
			}
			defer s.Close()
			return s.RealiseOperands(ctx, operands)
		},
	}
}
