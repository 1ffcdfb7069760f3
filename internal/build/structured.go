package build

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/lazyre"
	"isomorph/internal/store"
)

// structured passes the attributes as .attrs.json and .attrs.sh and not as
// variables (Nix manual, "Structured attributes"; libstore/parsed-derivations.cc).
func (e *environment) structured(ctx context.Context) error {
	attrs := maps.Clone(e.in.Options.Attrs)
	outputs := map[string]any{}
	for _, name := range e.in.Derivation.OutputNames() {
		outputs[name] = derivation.Placeholder(name)
	}
	attrs["outputs"] = outputs
	for key, roots := range e.in.Options.ExportReferencesGraph {
		infos, err := e.export(ctx, roots)
		if err != nil {
			return err
		}
		if attrs[key], err = e.closureJSON(ctx, infos); err != nil {
			return err
		}
	}
	text, err := appendJSON(nil, attrs)
	if err != nil {
		return err
	}
	e.file("NIX_ATTRS_SH_FILE", ".attrs.sh", shellText(attrs))
	e.file("NIX_ATTRS_JSON_FILE", ".attrs.json", string(text))
	return nil
}

// closureJSON describes paths in the form that Nix promises never to change or
// extend.
func (e *environment) closureJSON(ctx context.Context, infos []*store.PathInfo) ([]any, error) {
	dir := e.in.Store.Dir()
	out := make([]any, 0, len(infos))
	for _, i := range infos {
		refs := make([]any, 0, len(i.References))
		for _, r := range i.References {
			refs = append(refs, dir.Join(r))
		}
		closure, err := store.ClosureInfo(ctx, e.in.Store, i.Path)
		if err != nil {
			return nil, err
		}
		size := uint64(0)
		for _, c := range closure {
			size += c.NarSize
		}
		m := map[string]any{
			"closureSize": size, "narHash": i.NarHash.String(), "narSize": i.NarSize,
			"path": dir.Join(i.Path), "references": refs, "valid": true,
		}
		if i.CA != "" {
			m["ca"] = i.CA
		}
		out = append(out, m)
	}
	return out, nil
}

var shellName = lazyre.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// shellText declares the attributes that bash can hold: simple values, and
// lists and sets of simple values. Anything deeper is left out.
func shellText(attrs map[string]any) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		if !shellName.MatchString(key) {
			continue
		}
		switch v := attrs[key].(type) {
		case []any:
			if s, ok := shellList(v); ok {
				fmt.Fprintf(&b, "declare -a %s=(%s)\n", key, s)
			}
		case map[string]any:
			if s, ok := shellSet(v); ok {
				fmt.Fprintf(&b, "declare -A %s=(%s)\n", key, s)
			}
		default:
			if s, ok := shellSimple(v); ok {
				fmt.Fprintf(&b, "declare %s=%s\n", key, s)
			}
		}
	}
	return b.String()
}

func shellList(l []any) (string, bool) {
	var b strings.Builder
	for _, e := range l {
		s, ok := shellSimple(e)
		if !ok {
			return "", false
		}
		b.WriteString(s + " ")
	}
	return b.String(), true
}

func shellSet(m map[string]any) (string, bool) {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s, ok := shellSimple(m[k])
		if !ok {
			return "", false
		}
		fmt.Fprintf(&b, "[%s]=%s ", shellQuote(k), s)
	}
	return b.String(), true
}

func shellSimple(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "''", true
	case bool:
		if v {
			return "1", true
		}
		return "", true
	case string:
		return shellQuote(v), true
	case json.Number:
		return shellNumber(v)
	}
	return "", false
}

// shellNumber writes whole numbers only, cut to 32 bits: Nix looks at the value
// as a float and prints it as an int.
func shellNumber(n json.Number) (string, bool) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return fmt.Sprint(int32(i)), true
	}
	f, err := n.Float64()
	if err != nil || math.Ceil(float64(float32(f))) != float64(float32(f)) {
		return "", false
	}
	if f < math.MinInt32 || f > math.MaxInt32 { // what x86 makes of it
		return fmt.Sprint(math.MinInt32), true
	}
	return fmt.Sprint(int32(f)), true
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
