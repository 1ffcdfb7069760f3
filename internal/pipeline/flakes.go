package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
	"isomorph/internal/input"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// FlakeConfig is what decides about flakes.
type FlakeConfig struct {
	UserRegistry   string // file, "" for none
	SystemRegistry string // likewise

	// GlobalRegistry is Nix's flake-registry: a file, or a URL of one; "" for
	// none.
	GlobalRegistry string

	NoRegistries   bool
	AcceptConfig   bool
	AllowDirtyLock bool
	RefuseDirty    bool
	QuietDirty     bool
	CommitSummary  string

	Environ []string // of git, when it writes

	// Decide makes a setting of a flake's nixConfig count.
	Decide func(name, value string) (FlakeDecision, error)
}

// FlakeDecision is what a setting of a flake changes; none of it if it is not for
// a flake to decide.
type FlakeDecision struct {
	Build           *BuildConfig // how builds are done from now on
	AllowIFD        *bool
	AllowDirtyLocks *bool
	Unknown         bool // no setting is called so, which has been told
}

// Flakes returns the engine for flakes of the evaluation.
func (e *Evaluator) Flakes() *flake.Engine {
	if e.flakes != nil {
		return e.flakes
	}
	fc := &e.cfg.Flake
	e.flakes = flake.New(flake.Options{
		Library: e.Library, World: &flakeWorld{e}, Registries: e.registries,
		Pure: e.cfg.Pure, NoRegistries: fc.NoRegistries, AcceptConfig: fc.AcceptConfig,
		AllowDirtyLock: fc.AllowDirtyLock, RefuseDirty: fc.RefuseDirty, QuietDirty: fc.QuietDirty,
		CommitSummary: fc.CommitSummary, Setting: e.flakeSetting, Warn: e.host.Warn,
	})
	return e.flakes
}

// lookUpInput finds what an indirect input of builtins.fetchTree stands for.
func (e *Evaluator) lookUpInput(_ context.Context, in input.Attrs) (input.Attrs, error) {
	ref, err := e.Flakes().LookUp(flakeref.Ref{Attrs: flakeref.Attrs(in)})
	return input.Attrs(ref.Attrs), err
}

// flakeSetting applies a setting of a flake's nixConfig.
func (e *Evaluator) flakeSetting(name, value string) error {
	switch name {
	case "flake-registry":
		e.cfg.Flake.GlobalRegistry = value
	case "commit-lock-file-summary", "commit-lockfile-summary":
		e.flakes.Options().CommitSummary = value
	case "bash-prompt", "bash-prompt-prefix", "bash-prompt-suffix":
		// for nix develop, which we do not have
	default:
		return e.decide(name, value)
	}
	return nil
}

// decide lets a flake decide about builds, and whether what they make may be
// read. It has more weight than the command line, as in Nix.
func (e *Evaluator) decide(name, value string) error {
	d, err := e.cfg.Flake.Decide(name, value)
	switch {
	case err != nil || d.Unknown:
		return err
	case d.AllowIFD != nil:
		e.Library.SetAllowIFD(*d.AllowIFD)
		e.cfg.IFDDecided = true
	case d.AllowDirtyLocks != nil:
		e.flakes.Options().AllowDirtyLock = *d.AllowDirtyLocks
	case d.Build != nil:
		// An answer of the cache would not decide anything.
		if r, ok := e.host.(interface{ Spoil(why string) }); ok {
			r.Spoil("a flake decides about builds")
		}
		e.rebuild(d.Build)
	default:
		e.host.Warn(fmt.Sprintf("the flake's setting '%s = %s' has no effect: it is none of those that isomorph takes from a flake; if it is wanted, set it on the command line or in NIX_CONFIG", name, value))
	}
	return nil
}

// registries reads the registries in the order in which they count.
func (e *Evaluator) registries() []flake.Registry {
	fc := e.cfg.Flake
	var all []flake.Registry
	for _, r := range []struct{ kind, file string }{{"user", fc.UserRegistry}, {"system", fc.SystemRegistry}} {
		all = append(all, flake.Registry{Kind: r.kind, Entries: e.registryFile(r.file)})
	}
	return append(all, flake.Registry{Kind: "global", Entries: e.globalRegistry(fc.GlobalRegistry), Limited: true})
}

func (e *Evaluator) registryFile(file string) []flake.Entry {
	if file == "" {
		return nil
	}
	if _, err := e.host.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	text, err := e.host.ReadFile(file)
	if err != nil {
		e.host.Warn(fmt.Sprintf("cannot read flake registry '%s': %s", file, err))
		return nil
	}
	return flake.ReadRegistry(string(text), file, e.host.Warn)
}

// channelEntry says that nixpkgs is the embedded channel: the store object that
// it makes, which is the same on every machine with the same isomorph, so that
// lock files can be passed on.
func (e *Evaluator) channelEntry() []flake.Entry {
	p, err := e.channelSource(e.objects.ctx)
	if err != nil {
		panic(eval.Wrap(0, fmt.Errorf("the embedded channel, which the flake 'nixpkgs' is: %w", err)))
	}
	return []flake.Entry{{
		From: flakeref.Ref{Attrs: flakeref.Attrs{"type": "indirect", "id": "nixpkgs"}},
		To:   flakeref.Ref{Attrs: flakeref.Attrs{"type": "path", "path": e.objects.dir.Join(p)}},
	}}
}

// needChannel makes the embedded channel valid if that is what a path of the
// store stands for: a lock file has it, and on this machine nobody has used it
// yet.
func (w *flakeWorld) needChannel(attrs flakeref.Attrs) error {
	text, _ := attrs["path"].(string)
	p, err := w.e.objects.dir.Parse(text)
	if err != nil || attrs["type"] != "path" || p.Name() != "source" || w.e.channelSource == nil {
		return nil
	}
	if w.e.objects.IsValid(p) {
		return nil
	}
	channel, err := w.e.channelSource(w.e.objects.ctx)
	if err == nil && channel != p {
		err = fmt.Errorf("'%s' is not in the store. If it is the embedded channel of another version of isomorph, which '%s' is of this one, lock the flake anew: isomorph flake update",
			text, w.e.objects.dir.Join(channel))
	}
	return err
}

// BuiltinRegistry is the value of flake-registry that stands for the registry
// inside the program, in which nixpkgs is the embedded channel.
const BuiltinRegistry = "builtin:"

func (e *Evaluator) globalRegistry(place string) []flake.Entry {
	switch {
	case place == BuiltinRegistry:
		return e.channelEntry()
	case place == "" || filepath.IsAbs(place):
		return e.registryFile(place)
	}
	p, err := e.host.Fetch(builtins.FetchRequest{URL: place, Name: "flake-registry.json"})
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return e.registryFile(e.objects.dir.Join(p))
}

// flakeWorld puts the host behind what locking asks for.
type flakeWorld struct{ e *Evaluator }

var _ flake.World = (*flakeWorld)(nil)

// Fetch makes a source a store object.
func (w *flakeWorld) Fetch(attrs flakeref.Attrs, final bool) (flake.Tree, error) {
	if err := w.needChannel(attrs); err != nil {
		return flake.Tree{}, err
	}
	in := input.Attrs(attrs).Clone()
	if final {
		in["__final"] = true
	}
	r := w.e.Library.FetchInput(in)
	locked := flakeref.Attrs(r.Locked.Clone())
	delete(locked, "__final")
	return flake.Tree{Path: r.Path, Locked: locked, Fingerprint: r.Fingerprint}, nil
}

// IsLocked tells whether a source will always be the same tree.
func (w *flakeWorld) IsLocked(attrs flakeref.Attrs) bool {
	return input.IsLocked(input.Attrs(attrs), w.e.cfg.TrustForges)
}

// ReadFile reads a file of a source, or of this machine.
func (w *flakeWorld) ReadFile(name string) ([]byte, bool, error) {
	if _, err := w.e.host.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	text, err := w.e.host.ReadFile(name)
	return text, true, err
}

// Store returns the logical name of a store object.
func (w *flakeWorld) Store(p storepath.Path) string { return w.e.objects.dir.Join(p) }

// SourceDir returns the directory that a source is: a path, or the work tree of
// a git repository of which no particular commit is asked for.
func (w *flakeWorld) SourceDir(attrs flakeref.Attrs) string {
	switch attrs["type"] {
	case "path":
		dir, _ := attrs["path"].(string)
		return filepath.Clean(dir)
	case "git":
		text, _ := attrs["url"].(string)
		u, err := flakeref.ParseURL(text)
		if err != nil || u.Scheme != "file" || attrs["ref"] != nil || attrs["rev"] != nil {
			return ""
		}
		dir, err := u.FilePath()
		if err != nil {
			return ""
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
			return "" // a bare repository
		}
		return filepath.Clean(dir)
	}
	return ""
}

// PutFile writes a file of a source. In a git repository it is made known to
// git, without which it would not be part of the flake.
func (w *flakeWorld) PutFile(attrs flakeref.Attrs, name, text, message string) error {
	// The next evaluation is to read what is written here.
	if r, ok := w.e.host.(interface{ Spoil(why string) }); ok {
		r.Spoil("a lock file was written")
	}
	dir := w.SourceDir(attrs)
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		return err
	}
	if attrs["type"] != "git" {
		return nil
	}
	if _, err := w.git(dir, "check-ignore", "--quiet", name); err == nil {
		return nil
	}
	if _, err := w.git(dir, "add", "--intent-to-add", "--", name); err != nil {
		return err
	}
	if message == "" {
		return nil
	}
	file, err := os.CreateTemp(w.e.cfg.TempDir, "isomorph-message-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(message); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	_, err = w.git(dir, "commit", "--quiet", "-F", file.Name(), "--", name)
	return err
}

func (w *flakeWorld) git(dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(context.WithoutCancel(w.e.objects.ctx), "git", append([]string{"-C", dir, "-c", "core.fsmonitor=false"}, args...)...)
	for _, kv := range w.e.cfg.Flake.Environ {
		if name, _, _ := strings.Cut(kv, "="); !strings.HasPrefix(name, "GIT_") || strings.HasPrefix(name, "GIT_AUTHOR_") || strings.HasPrefix(name, "GIT_COMMITTER_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("git %s in '%s': %w\n%s", args[0], dir, err, out)
	}
	return string(out), err
}
