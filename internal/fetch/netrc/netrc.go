// Package netrc reads files with credentials for hosts, in the form of ftp(1):
//
//	machine example.org login me password secret
//	default login anonymous password x
package netrc

import "strings"

// Entry is what the file says about one host.
type Entry struct {
	Host            string // "" for the entry "default"
	Login, Password string
}

// Parse reads a file. What it does not know it passes over, as curl does.
func Parse(text string) []Entry {
	var all []Entry
	words := tokens(text)
	for i := 0; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch words[i] {
		case "machine":
			all = append(all, Entry{Host: next})
			i++
		case "default":
			all = append(all, Entry{})
		case "login", "password", "account":
			if n := len(all) - 1; n >= 0 && words[i] == "login" {
				all[n].Login = next
			} else if n >= 0 && words[i] == "password" {
				all[n].Password = next
			}
			i++
		}
	}
	return all
}

// tokens cuts a text into words. A line of which the first word begins with "#"
// is a comment; the body of a macro ends at a blank line.
func tokens(text string) []string {
	var words []string
	macro := false
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
			macro = false
		case macro, strings.HasPrefix(f[0], "#"):
		case f[0] == "macdef":
			macro = true
		default:
			words = append(words, f...)
		}
	}
	return words
}

// Find returns the credentials for a host: those of the first entry by its name,
// or of the default.
func Find(all []Entry, host string) (login, password string, ok bool) {
	for _, e := range all {
		if e.Host == "" || strings.EqualFold(e.Host, host) {
			return e.Login, e.Password, e.Login != "" || e.Password != ""
		}
	}
	return "", "", false
}
