package flakeref

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/lazyre"
)

// URL is a URL in parts. Path segments, query and fragment are decoded.
type URL struct {
	Scheme    string
	Authority *Authority // nil if there is no "//"
	Path      []string   // cut at slashes; the first is "" for an absolute path
	Query     map[string]string
	Fragment  string
}

// Authority is the part of a URL after "//": who and where.
type Authority struct {
	User, Password *string
	Host           string // decoded, without the brackets of IPv6
	bracketed      bool
	Port           uint16 // 0 if there is none
}

// urlError is the error for a text that is no URL of a known form. A flake
// reference with such a mistake is tried as a path.
type urlError struct{ msg string }

func (e *urlError) Error() string { return e.msg }

func badURL(format string, args ...any) error { return &urlError{fmt.Sprintf(format, args...)} }

// What RFC 3986 allows in each part without percent encoding; "%" stands for
// two digits after it.
const (
	unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	subDelims  = "!$&'()*+,;="
	pathChars  = unreserved + subDelims + ":@/%"
	queryChars = pathChars + "?[]"
	fragChars  = pathChars + "?#"
	userChars  = unreserved + subDelims + ":%"
	hostChars  = unreserved + subDelims + "%"
)

// lenientQuery and lenientFragment are characters that flake references may
// have there unencoded, because people have written them so.
const (
	lenientQuery    = ` "`
	lenientFragment = ` "^`
)

var schemeForm = lazyre.New(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// parseURL reads a URL. lenient allows what flake references allow beyond the
// standard. warn is told of query parameters without a value.
func parseURL(text string, lenient bool, warn func(string)) (*URL, error) {
	fixed := text
	if lenient {
		fixed = encodeLenient(text)
	}
	rest, fragment, _ := strings.Cut(fixed, "#")
	rest, query, _ := strings.Cut(rest, "?")
	scheme, hier, ok := strings.Cut(rest, ":")
	if !ok || !schemeForm.MatchString(scheme) {
		return nil, noScheme(text, rest, query, fragment)
	}
	u := &URL{Scheme: scheme}
	path := hier
	if after, ok := strings.CutPrefix(hier, "//"); ok {
		authority, rest := after, ""
		if i := strings.IndexByte(after, '/'); i >= 0 {
			authority, rest = after[:i], after[i:]
		}
		path = rest
		var err error
		if u.Authority, err = parseAuthority(text, authority); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct{ text, allowed string }{{path, pathChars}, {query, queryChars}, {fragment, fragChars}} {
		if problem := misfit(part.text, part.allowed); problem != "" {
			return nil, badURL("'%s' is not a valid URL: %s", text, problem)
		}
	}
	if _, transport := SplitScheme(scheme); transport == "file" {
		if u.Authority != nil && u.Authority.Host != "" {
			return nil, badURL("file:// URL '%s' has unexpected authority '%s'", text, u.Authority)
		}
		if path == "" {
			path = "/"
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		u.Path = append(u.Path, decode(segment))
	}
	u.Query = decodeQuery(query, warn)
	u.Fragment = decode(fragment)
	return u, nil
}

// noScheme says what is wrong with a text that has no scheme: the library behind
// Nix reads it as a reference relative to another URL first, in which the part
// before the first slash has no colon.
func noScheme(text, path, query, fragment string) error {
	first, _, _ := strings.Cut(path, "/")
	if name, _, ok := strings.Cut(first, ":"); ok {
		problem := "mismatch"
		if name == "" || misfit(name, pathChars) == "leftover" {
			problem = "leftover"
		}
		return badURL("'%s' is not a valid URL: %s", text, problem)
	}
	for _, part := range []struct{ text, allowed string }{{path, pathChars}, {query, queryChars}, {fragment, fragChars}} {
		if problem := misfit(part.text, part.allowed); problem != "" {
			return badURL("'%s' is not a valid URL: %s", text, problem)
		}
	}
	return badURL("'%s' doesn't have a scheme", text)
}

// encodeLenient encodes what only flake references may leave unencoded.
func encodeLenient(text string) string {
	var b strings.Builder
	rest := text
	if before, after, ok := strings.Cut(rest, "?"); ok {
		query, fragment := after, ""
		if i := strings.IndexByte(after, '#'); i >= 0 {
			query, fragment = after[:i], after[i:]
		}
		b.WriteString(before + "?" + encodeSet(query, lenientQuery))
		rest = fragment
	}
	if before, after, ok := strings.Cut(rest, "#"); ok {
		b.WriteString(before + "#")
		rest = encodeSet(after, lenientFragment)
	}
	b.WriteString(rest)
	return b.String()
}

// encodeSet percent-encodes the bytes of s that are in set.
func encodeSet(s, set string) string {
	return encodeBytes(s, func(c byte) bool { return strings.IndexByte(set, c) >= 0 })
}

// encode percent-encodes all but unreserved characters and those of keep.
func encode(s, keep string) string {
	return encodeBytes(s, func(c byte) bool {
		return strings.IndexByte(unreserved, c) < 0 && strings.IndexByte(keep, c) < 0
	})
}

func encodeBytes(s string, must func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if must(s[i]) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// misfit says what is wrong with a part of a URL, in the words of the library
// that Nix parses URLs with; "" if nothing is.
func misfit(s, allowed string) string {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(allowed, s[i]) < 0 {
			return "leftover"
		}
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return "mismatch"
		}
		i += 2
	}
	return ""
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// decode undoes percent encoding that [misfit] found well-formed.
func decode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		n, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
		b.WriteByte(byte(n))
		i += 2
	}
	return b.String()
}

// decodeQuery reads a query that [misfit] found well-formed. Of a parameter
// that occurs twice the first counts.
func decodeQuery(query string, warn func(string)) map[string]string {
	m := map[string]string{}
	if query == "" {
		return m
	}
	for param := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(param, "=")
		if !ok {
			warn(fmt.Sprintf("dubious URI query '%s' is missing equal sign '=', ignoring", name))
			continue
		}
		if name = decode(name); !has(m, name) {
			m[name] = decode(value)
		}
	}
	return m
}

func has(m map[string]string, name string) bool { _, ok := m[name]; return ok }

var ipFuture = lazyre.New(`^[vV][0-9a-fA-F]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+$`)

func parseAuthority(url, s string) (*Authority, error) {
	a := &Authority{}
	invalid := func(problem string) (*Authority, error) {
		return nil, badURL("'%s' is not a valid URL: %s", url, problem)
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		user, password, ok := strings.Cut(s[:i], ":")
		if problem := misfit(s[:i], userChars); problem != "" {
			return invalid(problem)
		}
		user = decode(user)
		a.User = &user
		if ok {
			password = decode(password)
			a.Password = &password
		}
		s = s[i+1:]
	}
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !isIPLiteral(s[1:end]) {
			return invalid("mismatch")
		}
		host, port = s[1:end], s[end+1:]
		a.bracketed = true
		a.Host = decode(host)
	} else {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			host, port = s[:i], s[i:]
		}
		if problem := misfit(host, hostChars); problem != "" {
			return invalid(problem)
		}
		a.Host = decode(host)
	}
	if port == "" || port == ":" {
		return a, nil
	}
	if port[0] != ':' || strings.Trim(port[1:], "0123456789") != "" {
		return invalid("leftover")
	}
	n, err := strconv.ParseUint(port[1:], 10, 16)
	if err != nil || n == 0 {
		return nil, badURL("port '%s' is invalid", port[1:])
	}
	a.Port = uint16(n)
	return a, nil
}

func isIPLiteral(s string) bool {
	addr, zone, _ := strings.Cut(s, "%25")
	ip, err := netip.ParseAddr(addr)
	return err == nil && ip.Is6() && misfit(zone, unreserved+"%") == "" || ipFuture.MatchString(s)
}

// String prints the authority without the "//".
func (a *Authority) String() string {
	var b strings.Builder
	if a.User != nil {
		b.WriteString(encode(*a.User, ""))
		if a.Password != nil {
			b.WriteString(":" + encode(*a.Password, ""))
		}
		b.WriteByte('@')
	}
	if a.bracketed {
		b.WriteString("[" + encode(a.Host, ":") + "]")
	} else {
		b.WriteString(encode(a.Host, ""))
	}
	if a.Port != 0 {
		fmt.Fprintf(&b, ":%d", a.Port)
	}
	return b.String()
}

// String prints the URL in its canonical form: only what must be encoded is,
// query parameters are sorted.
func (u *URL) String() string {
	var b strings.Builder
	b.WriteString(u.Scheme + ":")
	if u.Authority != nil {
		b.WriteString("//" + u.Authority.String())
	}
	for i, segment := range u.Path {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(encode(segment, ":@"))
	}
	sep := byte('?')
	for _, name := range slices.Sorted(maps.Keys(u.Query)) {
		b.WriteByte(sep)
		b.WriteString(encode(name, ":@/?") + "=" + encode(u.Query[name], ":@/?"))
		sep = '&'
	}
	if u.Fragment != "" {
		b.WriteString("#" + encode(u.Fragment, ""))
	}
	return b.String()
}

// SplitScheme cuts a scheme such as "git+https" into what reads it and what
// transports it; application is "" in a plain scheme.
func SplitScheme(scheme string) (application, transport string) {
	if a, t, ok := strings.Cut(scheme, "+"); ok {
		return a, t
	}
	return "", scheme
}

// segments returns the parts of the path that are not empty.
func (u *URL) segments() []string {
	return slices.DeleteFunc(slices.Clone(u.Path), func(s string) bool { return s == "" })
}

// filePath returns the path of the URL as a file name; an empty one is "/".
func (u *URL) filePath() (string, error) {
	for _, segment := range u.Path {
		if strings.Contains(segment, "/") {
			return "", badURL("URL path component '%s' contains '/', which is not allowed in file names", segment)
		}
		if strings.Contains(segment, "\x00") {
			return "", badURL("URL path component '%s' contains NUL byte which is not allowed", strings.ReplaceAll(segment, "\x00", "␀"))
		}
	}
	if len(u.Path) == 0 {
		return "", nil
	}
	if u.Path[0] == "" {
		return "/" + joinSegments(u.Path[1:]), nil
	}
	return joinSegments(u.Path), nil
}

// joinSegments puts a file name together: empty segments vanish but for the
// last, which leaves a slash at the end.
func joinSegments(segments []string) string {
	var kept []string
	for i, s := range segments {
		if s != "" || i == len(segments)-1 && len(kept) > 0 {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "/")
}

// pathSegments cuts a file name for a URL.
func pathSegments(path string) []string {
	if rest, ok := strings.CutPrefix(path, "/"); ok {
		return append([]string{""}, strings.Split(joinSegments(strings.Split(rest, "/")), "/")...)
	}
	return strings.Split(joinSegments(strings.Split(path, "/")), "/")
}
