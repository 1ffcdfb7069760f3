// Package lockcmd is "isomorph lock": it shows, makes, extends and checks the
// lock file that pins the Debian packages of the channel.
package lockcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/debian/aptsources"
	"isomorph/internal/debian/archive"
	"isomorph/internal/debian/lock"
)

// Deps is what the commands need from outside.
type Deps struct {
	// Fetcher gets files from the network; nil means plain HTTP without a proxy.
	Fetcher archive.Fetcher
	// Root is the machine's root directory, from which apt's sources are
	// read; nil means that there are none.
	Root fs.FS
	// Embedded is the lock that is built into the program: the pins in force
	// where no lock file is found, and what a new one starts from.
	Embedded func() ([]byte, error)
}

// command is the state that the subcommands share: the common flags.
type command struct {
	env      *cli.Env
	deps     Deps
	lockFile string
	mirrors  []string
	offline  bool
	verbose  bool
}

// New returns the command with its subcommands.
func New(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	root := &cobra.Command{
		Use:   "lock",
		Short: "Show and update the Debian packages that the channel is made of",
		Long: `The channel is made of Debian packages. A lock file pins each of them by
SHA-256, so that the same recipe gives the same image on every machine.

Without a subcommand the pins are listed.

The lock file is, in this order: the file that --lock names; channel/lock.json
below the working directory, if it is there (a checkout of isomorph);
isomorph/lock.json in $XDG_CONFIG_HOME (~/.config), which overrides the lock
that is built into the program. "lock add", "lock remove" and "lock update"
write that file, and begin with the built-in lock if it is not there yet.

Indexes come from the mirrors that --mirror names, those in ISOMORPH_MIRROR
(separated by blanks), those that apt uses on this machine, and
snapshot.debian.org, tried in turn. What they say is checked against the keys
of the Debian archive, which are built into the program.`,
		Args: cobra.NoArgs,
	}
	f := root.PersistentFlags()
	f.StringVar(&c.lockFile, "lock", "", "the lock `FILE`")
	f.StringArrayVar(&c.mirrors, "mirror", nil, "`URL` of a Debian mirror to try first (may be given again)")
	f.BoolVar(&c.offline, "offline", false, "use cached indexes only")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "tell what is fetched")
	asJSON := root.Flags().Bool("json", false, "print the lock itself")
	root.RunE = func(*cobra.Command, []string) error { return c.show(*asJSON) }
	root.AddCommand(c.updateCommand(), c.addCommand(), c.removeCommand(), c.verifyCommand())
	return root
}

// path is where the lock file is or will be.
func (c *command) path() (string, error) {
	if c.lockFile != "" {
		return c.abs(c.lockFile), nil
	}
	checkout := filepath.Join(c.env.Dir, "channel", "lock.json")
	if _, err := os.Stat(checkout); err == nil {
		return checkout, nil
	}
	return UserLock(c.env)
}

// UserLock returns the path of the user's own lock file, which overrides the
// built-in one where it exists.
func UserLock(env *cli.Env) (string, error) {
	dir := env.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		if env.Home == "" {
			return "", errors.New("there is no home directory for a lock file; name one with --lock")
		}
		dir = filepath.Join(env.Home, ".config")
	}
	return filepath.Join(dir, "isomorph", "lock.json"), nil
}

func (c *command) abs(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.env.Dir, p)
}

// read returns the lock in force and where it is written to.
func (c *command) read() (l *lock.Lock, path string, err error) {
	path, err = c.path()
	if err != nil {
		return nil, "", err
	}
	l, err = lock.Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return l, path, err
	}
	if c.lockFile != "" || c.deps.Embedded == nil {
		return nil, path, fmt.Errorf("there is no lock file %s; \"isomorph lock update\" makes one", path)
	}
	b, err := c.deps.Embedded()
	if err != nil {
		return nil, path, err
	}
	l, err = lock.Parse(b)
	return l, path, err
}

// generator reads from the mirrors that the flags and the machine give.
func (c *command) generator() *lock.Generator {
	named := append(append([]string{}, c.mirrors...), fields(c.env.Getenv("ISOMORPH_MIRROR"))...)
	var apt map[string][]string
	if c.deps.Root != nil {
		sources, problems := aptsources.Read(c.deps.Root)
		for _, p := range problems {
			c.say("warning: %v", p)
		}
		apt = aptsources.Mirrors(sources)
	}
	client := &archive.Client{
		Fetcher:  c.deps.Fetcher,
		Mirrors:  archive.Places(named, apt, c.env.Now()),
		CacheDir: c.cacheDir(),
	}
	if client.Fetcher == nil {
		client.Fetcher = archive.NewHTTP(nil)
	}
	if c.offline {
		client.Fetcher = nil
	}
	if c.verbose {
		client.Log = c.say
	}
	return &lock.Generator{Archive: client, Now: c.env.Now}
}

// cacheDir is where indexes are kept; "" if there is no place.
func (c *command) cacheDir() string {
	dir := c.env.Getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(dir) {
		if c.env.Home == "" {
			return ""
		}
		dir = filepath.Join(c.env.Home, ".cache")
	}
	return filepath.Join(dir, "isomorph", "debian")
}

func (c *command) say(format string, args ...any) {
	fmt.Fprintf(c.env.Stderr, format+"\n", args...)
}
