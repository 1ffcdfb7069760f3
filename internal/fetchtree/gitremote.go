package fetchtree

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"isomorph/internal/flakeref"
	"isomorph/internal/gitrepo"
	"isomorph/internal/input"
	"isomorph/internal/nixhash"
)

// gitCache returns where the clone of a repository lies.
func (f *Fetcher) gitCache(url string, shallow bool) string {
	name := nixhash.Sum(nixhash.SHA256, []byte(url)).Base32()
	if shallow {
		name += "-shallow"
	}
	return filepath.Join(f.o.CacheDir, "git", name)
}

// openRemote brings our clone of a repository up to date as far as this input
// needs it, and opens it.
func (j *gitJob) openRemote(ctx context.Context, dir string) (*gitrepo.Repo, error) {
	repo, err := j.f.git.OpenCache(ctx, dir)
	if err != nil {
		return nil, err
	}
	ref, given := j.in.Str("ref")
	if !given {
		if ref, err = j.defaultRef(ctx, repo); err != nil {
			return nil, err
		}
	}
	j.out["ref"] = ref
	need, err := j.needFetch(ctx, repo, ref)
	if err != nil {
		return nil, err
	}
	if need {
		if err := j.fetchRef(ctx, repo, ref, given); err != nil {
			return nil, err
		}
	}
	if rev := j.in.Rev(); rev != "" {
		return repo, j.mustHave(ctx, repo, rev, ref)
	}
	rev, err := repo.Resolve(ctx, fullRef(ref))
	if err != nil {
		rev, err = repo.Resolve(ctx, ref)
	}
	j.out["rev"] = rev
	return repo, err
}

// fullRef returns where in the clone a reference is kept.
func fullRef(ref string) string {
	if strings.HasPrefix(ref, "refs/") || ref == "HEAD" {
		return ref
	}
	return "refs/heads/" + ref
}

func (j *gitJob) mustHave(ctx context.Context, repo *gitrepo.Repo, rev, ref string) error {
	ok, err := repo.HasCommit(ctx, rev)
	if err == nil && !ok {
		err = fmt.Errorf("Cannot find Git revision '%s' in ref '%s' of repository '%s'! Please make sure that the rev exists on the ref you've specified or add allRefs = true; to fetchGit.", rev, ref, j.where())
	}
	return err
}

// needFetch tells whether the clone lacks what is asked for, or what it has is
// too old.
func (j *gitJob) needFetch(ctx context.Context, repo *gitrepo.Repo, ref string) (bool, error) {
	if rev := j.in.Rev(); rev != "" {
		ok, err := repo.HasCommit(ctx, rev)
		return !ok, err
	}
	if j.in.Bool("allRefs") {
		return true, nil
	}
	at := touched(filepath.Join(repo.Dir(), filepath.FromSlash(fullRef(ref))))
	return at.IsZero() || !j.f.fresh(at.Unix()), nil
}

func (j *gitJob) fetchRef(ctx context.Context, repo *gitrepo.Repo, ref string, given bool) error {
	local := filepath.Join(repo.Dir(), filepath.FromSlash(fullRef(ref)))
	spec := fullRef(ref) + ":" + fullRef(ref)
	switch {
	case j.in.Bool("allRefs"):
		spec = "refs/*:refs/*"
	case j.in.Rev() != "":
		spec = j.in.Rev()
	}
	if err := j.fetchInto(ctx, repo, spec); err != nil {
		if touched(local).IsZero() || ctx.Err() != nil {
			return err
		}
		j.f.o.Warn(err.Error())
		j.f.o.Warn(fmt.Sprintf("could not update local clone of Git repository '%s'; continuing with the most recent version", j.where()))
	}
	if j.in.Rev() == "" && !touched(local).IsZero() {
		now := j.f.o.Now()
		if err := os.Chtimes(local, now, now); err != nil {
			return err
		}
	}
	if !given && strings.HasPrefix(ref, "refs/") {
		return repo.SetHead(ctx, ref)
	}
	return nil
}

func (j *gitJob) fetchInto(ctx context.Context, repo *gitrepo.Repo, spec string) error {
	if j.f.o.Fetch.Offline && j.url.Scheme != "file" {
		return fmt.Errorf("the Git repository '%s' would have to be fetched, which --offline forbids", j.where())
	}
	return repo.Fetch(ctx, j.url, spec, j.in.Bool("shallow"))
}

// defaultRef asks what the repository's HEAD is, or takes the last answer.
func (j *gitJob) defaultRef(ctx context.Context, repo *gitrepo.Repo) (string, error) {
	last := ""
	at := touched(filepath.Join(repo.Dir(), "HEAD"))
	if _, err := repo.Resolve(ctx, "HEAD"); err == nil {
		if last, err = repo.HeadRef(); err != nil {
			return "", err
		}
	}
	if last != "" && j.f.fresh(at.Unix()) {
		return last, nil
	}
	if j.f.o.Fetch.Offline && j.url.Scheme != "file" {
		return "", fmt.Errorf("the Git repository '%s' would have to be asked for its HEAD, which --offline forbids", j.where())
	}
	head, err := j.f.git.RemoteHead(ctx, j.url)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err == nil && head != "":
		return head, j.checkRef(head)
	case last != "":
		j.f.o.Warn(fmt.Sprintf("could not get HEAD ref for repository '%s'; using expired cached ref '%s'", j.where(), last))
		return last, nil
	}
	j.f.o.Warn(fmt.Sprintf("could not read HEAD ref from repo at '%s', using 'master'", j.where()))
	return "master", nil
}

// checkRef checks a name that a server has sent.
func (j *gitJob) checkRef(ref string) error {
	if !flakeref.LegalRef(ref) {
		return fmt.Errorf("the repository '%s' says that its HEAD is '%s', which is no legal name", j.where(), ref)
	}
	return nil
}

// writeSubmodules puts the submodules of a commit into the empty directories
// that stand for them.
func (j *gitJob) writeSubmodules(ctx context.Context, repo *gitrepo.Repo, rev, dir string) error {
	subs, err := repo.Submodules(ctx, rev)
	if err != nil {
		return err
	}
	for _, s := range subs {
		in, err := j.submoduleInput(ctx, repo, s)
		if err != nil {
			return fmt.Errorf("submodule '%s': %w", s.Path, err)
		}
		if err := j.writeSubmodule(ctx, in, filepath.Join(dir, s.Path)); err != nil {
			return &input.FetchError{Input: input.Describe(in), Err: err}
		}
	}
	return nil
}

func (j *gitJob) submoduleInput(ctx context.Context, repo *gitrepo.Repo, s gitrepo.Submodule) (Attrs, error) {
	base := j.path
	if base == "" {
		base = j.url.String()
	}
	url, err := repo.ResolveSubmodule(ctx, s.URL, base)
	if err != nil {
		return nil, err
	}
	u, err := flakeref.FixGitURL(url)
	if err != nil {
		return nil, err
	}
	// A repository from elsewhere must not be able to name files of this machine.
	if u.Scheme == "file" && j.url.Scheme != "file" {
		return nil, fmt.Errorf("the URL '%s' names a file of this machine, but the repository is not from here", u.Redacted())
	}
	in := Attrs{"type": "git", "url": u.String(), "rev": s.Rev, "exportIgnore": j.in.Bool("exportIgnore"), "submodules": true, "lfs": false, "allRefs": true}
	switch s.Branch {
	case "":
	case ".":
		in["ref"] = j.out["ref"]
	default:
		in["ref"] = s.Branch
	}
	return input.Normalise(in, j.f.o.Features)
}

func (j *gitJob) writeSubmodule(ctx context.Context, in Attrs, dir string) error {
	sub, err := j.f.newGitJob(in, j.depth+1)
	if err != nil {
		return err
	}
	repo, done, err := sub.openCommit(ctx)
	if err != nil {
		return err
	}
	defer done()
	return sub.writeCommit(ctx, repo, sub.out.Rev(), dir)
}

// copySubmodules copies the work trees of the submodules of a work tree. A dirty
// one makes the whole dirty.
func (j *gitJob) copySubmodules(ctx context.Context, t *gitrepo.WorkTree, dir string) error {
	for _, s := range t.Submodules {
		in := Attrs{"type": "git", "url": filepath.Join(j.path, s.Path), "exportIgnore": j.in.Bool("exportIgnore"), "submodules": true}
		in, err := input.Normalise(in, j.f.o.Features)
		if err != nil {
			return err
		}
		if err := j.copySubmodule(ctx, t, in, filepath.Join(dir, s.Path)); err != nil {
			return &input.FetchError{Input: input.Describe(in), Err: err}
		}
	}
	return nil
}

func (j *gitJob) copySubmodule(ctx context.Context, t *gitrepo.WorkTree, in Attrs, dir string) error {
	sub, err := j.f.newGitJob(in, j.depth+1)
	if err != nil {
		return err
	}
	if sub.path == "" {
		return os.MkdirAll(dir, 0o755)
	}
	repo, err := j.f.git.Open(ctx, sub.path)
	if err != nil {
		return err
	}
	defer repo.Close()
	tree, err := repo.WorkTree(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := repo.CopyTracked(tree, dir, gitrepo.TreeOptions{}); err != nil {
		return err
	}
	if tree.Dirty {
		t.Dirty = true
		if err := sub.reportDirty(); err != nil {
			return err
		}
	}
	return sub.copySubmodules(ctx, tree, dir)
}
