package session

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"isomorph/internal/build/local"
	"isomorph/internal/cli/settings"
	"isomorph/internal/pipeline"
)

// embeddedShell is Nix's name for the shell that the program brings along; ours
// is the channel's static busybox.
const embeddedShell = "__embedded_sandbox_shell__"

// sandboxPaths reads what builds see of the machine. sandbox-paths is Nix's
// setting, but what it names is read-only here: a build that runs as the user
// could change all files of the user's otherwise. sandbox-writable-paths is
// isomorph's own.
func (m *Maker) sandboxPaths(b *pipeline.BuildConfig, set settings.Values) error {
	b.NoShell = true
	for _, name := range []string{"sandbox-paths", "sandbox-writable-paths"} {
		for _, word := range set.Words(name) {
			h, err := m.hostPath(word)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if h.Target == "/bin/sh" { // a static program, or one from the store
				b.Shell, b.NoShell = h.Source, false
				continue
			}
			h.Writable = name == "sandbox-writable-paths"
			b.HostPaths = append(b.HostPaths, h)
		}
	}
	if b.Shell == embeddedShell {
		b.Shell = ""
		b.NoShell = slices.ContainsFunc(b.HostPaths, func(h local.HostPath) bool { return h.Target == "/bin" })
	}
	if len(b.HostPaths) > 0 {
		b.Cautions = append(b.Cautions, "builds see files of this machine (sandbox-paths), so what they make may depend on it")
	}
	return nil
}

// hostPath reads "PATH" or "TARGET=SOURCE"; a ? at the end says that the source
// may be missing.
func (m *Maker) hostPath(word string) (h local.HostPath, err error) {
	word, h.Optional = strings.CutSuffix(word, "?")
	target, source, ok := strings.Cut(word, "=")
	if !ok {
		source = target
	}
	if h.Target, err = sandboxTarget(target); err != nil {
		return h, err
	}
	h.Source = source
	if source != embeddedShell {
		h.Source = m.abs(source)
	}
	if info, err := os.Stat(h.Source); err == nil && !info.IsDir() && strings.HasSuffix(target, "/") {
		return h, fmt.Errorf("'%s' ends in a slash, but '%s' is not a directory", target, h.Source)
	}
	return h, nil
}

// sandboxTarget cleans the place of a path in the sandbox and refuses what
// would lie outside of it, in the words of Nix.
func sandboxTarget(target string) (string, error) {
	if !strings.HasPrefix(target, "/") {
		return "", fmt.Errorf("'%s' is not an absolute path", target)
	}
	if last := target[strings.LastIndexByte(target, '/')+1:]; last == "." || last == ".." {
		return "", fmt.Errorf("sandbox path to bind mount in the chroot has an invalid filename: '%s'", target)
	}
	depth := 0
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			depth--
		default:
			depth++
		}
		if depth < 0 {
			return "", fmt.Errorf("sandbox path '%s' escapes the chroot", target)
		}
	}
	clean := path.Clean(target)
	if clean == "/" {
		return "", fmt.Errorf("sandbox path '%s' escapes the chroot: it is the root itself", target)
	}
	return clean, nil
}

// cautions are what a user should know who has asked for something that is not
// done.
func cautions(set settings.Values) []string {
	var all []string
	if set["sandbox"] != "" && !set.Flag("sandbox", false) {
		all = append(all, fmt.Sprintf("'sandbox = %s' is ignored: isomorph never builds without a sandbox", set["sandbox"]))
	}
	for _, name := range []string{"pre-build-hook", "post-build-hook", "diff-hook", "external-builders", "impure-env"} {
		if set[name] != "" {
			all = append(all, fmt.Sprintf("the setting '%s' is ignored: isomorph has no such thing", name))
		}
	}
	return all
}
