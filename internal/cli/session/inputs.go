package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/fetch/netrc"
	"isomorph/internal/fetchtree"
	"isomorph/internal/gitrepo"
	"isomorph/internal/input"
)

// defaultTTL is Nix's tarball-ttl, in seconds.
const defaultTTL = 3600

// inputOptions says how trees and archives are fetched, by Nix's settings.
func (m *Maker) inputOptions(set settings.Values, common *classic.Common) (fetchtree.Options, error) {
	ttl, err1 := set.Number("tarball-ttl", defaultTTL, defaultTTL)
	cache, err2 := m.CacheDir()
	return fetchtree.Options{
		CacheDir: cache,
		Git:      gitrepo.Options{Program: m.lookPath("git"), LookupEnv: m.Env.LookupEnv, CAFile: m.caFile()},
		Warn:     m.warn,
		TTL:      time.Duration(ttl) * time.Second,
		Refresh:  common.Refresh,
		Features: input.Features{Flakes: slices.Contains(set.Words("experimental-features"), "flakes")},

		TrustForges:  set.Flag("trust-tarballs-from-git-forges", true),
		AllowDirty:   set.Flag("allow-dirty", true),
		WarnDirty:    set.Flag("warn-dirty", true),
		AccessTokens: accessTokens(set.Words("access-tokens")),
	}, errors.Join(err1, err2)
}

// accessTokens reads "HOST=TOKEN" and "HOST/OWNER=TOKEN".
func accessTokens(words []string) map[string]string {
	tokens := map[string]string{}
	for _, word := range words {
		if host, token, ok := strings.Cut(word, "="); ok {
			tokens[host] = token
		}
	}
	return tokens
}

// netrc returns the credentials of the file that the setting netrc-file names,
// read when the first host is asked about. Unlike the tokens they are by host
// name alone, as curl takes them.
func (m *Maker) netrc(set settings.Values) func(host string) (user, password string, ok bool) {
	file := set["netrc-file"]
	if file == "" {
		file = filepath.Join(first(m.Env.Getenv("NIX_CONF_DIR"), "/etc/nix"), "netrc")
	}
	load := sync.OnceValue(func() []netrc.Entry {
		b, err := os.ReadFile(file)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				m.warn(fmt.Sprintf("the file with credentials '%s' cannot be read and is ignored", file))
			}
			return nil
		}
		return netrc.Parse(string(b))
	})
	return func(host string) (string, string, bool) { return netrc.Find(load(), host) }
}
