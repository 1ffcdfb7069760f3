package fetchtree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"isomorph/internal/atomicfile"
	"isomorph/internal/flakeref"
	"isomorph/internal/gitrepo"
	"isomorph/internal/input"
)

// gitJob is one git input on its way.
type gitJob struct {
	f     *Fetcher
	in    Attrs // as asked for
	out   Attrs
	url   *flakeref.URL
	path  string // of a repository with a work tree on this machine, "" for all others
	depth int    // of submodules
}

// maxSubmoduleDepth bounds submodules in submodules.
const maxSubmoduleDepth = 32

func (f *Fetcher) gitInput(ctx context.Context, in Attrs) (*Result, error) {
	j, err := f.newGitJob(in, 0)
	if err != nil {
		return nil, err
	}
	return j.run(ctx)
}

func (f *Fetcher) newGitJob(in Attrs, depth int) (*gitJob, error) {
	if depth > maxSubmoduleDepth {
		return nil, fmt.Errorf("submodules nest deeper than %d", maxSubmoduleDepth)
	}
	s, err := in.Need("url")
	if err != nil {
		return nil, err
	}
	j := &gitJob{f: f, in: in, out: in.Clone(), depth: depth}
	if j.url, err = flakeref.ParseURL(s); err != nil {
		return nil, err
	}
	return j, j.locate()
}

// locate decides between a work tree on this machine, which is read in place,
// and everything else, which is fetched.
func (j *gitJob) locate() error {
	if j.url.Scheme != "file" {
		delete(j.url.Query, "dir") // old lock files have it in the URL
		return nil
	}
	path, err := j.url.FilePath()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		return fmt.Errorf("the Git repository '%s' is given by a path relative to the current directory; use an absolute one", j.url)
	}
	_, err = os.Stat(path)
	_, gitErr := os.Stat(filepath.Join(path, ".git"))
	if err == nil && gitErr != nil {
		j.url.Query = map[string]string{} // git would take it for a part of the file's name
		return nil
	}
	if j.path = path; err != nil {
		return fmt.Errorf("Git repository \"%s\" does not exist.", path)
	}
	return nil
}

// where names the repository in messages.
func (j *gitJob) where() string {
	if j.path != "" {
		return j.path
	}
	return j.url.Redacted()
}

func (j *gitJob) run(ctx context.Context) (*Result, error) {
	switch {
	case j.in.Bool("exportIgnore") && j.in.Bool("submodules"):
		return nil, errors.New("exportIgnore and submodules are not supported together yet")
	case j.in.Bool("lfs"):
		return nil, errors.New("files of Git LFS cannot be fetched by isomorph: it does not run Git's filters; leave out 'lfs' to get the pointer files")
	case j.in.Bool("verifyCommit") || j.in["publicKey"] != nil || j.in["publicKeys"] != nil:
		return nil, errors.New("signatures of commits cannot be verified by isomorph; leave out 'publicKey', 'publicKeys' and 'verifyCommit', and pin the commit by 'rev' and 'narHash'")
	}
	_, hasRef := j.in.Str("ref")
	if j.path != "" && !hasRef && j.in.Rev() == "" {
		return j.workTree(ctx)
	}
	return j.commit(ctx)
}

// fingerprintKind tells the fingerprints of repositories from all others.
const fingerprintKind = "git:"

// fingerprint determines the tree of a commit.
func (j *gitJob) fingerprint(rev string) string {
	s := fingerprintKind + rev
	if j.in.Bool("submodules") {
		s += ";s"
	}
	if j.in.Bool("exportIgnore") {
		s += ";e"
	}
	return s
}

// commit fetches the tree of a commit.
func (j *gitJob) commit(ctx context.Context) (*Result, error) {
	repo, done, err := j.openCommit(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	rev := j.out.Rev()
	j.out["rev"] = rev
	if err := j.setLastModified(ctx, repo, rev); err != nil { // what the input says of it is compared later
		return nil, err
	}
	if !j.in.Bool("shallow") {
		if repo.IsShallow() {
			return nil, fmt.Errorf("'%s' is a shallow Git repository, but shallow repositories are only allowed when `shallow = true;` is specified", j.where())
		}
		if err := j.setRevCount(ctx, repo, rev); err != nil {
			return nil, err
		}
	}
	r := &Result{Locked: j.out}
	p, h, err := j.f.tree(ctx, j.fingerprint(rev), j.in.Name(), func(dir string) error {
		return j.writeCommit(ctx, repo, rev, dir)
	})
	if err != nil {
		return nil, err
	}
	r.Path, r.Locked["narHash"] = p, h.SRI()
	return r, nil
}

func (j *gitJob) writeCommit(ctx context.Context, repo *gitrepo.Repo, rev, dir string) error {
	if err := repo.WriteTree(ctx, rev, dir, gitrepo.TreeOptions{ExportIgnore: j.in.Bool("exportIgnore")}); err != nil {
		return err
	}
	if !j.in.Bool("submodules") {
		return nil
	}
	return j.writeSubmodules(ctx, repo, rev, dir)
}

func (j *gitJob) setLastModified(ctx context.Context, repo *gitrepo.Repo, rev string) error {
	t, err := j.known("gitLastModified "+rev, "lastModified", func() (uint64, error) { return repo.LastModified(ctx, rev) })
	j.out["lastModified"] = t
	return err
}

func (j *gitJob) setRevCount(ctx context.Context, repo *gitrepo.Repo, rev string) error {
	if repo.IsShallow() { // the count is that of the part that is here
		n, err := repo.RevCount(ctx, rev)
		j.out["revCount"] = n
		return err
	}
	n, err := j.known("gitRevCount "+rev, "revCount", func() (uint64, error) { return repo.RevCount(ctx, rev) })
	j.out["revCount"] = n
	return err
}

// known returns a number that follows from a key, from the cache if it is there.
func (j *gitJob) known(key, name string, find func() (uint64, error)) (uint64, error) {
	if rec, ok := j.f.cache.get(key); ok {
		if n, ok := rec.Info.Int(name); ok {
			return n, nil
		}
	}
	n, err := find()
	if err != nil {
		return 0, err
	}
	return n, j.f.cache.put(key, j.f.o.Now(), Attrs{name: n})
}

// openCommit opens the repository that has the commit, which is fetched if need
// be, and fills in ref and rev.
func (j *gitJob) openCommit(ctx context.Context) (*gitrepo.Repo, func(), error) {
	if j.path != "" {
		return j.openLocal(ctx)
	}
	// The lock is for changing the clone; reading a commit needs none, as
	// nothing is ever collected in it.
	dir := j.f.gitCache(j.url.String(), j.in.Bool("shallow"))
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, nil, err
	}
	lock, err := atomicfile.OpenLock(dir + ".lock")
	if err != nil {
		return nil, nil, err
	}
	defer lock.Close()
	if err := lock.Acquire(ctx, atomicfile.Exclusive, nil); err != nil {
		return nil, nil, err
	}
	repo, err := j.openRemote(ctx, dir)
	return repo, func() {}, err
}

func (j *gitJob) openLocal(ctx context.Context) (*gitrepo.Repo, func(), error) {
	repo, err := j.f.git.Open(ctx, j.path)
	if err != nil {
		return nil, nil, err
	}
	done := func() { repo.Close() }
	ref, ok := j.in.Str("ref")
	if !ok {
		if ref, err = repo.HeadRef(); err != nil {
			done()
			return nil, nil, err
		}
	}
	j.out["ref"] = ref
	if rev := j.in.Rev(); rev != "" {
		err = repo.MustHave(ctx, rev)
	} else {
		j.out["rev"], err = repo.Resolve(ctx, ref)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return repo, done, nil
}

// workTree takes the tracked files of a work tree.
func (j *gitJob) workTree(ctx context.Context) (*Result, error) {
	repo, err := j.f.git.Open(ctx, j.path)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	t, err := repo.WorkTree(ctx)
	if err != nil {
		return nil, err
	}
	fingerprint := ""
	withModules := j.in.Bool("submodules") && len(t.Submodules) > 0
	if len(t.Submodules) == 0 {
		if fingerprint, err = j.workTreeFingerprint(repo, t); err != nil {
			return nil, err
		}
	}
	p, h, err := j.f.tree(ctx, fingerprint, j.in.Name(), func(dir string) error {
		if err := repo.CopyTracked(t, dir, gitrepo.TreeOptions{ExportIgnore: j.in.Bool("exportIgnore")}); err != nil || !withModules {
			return err
		}
		return j.copySubmodules(ctx, t, dir)
	})
	if err != nil {
		return nil, err
	}
	if err := j.describeWorkTree(ctx, repo, t); err != nil {
		return nil, err
	}
	j.out["narHash"] = h.SRI()
	r := &Result{Path: p, Locked: j.out}
	if t.Dirty {
		r.Fingerprint = strings.TrimPrefix(fingerprint, fingerprintKind)
	}
	return r, nil
}

func (j *gitJob) workTreeFingerprint(repo *gitrepo.Repo, t *gitrepo.WorkTree) (string, error) {
	head := t.Head
	if head == "" {
		head = input.NullRev
	}
	if !t.Dirty {
		return j.fingerprint(head) + ";worktree", nil
	}
	d, err := repo.Fingerprint(t)
	return j.fingerprint(head) + ";d=" + d, err
}

// describeWorkTree fills in which commit a work tree is, or is based on.
func (j *gitJob) describeWorkTree(ctx context.Context, repo *gitrepo.Repo, t *gitrepo.WorkTree) error {
	j.out["lastModified"] = uint64(0)
	if t.Head != "" {
		if err := j.setLastModified(ctx, repo, t.Head); err != nil {
			return err
		}
	}
	if t.Dirty {
		if t.Head != "" {
			j.out["dirtyRev"] = t.Head + "-dirty"
			j.out["dirtyShortRev"] = t.Head[:input.ShortLen] + "-dirty"
		}
		return j.reportDirty()
	}
	if t.Head == "" {
		j.out["rev"] = input.NullRev
		if !j.in.Bool("shallow") {
			j.out["revCount"] = uint64(0)
		}
	} else {
		j.out["rev"] = t.Head
		if !j.in.Bool("shallow") {
			if err := j.setRevCount(ctx, repo, t.Head); err != nil {
				return err
			}
		}
	}
	ref, err := repo.HeadRef()
	if err == nil && len(ref) > 5 && ref[:5] == "refs/" {
		j.out["ref"] = ref
	}
	return err
}

func (j *gitJob) reportDirty() error {
	if !j.f.o.AllowDirty {
		return fmt.Errorf("Git tree '%s' is dirty", j.path)
	}
	if j.f.o.WarnDirty {
		j.f.o.Warn(fmt.Sprintf("Git tree '%s' is dirty", j.path))
	}
	return nil
}

// touched returns when a file was written, zero if it is not there.
func touched(file string) time.Time {
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
