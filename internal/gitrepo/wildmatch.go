package gitrepo

import "strings"

// maxMatch bounds the work of one match: a pattern of many stars is exponential
// otherwise.
const maxMatch = 1 << 16

// wildmatch matches a path with a pattern of .gitattributes: "*" and "?" do not
// match a slash, "**" between slashes matches any directories, "[...]" is a class
// of characters, "\" takes the next character as it is.
func wildmatch(pattern, name string) bool {
	m := matcher{left: maxMatch}
	return m.match(pattern, name)
}

type matcher struct{ left int }

func (m *matcher) match(p, s string) bool {
	for p != "" {
		if m.left--; m.left < 0 {
			return false
		}
		switch p[0] {
		case '*':
			return m.star(p, s)
		case '?':
			if s == "" || s[0] == '/' {
				return false
			}
			p, s = p[1:], s[1:]
		case '[':
			rest, ok := class(p, s)
			if !ok {
				return false
			}
			p, s = rest, s[1:]
		default:
			if p[0] == '\\' && len(p) > 1 {
				p = p[1:]
			}
			if s == "" || s[0] != p[0] {
				return false
			}
			p, s = p[1:], s[1:]
		}
	}
	return s == ""
}

// star matches a pattern that begins with one or more stars.
func (m *matcher) star(p, s string) bool {
	rest := strings.TrimLeft(p, "*")
	deep := len(p)-len(rest) == 2 // "**" on its own between slashes
	switch {
	case deep && rest == "":
		return true
	case deep && rest[0] == '/':
		if m.match(rest[1:], s) {
			return true
		}
		for i := range len(s) {
			if s[i] == '/' && m.match(rest[1:], s[i+1:]) {
				return true
			}
		}
		return false
	}
	for i := 0; ; i++ {
		if m.match(rest, s[i:]) {
			return true
		}
		if i == len(s) || s[i] == '/' {
			return false
		}
	}
}

// class matches the first character of s with the class that p begins with and
// returns what is left of p.
func class(p, s string) (rest string, ok bool) {
	if s == "" || s[0] == '/' {
		return "", false
	}
	i, negate, in := 1, false, false
	if i < len(p) && (p[i] == '!' || p[i] == '^') {
		negate = true
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return "", false
		}
		if p[i] == ']' && !first {
			return p[i+1:], in != negate
		}
		lo, n := classChar(p[i:])
		i += n
		hi := lo
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			hi, n = classChar(p[i+1:])
			i += 1 + n
		}
		in = in || lo <= s[0] && s[0] <= hi
	}
}

func classChar(p string) (c byte, length int) {
	if p[0] == '\\' && len(p) > 1 {
		return p[1], 2
	}
	return p[0], 1
}
