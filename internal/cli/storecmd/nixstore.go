package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
)

// operation is one verb of nix-store.
type operation func(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error

// nixStoreFlags are the options of all verbs together, as in Nix.
type nixStoreFlags struct {
	op operation

	query        query
	gc           gcFlags
	root         string // --realise: the link to make, "" for none
	recursive    bool   // --add-fixed
	ignore       bool   // --delete
	contents     bool   // --verify
	printInvalid bool
	withHash     bool
	noStore      bool // the verb needs no store
	operations   int
}

// RunNixStore is the classic nix-store. Its verbs, options, output and exit
// codes are those of the Nix manual.
func RunNixStore(ctx context.Context, env *cli.Env, deps Deps, args []string) error {
	f := &nixStoreFlags{}
	spec, verbs := f.spec()
	common, operands, err := classic.Parse(spec, args)
	if err != nil {
		return err
	}
	for _, v := range verbs {
		if !v.seen {
			continue
		}
		before := f.query.relation
		if v.do(); before != "" && before != f.query.relation {
			return classic.UsageError("nix-store", "query type '"+lastRelation(args, verbs)+"' conflicts with earlier flag")
		}
	}
	switch {
	case f.operations == 0:
		return &cli.ExitError{Code: cli.ExitFailure, Err: errors.New("no operation specified\nTry 'nix-store --help' for more information.")}
	case f.operations > 1:
		return &cli.ExitError{Code: cli.ExitFailure, Err: errors.New("only one operation may be specified")}
	case f.noStore:
		set, err := deps.Settings(common)
		if err != nil {
			return err
		}
		return restore(env, operands, set.Flag("use-case-hack", false))
	}
	return deps.run(ctx, env, common, func(ctx context.Context, s *session) error {
		return f.op(ctx, s, f, operands)
	})
}

// verb is an option that says what to do.
type verb struct {
	name     string
	seen     bool
	relation bool // it says what nix-store -q is to tell
	do       func()
}

// lastRelation returns the last option on a command line that is a relation.
func lastRelation(args []string, verbs []*verb) string {
	for _, a := range slices.Backward(args) {
		for _, v := range verbs {
			joined := len(v.name) == 2 && len(a) > 2 && a[0] == '-' && a[1] != '-' && strings.Contains(a, v.name[1:])
			if v.relation && v.seen && (a == v.name || joined) {
				return v.name
			}
		}
	}
	return "--binding"
}

// spec is the table of options, and of those that are verbs.
func (f *nixStoreFlags) spec() (classic.Spec, []*verb) {
	spec := classic.Spec{Command: "nix-store", Flags: map[string]*bool{}, Values: map[string]func(string){}, Pairs: map[string]func(a, b string){}}
	flag := func(to *bool, names ...string) {
		for _, n := range names {
			spec.Flags[n] = to
		}
	}
	flag(&f.query.useOutput, "--use-output", "-u")
	flag(&f.query.includeOutputs, "--include-outputs")
	flag(&f.recursive, "--recursive")
	flag(&f.ignore, "--ignore-liveness")
	flag(&f.contents, "--check-contents")
	flag(&f.printInvalid, "--print-invalid")
	flag(&f.withHash, "--hash-given")
	flag(new(bool), "--force-realise", "-f", "--no-trust")
	spec.Values["--max-freed"] = func(v string) { f.gc.maxFreed = v }
	spec.Values["--binding"] = f.setBinding
	spec.Values["-b"] = f.setBinding
	spec.Values["--add-root"] = func(v string) { f.root = v }
	flag(new(bool), "--indirect")
	var verbs []*verb
	all := f.verbs()
	for _, name := range sortedKeys(all) {
		v := &verb{name: name, do: all[name]}
		v.relation = name == "-R" || name == "-d" || slices.Contains(relations, strings.TrimPrefix(name, "--"))
		spec.Flags[name] = &v.seen
		verbs = append(verbs, v)
	}
	return spec, verbs
}

func (f *nixStoreFlags) setBinding(v string) { f.query.relation, f.query.binding = "binding", v }

func (f *nixStoreFlags) verbs() map[string]func() {
	verbs := map[string]func(){}
	op := func(do operation, names ...string) {
		for _, n := range names {
			verbs[n] = func() { f.op = do; f.operations++ }
		}
	}
	op(opRealise, "--realise", "--realize", "-r")
	op(opAdd, "--add", "-A")
	op(opAddFixed, "--add-fixed")
	op(opPrintFixed, "--print-fixed-path")
	op(opQuery, "--query", "-q")
	op(opPrintEnv, "--print-env")
	op(opReadLog, "--read-log", "-l")
	op(opDumpDB, "--dump-db")
	op(opLoadDB, "--load-db")
	op(opRegister, "--register-validity")
	op(opCheckValidity, "--check-validity")
	op(opGC, "--gc")
	op(opDelete, "--delete")
	op(opDump, "--dump")
	verbs["--restore"] = func() { f.noStore = true; f.operations++ }
	op(opExport, "--export")
	op(opImport, "--import")
	op(opInit, "--init")
	op(opVerify, "--verify")
	op(opVerifyPath, "--verify-path")
	op(opRepairPath, "--repair-path")
	op(opOptimise, "--optimise", "--optimize")
	op(opGenerateKey, "--generate-binary-cache-key")
	for _, r := range relations {
		if r != "binding" && r != "requisites" {
			verbs["--"+r] = func() { f.query.relation = r }
		}
	}
	for _, n := range []string{"--requisites", "-R"} {
		verbs[n] = func() { f.query.relation = "requisites" }
	}
	verbs["-d"] = func() { f.query.relation = "deriver" }
	for _, a := range []string{"print-roots", "print-live", "print-dead"} {
		verbs["--"+a] = func() { f.gc.action = a }
	}
	return verbs
}

// opOptimise refuses what doc/rationale.md has the reason against.
func opOptimise(_ context.Context, _ *session, _ *nixStoreFlags, operands []string) error {
	if len(operands) > 0 {
		return classic.UsageError("nix-store", "no arguments expected")
	}
	return errors.New("equal files of the store are not joined by hard links: a build can count the links of a file, and so what it makes would depend on what else is in the store. " +
		"Nothing has been changed; \"nix-store --gc\" makes room")
}

func opRealise(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error {
	if s.deps.Realise == nil {
		return fmt.Errorf("this program cannot build")
	}
	s.common.PrintLogs, s.common.RawLogs = !s.common.NoOutput, true
	paths, err := s.deps.Realise(ctx, s.common, operands)
	if err != nil {
		return err
	}
	if f.root == "" {
		return s.print(paths)
	}
	for i, p := range paths {
		link := s.abs(f.root)
		if i > 0 {
			link = fmt.Sprintf("%s-%d", link, i+1)
		}
		if err := s.s.AddIndirectRoot(ctx, link, p); err != nil {
			return err
		}
		if err := s.printf("%s\n", link); err != nil {
			return err
		}
	}
	return nil
}

func opAdd(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	return s.add(ctx, operands, "")
}

func opAddFixed(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error {
	if len(operands) == 0 {
		return fmt.Errorf("first argument must be hash algorithm")
	}
	return s.addFixed(ctx, operands[0], operands[1:], f.recursive)
}

func opPrintFixed(_ context.Context, s *session, f *nixStoreFlags, operands []string) error {
	if len(operands) != 3 {
		return fmt.Errorf("'--print-fixed-path' requires three arguments")
	}
	a, err := nixhash.ParseAlgorithm(operands[0])
	if err != nil {
		return err
	}
	h, err := nixhash.Parse(operands[1], a)
	if err != nil {
		return err
	}
	p, err := s.s.Dir().MakeFixed(operands[2], f.recursive, h, nil)
	if err != nil {
		return err
	}
	return s.printf("%s\n", s.s.Dir().Join(p))
}

func opQuery(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error {
	if f.query.relation == "" {
		f.query.relation = "outputs"
	}
	return s.query(ctx, f.query, operands)
}

func opPrintEnv(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	if len(operands) != 1 {
		return fmt.Errorf("'--print-env' requires one derivation store path")
	}
	return s.printEnv(ctx, operands[0])
}

func opReadLog(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	return s.readLog(ctx, operands)
}

func opDumpDB(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	return s.dumpDB(ctx, operands)
}

func opLoadDB(ctx context.Context, s *session, _ *nixStoreFlags, _ []string) error {
	return s.loadDB(ctx, true)
}

func opRegister(ctx context.Context, s *session, f *nixStoreFlags, _ []string) error {
	return s.loadDB(ctx, f.withHash)
}

func opCheckValidity(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error {
	for _, o := range operands {
		p, err := s.path(o)
		if err != nil {
			return err
		}
		_, err = s.info(ctx, p)
		if err == nil {
			continue
		}
		if !f.printInvalid {
			return err
		}
		if err := s.printf("%s\n", s.s.Dir().Join(p)); err != nil {
			return err
		}
	}
	return nil
}

func opGC(ctx context.Context, s *session, f *nixStoreFlags, _ []string) error {
	return s.gc(ctx, f.gc)
}

func opDelete(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error {
	return s.delete(ctx, operands, f.ignore)
}

func opDump(_ context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	if len(operands) != 1 {
		return fmt.Errorf("only one argument allowed")
	}
	return s.dump(operands[0])
}

// restore unpacks a NAR from the standard input; it is the one verb that works
// without a store.
func restore(env *cli.Env, operands []string, caseHack bool) error {
	if len(operands) != 1 {
		return fmt.Errorf("only one argument allowed")
	}
	name := operands[0]
	if name == "" {
		return fmt.Errorf("restore destination path is empty")
	}
	if base := name[strings.LastIndexByte(name, '/')+1:]; base == "." || base == ".." {
		return fmt.Errorf("restore destination '%s' ends in '%s', which is not a valid filename", name, base)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(env.Dir, name)
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	unpack := nar.Restore
	if caseHack {
		unpack = nar.RestoreCaseHack
	}
	return inTheWay(filepath.Dir(name), unpack(env.Stdin, int(dir.Fd()), filepath.Base(name), 0))
}

// inTheWay says in Nix's words that something exists where a NAR was to go.
func inTheWay(dir string, err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) || !errors.Is(err, fs.ErrExist) {
		return err
	}
	kind := map[string]string{"mkdir": "directory", "create": "regular file", "symlink": "symlink"}[p.Op]
	return fmt.Errorf("creating %s %q: File exists", kind, filepath.Join(dir, p.Path))
}

func opExport(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	return s.export(ctx, operands)
}

func opImport(ctx context.Context, s *session, _ *nixStoreFlags, _ []string) error {
	return s.importAll(ctx)
}

func opInit(context.Context, *session, *nixStoreFlags, []string) error {
	return nil // opening a store creates it
}

func opVerify(ctx context.Context, s *session, f *nixStoreFlags, operands []string) error {
	if len(operands) > 0 {
		return fmt.Errorf("no arguments expected")
	}
	return s.verify(ctx, f.contents, s.common.Repair, true)
}

// opVerifyPath compares the contents of single paths with the database.
func opVerifyPath(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	bad := false
	for _, o := range operands {
		p, err := s.path(o)
		if err != nil {
			return err
		}
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		h := nixhash.SHA256.New()
		if err := nar.Dump(h, s.s.RealPath(p), nil); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if got := nixhash.FromState(nixhash.SHA256, h); got != info.NarHash {
			s.say("error: path '%s' was modified! expected hash '%s', got '%s'", s.s.Dir().Join(p), info.NarHash, got)
			bad = true
		}
	}
	if bad {
		return &cli.ExitError{Code: cli.ExitFailure}
	}
	return nil
}

func opGenerateKey(_ context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	return s.generateKey(operands)
}

func opRepairPath(ctx context.Context, s *session, _ *nixStoreFlags, operands []string) error {
	paths, err := s.paths(operands)
	for _, p := range paths {
		err = errors.Join(err, s.deps.Repair(ctx, s.common, p))
	}
	return err
}
