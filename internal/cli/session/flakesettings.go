package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/pipeline"
)

// flakeBuilds are the settings by which a flake may decide about builds.
const flakeBuilds = `build-dir cores http-connections keep-failed keep-going max-build-log-size max-jobs max-silent-time
	sandbox-build-dir sandbox-paths timeout`

// flakeDecides returns what makes settings of a flake's nixConfig count that the
// user trusts. Like Nix it takes what a command line could say, and is as strict
// about it; a setting that nobody knows is a warning.
func (m *Maker) flakeDecides(set settings.Values, common *classic.Common) func(name, value string) (pipeline.FlakeDecision, error) {
	return func(name, value string) (d pipeline.FlakeDecision, err error) {
		if err = set.Set(name, value); errors.Is(err, settings.ErrUnknown) {
			m.warn(fmt.Sprintf("unknown setting '%s' in the flake's nixConfig", name))
			return pipeline.FlakeDecision{Unknown: true}, nil
		}
		if err != nil {
			return d, err
		}
		real, _, ok := settings.Lookup(name)
		if !ok {
			real, _, _ = settings.Lookup(strings.TrimPrefix(name, "extra-"))
		}
		on := set.Flag(real, false)
		switch {
		case real == "allow-import-from-derivation":
			d.AllowIFD = &on
		case real == "allow-dirty-locks":
			d.AllowDirtyLocks = &on
		case slices.Contains(strings.Fields(flakeBuilds), real):
			d.Build = &pipeline.BuildConfig{}
			err = m.buildConfig(d.Build, set, common)
		}
		return d, err
	}
}
