package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/lazyre"
	"isomorph/internal/storepath"
)

// Options is what a derivation's attributes ask of its builder. With
// structured attributes they come from the JSON text, otherwise from the
// environment (Nix manual, "Advanced attributes"; libstore/derivation-options.cc).
type Options struct {
	Attrs map[string]any // structured attributes, or nil

	PassAsFile             map[string]bool
	ExportReferencesGraph  map[string][]storepath.Path
	ImpureEnvVars          []string
	RequiredSystemFeatures []string
	PreferLocal            bool
	NoSandbox              bool // __noChroot
	Impure                 bool // __impure
	ContentAddressed       bool // __contentAddressed without a fixed hash

	// Checks by output name; without structured attributes the one under
	// the name "" is for every output.
	Checks            map[string]Checks
	DiscardReferences map[string]bool
}

// Checks is what an output may be like. A nil list means that there is no such
// check. Elements are store paths or output names.
type Checks struct {
	MaxSize, MaxClosureSize uint64 // bytes; 0: no limit
	IgnoreSelf              bool   // an output may be in its own closure
	AllowedReferences       []string
	AllowedRequisites       []string
	DisallowedReferences    []string
	DisallowedRequisites    []string
}

// ParseOptions reads the options of a derivation.
func ParseOptions(dir storepath.Dir, d *derivation.Derivation) (*Options, error) {
	o := &Options{}
	src := attrSource{env: d.Env}
	if encoded, ok := d.Env.Get("__json"); ok {
		attrs, err := parseAttrs(encoded)
		if err != nil {
			return nil, err
		}
		o.Attrs, src.attrs = attrs, attrs
	}
	o.NoSandbox = src.bool("__noChroot")
	o.Impure = src.bool("__impure")
	o.ContentAddressed = src.bool("__contentAddressed") && !d.IsFixed()
	o.PreferLocal = src.bool("preferLocalBuild")
	o.ImpureEnvVars = src.words("impureEnvVars")
	o.RequiredSystemFeatures = src.words("requiredSystemFeatures")
	if o.Attrs == nil {
		o.PassAsFile = map[string]bool{}
		for _, w := range src.words("passAsFile") {
			o.PassAsFile[w] = true
		}
	}
	src.checks(o)
	if src.err != nil {
		return nil, src.err
	}
	return o, o.readExports(dir, d.Env.At("exportReferencesGraph"))
}

// attrSource reads attributes of either form and remembers the first error.
type attrSource struct {
	env   derivation.Table[string, string]
	attrs map[string]any
	err   error
}

func (s *attrSource) fail(name, want string) {
	if s.err == nil {
		s.err = fmt.Errorf("while parsing attribute \"%s\": it is not %s", name, want)
	}
}

func (s *attrSource) bool(name string) bool {
	if s.attrs == nil {
		return s.env.At(name) == "1"
	}
	v, ok := s.attrs[name]
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		s.fail(name, "a Boolean")
	}
	return b
}

// words returns a list of strings; nil only if the attribute is missing.
func (s *attrSource) words(name string) []string {
	if s.attrs == nil {
		v, ok := s.env.Get(name)
		if !ok {
			return nil
		}
		return append([]string{}, strings.Fields(v)...)
	}
	v, ok := s.attrs[name]
	if !ok {
		return nil
	}
	return s.list(name, v)
}

func (s *attrSource) list(name string, v any) []string {
	l, ok := v.([]any)
	if !ok {
		s.fail(name, "a list of strings")
	}
	out := make([]string, 0, len(l))
	for _, e := range l {
		w, ok := e.(string)
		if !ok {
			s.fail(name, "a list of strings")
		}
		out = append(out, w)
	}
	return out
}

func (s *attrSource) checks(o *Options) {
	o.Checks = map[string]Checks{}
	if s.attrs == nil {
		o.Checks[""] = Checks{
			IgnoreSelf:           true,
			AllowedReferences:    s.words("allowedReferences"),
			AllowedRequisites:    s.words("allowedRequisites"),
			DisallowedReferences: s.words("disallowedReferences"),
			DisallowedRequisites: s.words("disallowedRequisites"),
		}
		return
	}
	for output, v := range s.object("outputChecks", s.attrs["outputChecks"]) {
		o.Checks[output] = s.outputChecks("outputChecks."+output, v)
	}
	o.DiscardReferences = map[string]bool{}
	for output, v := range s.object("unsafeDiscardReferences", s.attrs["unsafeDiscardReferences"]) {
		b, ok := v.(bool)
		if !ok {
			s.fail("unsafeDiscardReferences", "a set of Booleans")
		}
		o.DiscardReferences[output] = b
	}
}

func (s *attrSource) outputChecks(name string, v any) Checks {
	obj := s.object(name, v)
	list := func(key string) []string {
		v, ok := obj[key]
		if !ok {
			return nil
		}
		return s.list(name+"."+key, v)
	}
	return Checks{
		MaxSize:              s.size(name, obj["maxSize"]),
		MaxClosureSize:       s.size(name, obj["maxClosureSize"]),
		AllowedReferences:    list("allowedReferences"),
		AllowedRequisites:    list("allowedRequisites"),
		DisallowedReferences: list("disallowedReferences"),
		DisallowedRequisites: list("disallowedRequisites"),
	}
}

func (s *attrSource) size(name string, v any) uint64 {
	if v == nil {
		return 0
	}
	n, ok := v.(json.Number)
	var size uint64
	if _, err := fmt.Sscan(n.String(), &size); !ok || err != nil {
		s.fail(name, "a set with sizes")
	}
	return size
}

func (s *attrSource) object(name string, v any) map[string]any {
	if v == nil {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		s.fail(name, "an attribute set")
	}
	return m
}

var exportName = lazyre.New(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// readExports reads exportReferencesGraph: pairs of a file name and a path in
// the environment, or a set of (lists of lists of) paths in JSON.
func (o *Options) readExports(dir storepath.Dir, env string) error {
	o.ExportReferencesGraph = map[string][]storepath.Path{}
	if o.Attrs != nil {
		graph, ok := o.Attrs["exportReferencesGraph"].(map[string]any)
		if !ok {
			return nil // Nix warns and goes on
		}
		for key, v := range graph {
			if err := o.addExports(dir, key, v, 0); err != nil {
				return err
			}
		}
		return nil
	}
	words := strings.Fields(env)
	if len(words)%2 != 0 {
		return fmt.Errorf("odd number of tokens in 'exportReferencesGraph': '%s'", env)
	}
	for i := 0; i < len(words); i += 2 {
		if !exportName.MatchString(words[i]) {
			return fmt.Errorf("invalid file name '%s' in 'exportReferencesGraph'", words[i])
		}
		p, _, err := dir.Split(words[i+1])
		if err != nil {
			return err
		}
		o.ExportReferencesGraph[words[i]] = []storepath.Path{p}
	}
	return nil
}

func (o *Options) addExports(dir storepath.Dir, key string, v any, depth int) error {
	switch v := v.(type) {
	case string:
		p, _, err := dir.Split(v)
		if err != nil {
			return err
		}
		o.ExportReferencesGraph[key] = append(o.ExportReferencesGraph[key], p)
		return nil
	case []any:
		if depth > maxJSONDepth {
			return errTooDeep
		}
		for _, e := range v {
			if err := o.addExports(dir, key, e, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("'exportReferencesGraph' value is not an array or a string")
}
