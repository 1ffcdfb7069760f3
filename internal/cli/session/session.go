// Package session turns what a command was told (flags, environment, settings)
// into an open [pipeline.Session]. All commands that touch the store or
// evaluate go through it, so they agree on where the store is, what <nixpkgs>
// means and which mirrors are asked.
package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/sys/unix"

	"isomorph/internal/channelfs"
	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/debian/aptsources"
	"isomorph/internal/debian/archive"
	"isomorph/internal/fetch"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/pipeline"
	"isomorph/internal/progress"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
	"isomorph/internal/treehash"
)

// Maker opens sessions. One is made in cmd/isomorph.
type Maker struct {
	Env     *cli.Env
	Channel fs.FS // the embedded channel

	// Display makes the progress display that the options ask for.
	Display func(env *cli.Env, common *classic.Common) progress.Display
}

// Open opens a session as a command's options ask for it.
func (m *Maker) Open(ctx context.Context, common *classic.Common) (*pipeline.Session, error) {
	cfg, err := m.Config(ctx, common)
	if err != nil {
		return nil, err
	}
	s, err := pipeline.Open(ctx, *cfg, common.ReadOnly)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		err = fmt.Errorf("%w; --store DIR puts the store elsewhere, XDG_DATA_HOME and XDG_CACHE_HOME all of isomorph's files", err)
	}
	return s, err
}

// Config works out everything that a session needs to know.
func (m *Maker) Config(ctx context.Context, common *classic.Common) (*pipeline.Config, error) {
	set, err := m.Settings(common)
	if err != nil {
		return nil, err
	}
	cfg := &pipeline.Config{Now: m.Env.Now, Random: m.Env.Random}
	dummyDir := ""
	if dummyDir, cfg.NoStore, err = dummyStoreDir(m.storeURI(common)); err != nil {
		return nil, err
	}
	if cfg.NoStore {
		common = withoutStore(common)
	}
	if cfg.Store, err = m.StoreOptions(common); err != nil {
		return nil, err
	}
	if dummyDir != "" {
		cfg.Store.StoreDir = storepath.Dir(dummyDir)
	}
	cfg.Fetch = m.fetchOptions(common, set)
	if cfg.Inputs, err = m.inputOptions(set, common); err != nil {
		return nil, err
	}
	cfg.Inputs.Refresh = common.Refresh
	if err := m.buildConfig(&cfg.Build, set, common); err != nil {
		return nil, err
	}
	if cfg.Build.Channel, err = m.lazyChannel(ctx, cfg.Fetch); err != nil {
		return nil, err
	}
	if err := m.evalConfig(cfg, set, common); err != nil {
		return nil, err
	}
	if err := m.evalCache(&cfg.EvalCache, set, common); err != nil {
		return nil, err
	}
	cfg.Eval.Flake.Decide = m.flakeDecides(set, common)
	m.stats(cfg, common)
	if m.Display != nil {
		cfg.Display = func() progress.Display { return m.Display(m.Env, common) }
	}
	return cfg, nil
}

// dir returns a directory of the user's: $VAR/isomorph, or HOME/fallback/isomorph.
func (m *Maker) dir(variable, fallback string) (string, error) {
	if d := m.Env.Getenv(variable); filepath.IsAbs(d) {
		return filepath.Join(d, "isomorph"), nil
	}
	if m.Env.Home == "" {
		return "", fmt.Errorf("neither %s nor HOME is set, so there is no place for isomorph's files; set one of them", variable)
	}
	return filepath.Join(m.Env.Home, fallback, "isomorph"), nil
}

// CacheDir returns where things are kept that can be had again.
func (m *Maker) CacheDir() (string, error) { return m.dir("XDG_CACHE_HOME", ".cache") }

// StoreOptions works out where the store lies: where --store, ISOMORPH_STORE or
// Nix's NIX_REMOTE say, or else below the user's data directory.
func (m *Maker) StoreOptions(common *classic.Common) (localstore.Options, error) {
	opts := localstore.Options{UID: m.Env.UID, Now: m.Env.Now, Rand: m.Env.Random, ProcDir: "/proc"}
	opts.Waiting = func(what string) { fmt.Fprintln(m.Env.Stderr, what) }
	opts.Warn = m.warn
	m.nixDirs(&opts)
	uri := m.storeURI(common)
	switch uri {
	case "", "auto", "daemon", "local": // there is no daemon: this program does its work itself
		return opts, m.defaultRoot(&opts)
	}
	if rest, ok := strings.CutPrefix(strings.Replace(uri, "local://", "local", 1), "local?"); ok {
		return opts, m.storeParams(&opts, rest)
	}
	if strings.Contains(uri, "://") {
		return opts, fmt.Errorf("'%s' is not a directory; isomorph builds in a store on this machine: --store DIR", uri)
	}
	opts.Root, opts.RealStoreDir, opts.StateDir, opts.LogDir = m.abs(uri), "", "", ""
	return opts, nil
}

// storeURI is what somebody has said of where the store is, "" for nothing.
func (m *Maker) storeURI(common *classic.Common) string {
	return first(common.StoreURI, first(m.Env.Getenv("ISOMORPH_STORE"), m.Env.Getenv("NIX_REMOTE")))
}

// dummyStore is Nix's name for a store without any path, to evaluate in.
const dummyStore = "dummy://"

// dummyStoreDir tells whether a store is one without any path, and which logical
// directory "dummy://?store=DIR" gives it.
func dummyStoreDir(uri string) (dir string, ok bool, err error) {
	query, ok := strings.CutPrefix(uri, dummyStore)
	if !ok {
		return "", false, nil
	}
	params, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		return "", true, fmt.Errorf("store '%s': %w", uri, err)
	}
	return params.Get("store"), true, nil
}

// withoutStore is c with the default store, which is not opened.
func withoutStore(c *classic.Common) *classic.Common {
	other := *c
	other.StoreURI = "auto"
	return &other
}

// nixDirs reads the variables that put parts of Nix's store elsewhere.
func (m *Maker) nixDirs(opts *localstore.Options) {
	store := first(m.Env.Getenv("NIX_STORE_DIR"), m.Env.Getenv("NIX_STORE"))
	opts.StoreDir, opts.RealStoreDir = storepath.Dir(store), store
	opts.StateDir, opts.LogDir = m.Env.Getenv("NIX_STATE_DIR"), m.Env.Getenv("NIX_LOG_DIR")
	if local := m.Env.Getenv("NIX_LOCALSTATE_DIR"); local != "" {
		opts.StateDir = first(opts.StateDir, filepath.Join(local, "nix"))
		opts.LogDir = first(opts.LogDir, filepath.Join(local, "log", "nix"))
	}
}

// defaultRoot is where the store lies if nobody says anything: in the three
// places that Nix's variables name, or below the user's data directory.
func (m *Maker) defaultRoot(opts *localstore.Options) (err error) {
	if opts.RealStoreDir == "" || opts.StateDir == "" || opts.LogDir == "" {
		opts.Root, err = m.dir("XDG_DATA_HOME", ".local/share")
	}
	return err
}

// storeParams reads the parameters of Nix's store URL "local?root=DIR&store=DIR
// &real=DIR&state=DIR&log=DIR&read-only=true".
func (m *Maker) storeParams(opts *localstore.Options, query string) error {
	params, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("store 'local?%s': %w", query, err)
	}
	for name, values := range params {
		value := values[0]
		switch name {
		case "root":
			opts.Root = m.abs(value)
		case "store", "real", "state", "log":
		case "read-only":
			opts.ReadOnly = value == "true" || value == "1"
		default:
			m.warn(fmt.Sprintf("unknown setting '%s' of the store 'local?%s'", name, query))
		}
	}
	if opts.Root != "" {
		opts.RealStoreDir, opts.StateDir, opts.LogDir = "", "", ""
	} else if err := m.defaultRoot(opts); err != nil {
		return err
	}
	opts.StoreDir = storepath.Dir(first(params.Get("store"), string(opts.StoreDir)))
	opts.RealStoreDir = first(params.Get("real"), first(opts.RealStoreDir, params.Get("store")))
	opts.StateDir, opts.LogDir = first(params.Get("state"), opts.StateDir), first(params.Get("log"), opts.LogDir)
	return nil
}

func (m *Maker) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(m.Env.Dir, path)
}

func (m *Maker) warn(msg string) {
	head := "warning: "
	if strings.HasPrefix(msg, "\n") {
		head = "warning:"
	}
	fmt.Fprintln(m.Env.Stderr, syntax.ForTerminal(head+msg))
}

// evaluationWarning lays out a warning of builtins.warn as Nix 2.RELEASE does:
// its lines stand below each other.
func evaluationWarning(msg string, release int) string {
	const head = "evaluation warning: "
	msg = strings.TrimRight(msg, " \n\r\t")
	if msg == "" {
		return ""
	}
	if msg[0] == '\n' && release >= builtins.WarnIndentRelease {
		return strings.TrimSpace(head) + msg
	}
	lines := strings.Split(head+msg, "\n")
	for i, line := range lines {
		if i > 0 {
			line = strings.Repeat(" ", len(head)) + line
		}
		lines[i] = strings.TrimRight(line, " \n\r\t")
	}
	return strings.Join(lines, "\n")
}

func (m *Maker) fetchOptions(common *classic.Common, set settings.Values) fetch.Options {
	return fetch.Options{
		Now:     m.Env.Now,
		Rand:    m.random,
		Sleep:   sleep,
		Mirrors: m.Mirrors(common.Mirrors),
		Offline: set.Flag("offline", false),
		Proxy:   m.Proxy(),

		Credentials: m.netrc(set),
	}
}

// Proxy returns which proxy a request goes through, by the usual variables of
// the environment.
func (m *Maker) Proxy() func(*http.Request) (*url.URL, error) {
	config := httpproxy.Config{
		HTTPProxy:  first(m.Env.Getenv("http_proxy"), m.Env.Getenv("HTTP_PROXY")),
		HTTPSProxy: first(m.Env.Getenv("https_proxy"), m.Env.Getenv("HTTPS_PROXY")),
		NoProxy:    first(m.Env.Getenv("no_proxy"), m.Env.Getenv("NO_PROXY")),
	}
	proxy := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// random returns a number in [0,1).
func (m *Maker) random() float64 {
	var b [8]byte
	if _, err := m.Env.Random.Read(b[:]); err != nil {
		return 0.5 // only spreads retries
	}
	return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Mirrors returns the Debian mirrors to try, best first: those named on the
// command line, $ISOMORPH_MIRROR, and those of this machine's apt.
func (m *Maker) Mirrors(named []string) []string {
	places := m.Places(named)
	var all []string
	for _, name := range archive.Repositories() {
		all = append(all, places[name]...)
	}
	return all
}

// Places is Mirrors by the name of the archive that they carry.
func (m *Maker) Places(named []string) map[string][]string {
	named = append(append([]string{}, named...), strings.Fields(m.Env.Getenv("ISOMORPH_MIRROR"))...)
	sources, problems := aptsources.Read(os.DirFS("/"))
	for _, p := range problems {
		m.warn(fmt.Sprintf("apt's configuration: %v", p))
	}
	return archive.Places(named, aptsources.Mirrors(sources), m.Env.Now())
}

func (m *Maker) buildConfig(b *pipeline.BuildConfig, set settings.Values, common *classic.Common) error {
	var errs []error
	number := func(name string, def int) int {
		n, err := set.Number(name, def, m.Env.NumCPU)
		errs = append(errs, err)
		return n
	}
	seconds := func(name string) time.Duration {
		d, err := set.Seconds(name)
		errs = append(errs, err)
		return d
	}
	*b = pipeline.BuildConfig{
		Jobs: max(1, number("max-jobs", m.Env.NumCPU)), Cores: number("cores", m.Env.NumCPU),
		Downloads: max(1, number("http-connections", 8)),
		KeepGoing: set.Flag("keep-going", false), KeepFailed: set.Flag("keep-failed", false), Check: common.Check, Repair: common.Repair,
		Timeout: seconds("timeout"), MaxSilent: seconds("max-silent-time"), MaxLog: int64(number("max-build-log-size", 0)),
		LookupEnv: m.Env.LookupEnv, System: hostSystem,
		ExtraSystems: []string{"i686-linux"}, Features: features(), CAFile: m.caFile(),
		Pasta: m.lookPath("pasta"), KeepDir: first(set["build-dir"], first(m.Env.Getenv("TMPDIR"), "/tmp")),
		BuildDir: set["sandbox-build-dir"], HostBuildDir: set.Flag("sandbox-host-build-dir", false),
	}
	if b.Cores == 0 {
		b.Cores = m.Env.NumCPU
	}
	errs = append(errs, m.sandboxPaths(b, set))
	b.Cautions = append(b.Cautions, cautions(set)...)
	return errors.Join(errs...)
}

// features are the system features that derivations may ask for: Nix's own
// defaults.
func features() []string {
	all := []string{"benchmark", "big-parallel", "nixos-test"}
	if unix.Access("/dev/kvm", unix.R_OK|unix.W_OK) == nil {
		all = append(all, "kvm")
	}
	return all
}

// caFile returns the certificates of authorities that this machine trusts.
func (m *Maker) caFile() string {
	for _, file := range []string{m.Env.Getenv("NIX_SSL_CERT_FILE"), m.Env.Getenv("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"} {
		if _, err := os.Stat(file); file != "" && err == nil {
			return file
		}
	}
	return ""
}

// hostSystem is the platform that the program is made for; the channel and the
// sandbox know no other yet.
const hostSystem = "x86_64-linux"

func (m *Maker) evalConfig(cfg *pipeline.Config, set settings.Values, common *classic.Common) error {
	m.oldLint(set)
	var errs []error
	depth, err := set.Number("max-call-depth", 10000, 0)
	errs = append(errs, err)
	steps, err := set.Number("max-eval-steps", 0, 0)
	errs = append(errs, err)
	cores, err := set.Number("eval-cores", 1, 0)
	errs = append(errs, err)
	if cores == 0 {
		cores = m.Env.NumCPU
	}
	lints, err := lints(set)
	errs = append(errs, err)
	release, err := builtins.Release(set["emulate-nix-version"])
	errs = append(errs, err)
	features := set.Words("experimental-features")
	m.warnFeatures(features)
	e := &cfg.Eval
	*e = pipeline.EvalConfig{
		System: first(set["system"], hostSystem), EvalSystem: set["eval-system"], NixVersion: set["emulate-nix-version"], Home: m.Env.Home, Dir: m.Env.Dir,
		Advise: common.Advise, Cores: cores, MaxCallDepth: depth, MaxSteps: steps, MaxMemory: set.Size("max-eval-memory", evalMemory(m.Env.Memory)),
		ShowTrace: set.Flag("show-trace", false), TraceVerbose: set.Flag("trace-verbose", false),
		Pure: set.Flag("pure-eval", false), Restricted: set.Flag("restrict-eval", false),
		AllowIFD: set.Flag("allow-import-from-derivation", true), TraceIFD: set.Flag("trace-import-from-derivation", false), IFDDecided: set["allow-import-from-derivation"] != "", AllowedURIs: set.Words("allowed-uris"),
		PipeOperators:  slices.Contains(features, "pipe-operators"),
		TOMLTimestamps: slices.Contains(features, "parse-toml-timestamps"),
		Flakes:         slices.Contains(features, "flakes"),
		FetchTree:      slices.Contains(features, "fetch-tree"),
		FetchClosure:   slices.Contains(features, "fetch-closure"),
		TrustForges:    cfg.Inputs.TrustForges,
		Lints:          lints,
		AbortOnWarn:    set.Flag("abort-on-warn", false) || slices.Contains([]string{"1", "yes", "true"}, m.Env.Getenv("NIX_ABORT_ON_WARN")),
		LookupEnv:      m.Env.LookupEnv, Memory: m.Env.Memory,
		Trace:    func(msg string) { fmt.Fprintln(m.Env.Stderr, syntax.ForTerminal("trace: "+msg)) },
		Warn:     m.warn,
		EvalWarn: func(msg string) { fmt.Fprintln(m.Env.Stderr, syntax.ForTerminal(evaluationWarning(msg, release))) },
	}
	e.TempDir = first(m.Env.Getenv("TMPDIR"), "/tmp")
	e.Flake = pipeline.FlakeConfig{
		UserRegistry: m.UserRegistry(), SystemRegistry: filepath.Join(first(m.Env.Getenv("NIX_CONF_DIR"), "/etc/nix"), "registry.json"),
		GlobalRegistry: pipeline.BuiltinRegistry, NoRegistries: !set.Flag("use-registries", true),
		AcceptConfig: set.Flag("accept-flake-config", false), AllowDirtyLock: set.Flag("allow-dirty-locks", false),
		RefuseDirty: !set.Flag("allow-dirty", true), QuietDirty: !set.Flag("warn-dirty", true),
		CommitSummary: set["commit-lock-file-summary"], Environ: m.Env.Environ,
	}
	if place, ok := set["flake-registry"]; ok {
		e.Flake.GlobalRegistry = place
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	m.searchPath(cfg, set, common)
	e.TreeCache = m.treeCache(set)
	return nil
}

// treeCache is where hashes of trees are remembered, "" if they are not: in the
// user's cache, unless the setting tree-cache is off.
func (m *Maker) treeCache(set settings.Values) string {
	cache, err := m.CacheDir()
	if err != nil || !set.Flag("tree-cache", true) {
		return ""
	}
	return filepath.Join(cache, "trees")
}

// Trees is treeCache for commands without a session.
func (m *Maker) Trees(set settings.Values) treehash.Options {
	return treehash.Options{Dir: m.treeCache(set), UID: m.Env.UID, Now: m.Env.Now, Rand: m.Env.Random}
}

// mostEvalMemory is what an evaluation may use unless max-eval-memory says
// otherwise. A NixOS system takes less than 1 GiB, all packages of a nixpkgs in
// one process several.
const mostEvalMemory = 8 << 30

// evalMemory is the default of max-eval-memory on a machine, or in a control
// group, with so many bytes: three quarters of it, as other programs need some,
// too. 0 stands for not known.
func evalMemory(total int64) int64 {
	if total == 0 {
		return mostEvalMemory / 2
	}
	return min(total/4*3, mostEvalMemory)
}

// evalCache says where evaluations are remembered: in the user's cache, unless
// the setting eval-cache is off.
func (m *Maker) evalCache(c *pipeline.CacheConfig, set settings.Values, common *classic.Common) error {
	if !set.Flag("eval-cache", true) {
		return nil
	}
	dir, err := m.CacheDir()
	*c = pipeline.CacheConfig{Dir: filepath.Join(dir, "eval"), UID: m.Env.UID, Engine: m.Env.Engine, Refresh: common.Refresh}
	return err
}

// UserRegistry is where Nix keeps the user's registry of flakes.
func (m *Maker) UserRegistry() string {
	if d := m.Env.Getenv("NIX_CONFIG_HOME"); d != "" {
		return filepath.Join(d, "registry.json")
	}
	if d := m.Env.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "nix/registry.json")
	}
	if m.Env.Home == "" {
		return ""
	}
	return filepath.Join(m.Env.Home, ".config/nix/registry.json")
}

// searchPath puts together what <...> finds: -I first, then nix-path or
// NIX_PATH, and for <nixpkgs> the embedded channel if nobody has said anything
// else.
func (m *Maker) searchPath(cfg *pipeline.Config, set settings.Values, common *classic.Common) {
	var path []builtins.SearchPathEntry
	for _, i := range common.Include {
		path = append(path, builtins.ParseSearchPathEntry(i))
	}
	base, isSet := m.nixPath(set, common)
	path = append(path, base...)
	cfg.Eval.SearchPath = path
	if isSet {
		return
	}
	for _, e := range path {
		if e.Prefix == "nixpkgs" || e.Prefix == "" {
			return
		}
	}
	cfg.Eval.Channel = cfg.Build.Channel
}

// lookPath finds a program on $PATH, "" if there is none.
func (m *Maker) lookPath(name string) string {
	for _, dir := range filepath.SplitList(m.Env.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && filepath.IsAbs(file) && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

// lazyChannel returns the embedded channel, which is put on the disk when it is
// needed.
func (m *Maker) lazyChannel(ctx context.Context, fo fetch.Options) (*pipeline.LazyTree, error) {
	o, err := m.channelOptions(fo)
	if err != nil {
		return nil, err
	}
	return &pipeline.LazyTree{
		Base: channelfs.Base(o), Locate: func() (string, error) { return channelfs.Name(o) },
		Make: func() error {
			_, err := channelfs.Materialise(ctx, o)
			return err
		},
	}, nil
}

// Materialise puts the embedded channel on the disk and returns its directory.
func (m *Maker) Materialise(ctx context.Context) (string, error) {
	o, err := m.channelOptions(m.fetchOptions(&classic.Common{}, settings.Values{}))
	if err != nil {
		return "", err
	}
	return channelfs.Materialise(ctx, o)
}

func (m *Maker) channelOptions(fo fetch.Options) (channelfs.Options, error) {
	cache, err := m.CacheDir()
	if err != nil {
		return channelfs.Options{}, err
	}
	o := channelfs.Options{Channel: m.Channel, CacheDir: cache}
	if o.Lock, err = m.ownLock(); err != nil {
		return o, err
	}
	o.Fetch = pipeline.FetchBytes(fo, cache)
	return o, nil
}

// OwnLock returns where the user's own lock lies, which replaces the embedded
// one if it is there.
func (m *Maker) OwnLock() (string, error) {
	d, err := m.dir("XDG_CONFIG_HOME", ".config")
	return filepath.Join(d, channelfs.LockFile), err
}

func (m *Maker) ownLock() ([]byte, error) {
	file, err := m.OwnLock()
	if err != nil {
		return nil, nil // no home, no lock in it
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}
