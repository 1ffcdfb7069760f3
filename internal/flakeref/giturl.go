package flakeref

import (
	"strings"

	"isomorph/internal/lazyre"
)

var scpForm = lazyre.New(`^([^/\n\r]*)@([^\n\r]*):([^\n\r]*)$`)

// FixGitURL turns what git takes for the place of a repository into a URL: a
// file name, user@host:path, or a URL already, from which "git+" is taken off.
func FixGitURL(text string) (*URL, error) {
	if !strings.HasPrefix(text, "/") {
		text = scpForm.ReplaceAllString(text, "ssh://$1@$2/$3")
	}
	isFile := strings.HasPrefix(text, "file:") || strings.HasPrefix(text, "git+file:")
	if !isFile && !strings.Contains(text, "://") {
		colon, slash := strings.IndexByte(text, ':'), strings.IndexByte(text, '/')
		if colon >= 0 && (slash < 0 || colon < slash) {
			return nil, badURL("SCP-like URL '%s' is not supported; use SSH URL syntax instead (ssh://...)", text)
		}
		u := &URL{Scheme: "file", Path: strings.Split(text, "/")}
		if strings.HasPrefix(text, "/") {
			u.Authority = &Authority{}
		}
		return u, nil
	}
	u, err := parseURL(text, false, ignoreWarning)
	if err != nil {
		return nil, err
	}
	if application, transport := SplitScheme(u.Scheme); application == "git" {
		u.Scheme = transport
	}
	return u, nil
}

func ignoreWarning(string) {}

// legalRef tells whether git takes a text for the name of a branch, a tag or
// any other reference (git-check-ref-format(1)).
func legalRef(s string) bool {
	if s == "@" || s == "" || strings.Contains(s, "\x7f") {
		return false
	}
	if !wellFormedRef(s) {
		return false
	}
	if !strings.HasPrefix(s, "-") {
		return true // a branch or a tag
	}
	return strings.Contains(s, "/") // a whole name such as refs/heads/x
}

func wellFormedRef(s string) bool {
	if strings.Contains(s, "..") || strings.Contains(s, "@{") || strings.HasSuffix(s, ".") {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || strings.IndexByte("~^:?*[\\", s[i]) >= 0 {
			return false
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}
