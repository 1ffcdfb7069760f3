package local

import (
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/build"
)

// fail makes the error of a failed build with a message of its own.
func (j *job) fail(kind build.Kind, message string, cause error) *build.Error {
	return &build.Error{Kind: kind, Drv: j.req.Drv, Message: message, Cause: cause}
}

// cannot makes the error with Nix's head, "Cannot build ... Reason: ...".
func (j *job) cannot(kind build.Kind, reason string, cause error) *build.Error {
	return j.fail(kind, build.CannotBuild(j.dir, j.req.Drv, j.drv, reason), cause)
}

// refuse returns an error for derivations that this builder cannot build or
// will not. The texts are Nix's where Nix has one.
func (j *job) refuse() error {
	builtin := strings.HasPrefix(j.drv.Builder, "builtin:")
	switch system := j.drv.System; {
	case j.opts.Impure:
		return j.cannot(build.Refused, "it is an impure derivation (__impure), an experimental feature of Nix whose outputs cannot be reproduced", nil)
	case j.opts.ContentAddressed || j.floating():
		return j.cannot(build.Refused, "its outputs are content-addressed (__contentAddressed), an experimental feature of Nix; remove the attribute", nil)
	case j.opts.NoSandbox:
		return j.fail(build.Refused, fmt.Sprintf("derivation '%s' has '__noChroot' set, but that's not allowed when 'sandbox' is 'true'; isomorph never builds without a sandbox", j.dir.Join(j.req.Drv)), nil)
	case !builtin && system != j.o.System && !slices.Contains(j.o.ExtraSystems, system):
		e := j.fail(build.Refused, fmt.Sprintf("Cannot build '%s'.\nReason: platform mismatch\nRequired system: '%s'\nCurrent system: '%s'", j.dir.Join(j.req.Drv), system, j.o.System), nil)
		e.Advice = fmt.Sprintf("this machine builds for \"%s\", which is what the package's system should be; if the machine runs such programs, too: --option extra-platforms %s", j.o.System, system)
		return e
	}
	return j.missingFeatures()
}

func (j *job) floating() bool {
	for _, o := range j.drv.Outputs.All() {
		if o.Path == "" {
			return true
		}
	}
	return false
}

func (j *job) missingFeatures() error {
	for _, f := range j.opts.RequiredSystemFeatures {
		if !slices.Contains(j.o.Features, f) {
			return j.fail(build.Refused, fmt.Sprintf("Cannot build '%s'.\nReason: missing system features\nRequired features: {%s}\nAvailable features: {%s}",
				j.dir.Join(j.req.Drv), strings.Join(j.opts.RequiredSystemFeatures, ", "), strings.Join(j.o.Features, ", ")), nil)
		}
	}
	return nil
}
