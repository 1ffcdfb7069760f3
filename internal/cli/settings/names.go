package settings

import "strings"

// kinds has the kind of every setting.
var kinds = kindsOf(map[Kind]string{
	Bool: `abort-on-warn accept-flake-config allow-dirty allow-dirty-locks allow-import-from-derivation
		allow-new-privileges allow-symlinked-store allow-unsafe-native-code-during-evaluation always-allow-substitutes
		auto-allocate-uids auto-optimise-store builders-use-substitutes compress-build-log debugger-on-trace
		debugger-on-warn eval-cache fallback filter-syscalls fsync-metadata fsync-store-paths http2 ignore-try
		impersonate-linux-26 keep-build-log keep-derivations keep-env-derivations keep-failed keep-going keep-outputs
		nix-shell-always-looks-for-shell-nix nix-shell-shebang-arguments-relative-to-script preallocate-contents
		print-missing pure-eval require-drop-supplementary-groups require-sigs restrict-eval run-diff-hook
		sandbox-fallback show-trace substitute sync-before-registering trace-function-calls
		trace-import-from-derivation trace-verbose trust-tarballs-from-git-forges use-case-hack use-cgroups
		use-registries use-sqlite-wal use-xdg-base-directories warn-dirty warn-short-path-literals`,
	Number: `build-poll-interval connect-timeout cores download-attempts download-buffer-size download-speed
		eval-attrset-update-layer-rhs-threshold eval-profiler-frequency gc-reserved-space http-connections id-count
		log-lines max-build-log-size max-call-depth max-free max-jobs max-silent-time max-substitution-jobs min-free
		min-free-check-interval nar-buffer-size narinfo-cache-meta-ttl narinfo-cache-negative-ttl
		narinfo-cache-positive-ttl stalled-download-timeout start-id tarball-ttl timeout warn-large-path-threshold`,
	Text: `bash-prompt bash-prompt-prefix bash-prompt-suffix build-dir build-users-group builders
		commit-lock-file-summary diff-hook eval-profile-file eval-profiler eval-system flake-registry json-log-path
		lint-absolute-path-literals lint-short-path-literals lint-url-literals netrc-file post-build-hook
		pre-build-hook sandbox-build-dir sandbox-dev-shm-size ssl-cert-file store system upgrade-nix-store-path-url
		user-agent-suffix`,
	List: `access-tokens allowed-impure-host-deps allowed-uris allowed-users build-hook experimental-features
		external-builders extra-platforms hashed-mirrors ignored-acls impure-env nix-path plugin-files sandbox-paths
		secret-key-files substituters system-features trusted-public-keys trusted-substituters trusted-users`,
	Mode: `sandbox`,
}, map[Kind]string{ // isomorph's own
	Bool:   `offline tree-cache sandbox-host-build-dir`,
	Number: `eval-cores max-eval-steps`,
	Size:   `max-eval-memory`,
	Text:   `emulate-nix-version`,
	List:   `sandbox-writable-paths`,
})

func kindsOf(tables ...map[Kind]string) map[string]Kind {
	all := map[string]Kind{}
	for _, table := range tables {
		for kind, names := range table {
			for _, name := range strings.Fields(names) {
				all[name] = kind
			}
		}
	}
	return all
}

// aliases are older names of settings.
var aliases = map[string]string{
	"binary-cache-public-keys":           "trusted-public-keys",
	"binary-caches":                      "substituters",
	"binary-caches-parallel-connections": "http-connections",
	"build-chroot-dirs":                  "sandbox-paths",
	"build-compress-log":                 "compress-build-log",
	"build-cores":                        "cores",
	"build-fallback":                     "fallback",
	"build-impersonate-linux-26":         "impersonate-linux-26",
	"build-keep-log":                     "keep-build-log",
	"build-max-jobs":                     "max-jobs",
	"build-max-log-size":                 "max-build-log-size",
	"build-max-silent-time":              "max-silent-time",
	"build-sandbox-paths":                "sandbox-paths",
	"build-timeout":                      "timeout",
	"build-use-chroot":                   "sandbox",
	"build-use-sandbox":                  "sandbox",
	"build-use-substitutes":              "substitute",
	"commit-lockfile-summary":            "commit-lock-file-summary",
	"env-keep-derivations":               "keep-env-derivations",
	"gc-keep-derivations":                "keep-derivations",
	"gc-keep-outputs":                    "keep-outputs",
	"substitution-max-jobs":              "max-substitution-jobs",
	"trusted-binary-caches":              "trusted-substituters",
}
