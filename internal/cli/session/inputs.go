package session

import (
	"errors"
	"slices"
	"strings"
	"time"

	"isomorph/internal/cli/settings"
	"isomorph/internal/fetchtree"
	"isomorph/internal/gitrepo"
	"isomorph/internal/input"
)

// defaultTTL is Nix's tarball-ttl, in seconds.
const defaultTTL = 3600

// inputOptions says how trees and archives are fetched, by Nix's settings.
func (m *Maker) inputOptions(set settings.Values) (fetchtree.Options, error) {
	ttl, err1 := set.Number("tarball-ttl", defaultTTL, defaultTTL)
	cache, err2 := m.CacheDir()
	return fetchtree.Options{
		CacheDir: cache,
		Git:      gitrepo.Options{Program: m.lookPath("git"), LookupEnv: m.Env.LookupEnv, CAFile: m.caFile()},
		Warn:     m.warn,
		TTL:      time.Duration(ttl) * time.Second,
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
