package flakeref

// What those who fetch a source need beside its attributes.

// ParseURL reads a URL in the form in which the attributes of a source hold it.
func ParseURL(text string) (*URL, error) { return parseURL(text, false, ignoreWarning) }

// ParseInput reads the URL of a source, as builtins.fetchTree takes it: without
// a fragment, short names and paths. warn is told of what is dubious in it.
func ParseInput(text string, warn func(string)) (Attrs, error) {
	u, err := parseURL(text, false, warn)
	if err != nil {
		return nil, err
	}
	return attrsFromURL(u, true)
}

// FilePath returns the path of the file that a URL names.
func (u *URL) FilePath() (string, error) { return u.filePath() }

// Redacted prints the URL for a message, without a password.
func (u *URL) Redacted() string {
	if u.Authority == nil || u.Authority.Password == nil {
		return u.String()
	}
	a, c := *u.Authority, *u
	a.Password = nil
	c.Authority = &a
	return c.String()
}

// URL returns what Text prints, in parts.
func (r Ref) URL() (*URL, error) { return urlOf(r.Attrs) }

// LegalRef tells whether git takes a text for the name of a branch, a tag or
// another reference.
func LegalRef(s string) bool { return legalRef(s) }
