package fetchtree

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"isomorph/internal/input"
	"isomorph/internal/lazyre"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
)

// forge fetches the archive of a commit from GitHub, GitLab or SourceHut.
func (f *Fetcher) forge(ctx context.Context, in Attrs) (*Result, error) {
	j := &forgeJob{f: f, out: in.Clone()}
	j.owner, _ = in.Str("owner")
	j.repo, _ = in.Str("repo")
	j.host, _ = in.Str("host")
	if j.host == "" {
		j.host = map[string]string{"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}[in.Type()]
	}
	j.header = j.authorization(in.Type())
	if err := j.findRev(ctx, in); err != nil {
		return nil, err
	}
	key := "forge " + j.out.Rev()
	if rec, ok := f.cache.get(key); ok {
		a, err := f.recordedTree(ctx, rec, in.Name())
		if err != nil {
			return nil, err
		}
		if a != nil {
			return j.result(a), nil
		}
	}
	a, err := j.download(ctx, in)
	if err != nil {
		return nil, err
	}
	return j.result(a), f.cache.put(key, f.o.Now(), Attrs{"narHash": a.hash.SRI(), "lastModified": a.lastModified})
}

type forgeJob struct {
	f                 *Fetcher
	out               Attrs
	host, owner, repo string
	header            http.Header
}

func (j *forgeJob) result(a *unpacked) *Result {
	j.out["lastModified"] = a.lastModified
	j.out["narHash"] = a.hash.SRI()
	return &Result{Path: a.path, Locked: j.out}
}

// findRev fills in the revision, which a branch or tag stands for.
func (j *forgeJob) findRev(ctx context.Context, in Attrs) error {
	rev := in.Rev()
	if rev == "" {
		ref, ok := in.Str("ref")
		if !ok {
			ref = "HEAD"
		}
		var err error
		switch in.Type() {
		case "github":
			rev, err = j.githubRev(ctx, ref)
		case "gitlab":
			rev, err = j.gitlabRev(ctx, ref)
		default:
			rev, err = j.sourcehutRev(ctx, ref)
		}
		if err != nil {
			return err
		}
	}
	h, err := nixhash.Parse(rev, nixhash.SHA1)
	if err != nil {
		return err
	}
	delete(j.out, "ref")
	j.out["rev"] = h.Base16()
	return nil
}

// download gets the archive. Its record is kept by the revision and not by the
// URL, which says nothing that the revision does not.
func (j *forgeJob) download(ctx context.Context, in Attrs) (*unpacked, error) {
	rev := j.out.Rev()
	url := fmt.Sprintf("https://%s/%s/%s/archive/%s.tar.gz", j.host, j.owner, j.repo, rev)
	switch {
	case in.Type() == "gitlab":
		url = fmt.Sprintf("https://%s/api/v4/projects/%s%%2F%s/repository/archive.tar.gz?sha=%s", j.host, j.owner, j.repo, rev)
	case in.Type() == "github" && j.host != "github.com":
		url = fmt.Sprintf("https://%s/api/v3/repos/%s/%s/tarball/%s", j.host, j.owner, j.repo, rev)
	case in.Type() == "github" && j.header != nil: // the public address knows no tokens
		url = fmt.Sprintf("https://api.%s/repos/%s/%s/tarball/%s", j.host, j.owner, j.repo, rev)
	}
	var a *unpacked
	err := j.f.scratchFile(ctx, func(_ store.Store, file string) error {
		_, err := j.f.get(ctx, url, "", j.header, file)
		if err == nil {
			a, err = j.f.unpack(ctx, url, file, in.Name())
		}
		return err
	})
	return a, err
}

// answer returns what a forge says at a URL. It is asked again after
// tarball-ttl.
func (j *forgeJob) answer(ctx context.Context, url string) (string, error) {
	rec, known := j.f.cache.get("answer " + url)
	body, _ := rec.Info.Str("body")
	if known && j.f.fresh(rec.Time) {
		return body, nil
	}
	err := j.f.scratchFile(ctx, func(_ store.Store, file string) error {
		if _, err := j.f.get(ctx, url, "", j.header, file); err != nil {
			if known && ctx.Err() == nil {
				j.f.o.Warn(err.Error() + "; using cached version")
				return nil
			}
			return err
		}
		b, err := readAnswer(file)
		if err != nil {
			return err
		}
		body = string(b)
		return j.f.cache.put("answer "+url, j.f.o.Now(), Attrs{"body": body})
	})
	return body, err
}

// maxAnswer bounds what a forge may answer: the list of a big repository's
// references is a few megabytes.
const maxAnswer = 64 << 20

func readAnswer(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxAnswer {
		err = fmt.Errorf("the server answered with %d bytes", info.Size())
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

func (j *forgeJob) githubRev(ctx context.Context, ref string) (string, error) {
	url := fmt.Sprintf("https://api.%s/repos/%s/%s/commits/%s", j.host, j.owner, j.repo, ref)
	if j.host != "github.com" {
		url = fmt.Sprintf("https://%s/api/v3/repos/%s/%s/commits/%s", j.host, j.owner, j.repo, ref)
	}
	body, err := j.answer(ctx, url)
	if err != nil {
		return "", err
	}
	var commit struct {
		SHA string `json:"sha"`
	}
	if err := json.Unmarshal([]byte(body), &commit); err != nil || commit.SHA == "" {
		return "", fmt.Errorf("unexpected response received from GitHub for '%s'", url)
	}
	return commit.SHA, nil
}

func (j *forgeJob) gitlabRev(ctx context.Context, ref string) (string, error) {
	url := fmt.Sprintf("https://%s/api/v4/projects/%s%%2F%s/repository/commits?ref_name=%s", j.host, j.owner, j.repo, ref)
	body, err := j.answer(ctx, url)
	if err != nil {
		return "", err
	}
	var commits []struct {
		ID string `json:"id"`
	}
	switch err := json.Unmarshal([]byte(body), &commits); {
	case err != nil:
		return "", fmt.Errorf("Unexpected response received from GitLab: %.200s", body)
	case len(commits) == 0:
		return "", fmt.Errorf("No commits returned by GitLab API -- does the git ref really exist?")
	}
	return commits[0].ID, nil
}

// sourcehutRev reads the list of references that git's "dumb" protocol has.
func (j *forgeJob) sourcehutRev(ctx context.Context, ref string) (string, error) {
	base := fmt.Sprintf("https://%s/%s/%s", j.host, j.owner, j.repo)
	want := regexp.MustCompile("^refs/(heads|tags)/" + regexp.QuoteMeta(ref) + "$")
	if ref == "HEAD" {
		head, err := j.answer(ctx, base+"/HEAD")
		if err != nil {
			return "", err
		}
		line, _, _ := strings.Cut(head, "\n")
		target, ok := strings.CutPrefix(line, "ref:")
		if !ok {
			return "", fmt.Errorf("in '%s', couldn't resolve HEAD ref '%s'", input.Describe(j.out), ref)
		}
		want = regexp.MustCompile("^" + regexp.QuoteMeta(strings.TrimSpace(target)) + "$")
	}
	refs, err := j.answer(ctx, base+"/info/refs")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(refs) {
		if id, name, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && want.MatchString(name) {
			return id, nil
		}
	}
	return "", fmt.Errorf("in '%s', couldn't find ref '%s'", input.Describe(j.out), ref)
}

// authorization returns the header that carries the access token for this
// repository, nil if there is none.
func (j *forgeJob) authorization(typ string) http.Header {
	token := j.token()
	if token == "" {
		return nil
	}
	switch typ {
	case "github":
		return http.Header{"Authorization": {"token " + token}}
	case "sourcehut":
		return http.Header{"Authorization": {"Bearer " + token}}
	}
	kind, secret, ok := strings.Cut(token, ":")
	switch {
	case kind == "OAuth2":
		return http.Header{"Authorization": {"Bearer " + secret}}
	case kind == "PAT":
		return http.Header{"Private-Token": {secret}}
	case !ok || !headerName.MatchString(kind):
		j.f.o.Warn(fmt.Sprintf("Unrecognized access token for host '%s'", j.host))
		return nil
	}
	j.f.o.Warn("Unrecognized GitLab token type " + kind)
	return http.Header{http.CanonicalHeaderKey(kind): {secret}}
}

var headerName = lazyre.New(`^[A-Za-z0-9-]+$`)

// token returns the access token for the longest beginning of "host/owner/repo"
// that has one, cut at a slash.
func (j *forgeJob) token() string {
	for place := j.host + "/" + j.owner + "/" + j.repo; ; {
		if t := j.f.o.AccessTokens[place]; t != "" {
			return t
		}
		i := strings.LastIndexByte(place, '/')
		if i < 0 {
			return ""
		}
		place = place[:i]
	}
}
