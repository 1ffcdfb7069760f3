package flake

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"isomorph/internal/flakeref"
)

// write puts a lock file that has changed where it belongs. The flake is not
// fetched again for it: it stays the commit that was asked for.
func (k *locker) write(top flakeref.Ref, old *LockFile) {
	opts, flags, lock := k.e.opts, k.flags, k.out.Lock
	diff := strings.TrimRight(Diff(old, lock), "\n")
	if flags.NoWrite {
		opts.Warn(fmt.Sprintf("not writing modified lock file of flake '%s':\n%s", top, diff))
		k.flake.Dirty = true
		return
	}
	dir := opts.World.SourceDir(top.Attrs)
	if dir == "" && flags.OutputFile == "" {
		throw("cannot write modified lock file of flake '%s' (use '--no-write-lock-file' to ignore)", top)
	}
	if ref, ok := lock.Unlocked(k.considerLocked); ok {
		if flags.FailUnlocked {
			throw("Not writing lock file of flake '%s' because it has an unlocked input ('%s'). Use '--allow-dirty-locks' to allow this anyway.", top, ref)
		}
		if !opts.QuietDirty {
			opts.Warn(fmt.Sprintf("not writing lock file of flake '%s' because it has an unlocked input ('%s')", top, ref))
		}
		return
	}
	if flags.NoUpdate {
		throw("flake '%s' requires lock file changes but they're not allowed due to '--no-update-lock-file'", top)
	}
	text := lock.String() + "\n"
	if flags.OutputFile != "" {
		if flags.Commit {
			throw("'--commit-lock-file' and '--output-lock-file' are incompatible")
		}
		if err := os.WriteFile(flags.OutputFile, []byte(text), 0o666); err != nil {
			throwErr(err)
		}
	} else {
		k.put(top, dir, text, diff)
	}
}

func (k *locker) considerLocked(a flakeref.Attrs) bool {
	narHash, _ := a["narHash"].(string)
	return k.e.opts.World.IsLocked(a) || k.e.opts.AllowDirtyLock && narHash != ""
}

// put writes flake.lock into the source of the flake.
func (k *locker) put(top flakeref.Ref, dir, text, diff string) {
	opts := k.e.opts
	name := path.Join(top.Dir, "flake.lock")
	file := path.Join(dir, name)
	_, err := os.Lstat(file)
	exists := err == nil
	switch {
	case exists && diff == "":
		opts.Warn(fmt.Sprintf("updating lock file %s", quoted(file)))
	case exists:
		opts.Warn(fmt.Sprintf("updating lock file %s:\n%s", quoted(file), diff))
	default:
		opts.Warn(fmt.Sprintf("creating lock file %s: \n%s", quoted(file), diff))
	}
	message := ""
	if k.flags.Commit {
		message = opts.CommitSummary
		if message == "" {
			message = name + ": " + map[bool]string{true: "Update", false: "Add"}[exists]
		}
		message += "\n\nFlake lock file updates:\n\n" + diff + "\n"
	}
	if err := opts.World.PutFile(top.Attrs, name, text, message); err != nil {
		throwErr(err)
	}
}

// quoted writes a file's name as Nix does in these messages.
func quoted(file string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(file) + `"`
}

// whitelist are the settings of nixConfig that need nobody's trust.
var whitelist = []string{"bash-prompt", "bash-prompt-prefix", "bash-prompt-suffix", "flake-registry", "commit-lock-file-summary", "commit-lockfile-summary"}

// applyConfig makes the settings of a flake count, as far as they are trusted.
func (e *Engine) applyConfig(f *Flake) {
	for _, s := range f.Config {
		if !slices.Contains(whitelist, strings.TrimPrefix(s.Name, "extra-")) && !e.opts.AcceptConfig {
			e.opts.Warn(fmt.Sprintf("ignoring untrusted flake configuration setting '%s'.\nPass '--accept-flake-config' to trust it", s.Name))
			continue
		}
		if err := e.opts.Setting(s.Name, s.Value); err != nil {
			throwErr(err)
		}
	}
}
