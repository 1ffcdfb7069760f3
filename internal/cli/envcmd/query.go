package envcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
	"isomorph/internal/storepath"
)

// query is what nix-env -q is asked for.
type query struct {
	available, status, noName, attrPath, system, drvPath, outPath, description, meta, compare, xml, json bool

	attr string // attribute path of the source
}

// listing is a query at work.
type listing struct {
	*command
	ec        *eval.Ctx
	others    []*pipeline.Package // to compare versions with
	installed map[storepath.Path]bool
	valid     map[storepath.Path]bool
}

func (c *command) query(ctx context.Context) error {
	if c.q.attrPath && !c.q.available {
		return usage("--attr-path(-P) only works with --available")
	}
	var out strings.Builder
	err := c.ev.Do(func(ec *eval.Ctx) {
		l := &listing{command: c, ec: ec}
		pkgs := l.packages(ctx)
		switch {
		case c.q.json:
			l.printJSON(&out, pkgs)
		case c.q.xml:
			l.printXML(&out, pkgs)
		default:
			l.printTable(&out, pkgs)
		}
	})
	c.s.CloseDisplay()
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.env.Stdout, out.String())
	return err
}

// packages finds what is to be listed, sorted by name.
func (l *listing) packages(ctx context.Context) []*pipeline.Package {
	var available, installed []*pipeline.Package
	if !l.q.available || l.q.compare || l.q.status {
		installed = l.command.installed(l.ec, l.profilePath)
	}
	if l.q.available || l.q.compare {
		available = l.command.available(l.ec, l.q.attr)
	}
	pkgs := installed
	l.others = available
	if l.q.available {
		pkgs, l.others = available, installed
	}
	pkgs = l.filter(l.ec, pkgs, l.args, false)
	slices.SortStableFunc(pkgs, func(a, b *pipeline.Package) int { return strings.Compare(upper(a.Name(l.ec)), upper(b.Name(l.ec))) })
	if !l.q.status && !l.prebuiltOnly {
		return pkgs
	}
	l.installed = map[storepath.Path]bool{}
	for _, p := range installed {
		l.installed[p.Out(l.ev, l.ec)] = true
	}
	var paths []storepath.Path
	for _, p := range pkgs {
		l.skipping(p, func() { paths = append(paths, p.Out(l.ev, l.ec)) })
	}
	var err error
	if l.valid, err = l.s.Valid(ctx, paths); err != nil {
		panic(eval.Wrap(0, err))
	}
	return slices.DeleteFunc(pkgs, func(p *pipeline.Package) bool {
		return p.Failed || l.prebuiltOnly && !l.valid[p.Out(l.ev, l.ec)]
	})
}

// upper makes ASCII letters capitals, as toupper does.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// skipping does something with a package; if an assertion of it fails, the
// package is not listed.
func (l *listing) skipping(p *pipeline.Package, f func()) bool {
	err := l.ec.Try(f)
	if err == nil {
		return true
	}
	if !err.Catchable() {
		panic(err.Withf(0, "while querying the derivation named '%s'", p.Name(l.ec)))
	}
	if l.common.Verbosity > 0 {
		l.say("skipping derivation named '%s' which gives an assertion failure", p.Name(l.ec))
	}
	p.Failed = true
	return false
}

func (l *listing) printTable(w io.Writer, pkgs []*pipeline.Package) {
	var rows [][]string
	for _, p := range pkgs {
		l.skipping(p, func() { rows = append(rows, l.columns(p)) })
	}
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			io.WriteString(w, strings.ReplaceAll(cell, "\n", " "))
			if i < len(row)-1 {
				io.WriteString(w, strings.Repeat(" ", widths[i]-len(cell)+2))
			}
		}
		io.WriteString(w, "\n")
	}
}

// columns are the cells of a package's row.
func (l *listing) columns(p *pipeline.Package) []string {
	var row []string
	add := func(on bool, cell func() string) {
		if on {
			row = append(row, cell())
		}
	}
	add(l.q.status, func() string { return l.status(p) })
	add(l.q.attrPath, func() string { return p.AttrPath })
	add(!l.q.noName, func() string { return p.Name(l.ec) })
	add(l.q.compare, func() string {
		mark, version := l.versionAmongOthers(p)
		return mark + " " + version
	})
	add(l.q.system, func() string { return p.System(l.ec) })
	add(l.q.drvPath, func() string {
		if drv := p.Drv(l.ev, l.ec); drv != "" {
			return l.s.PrintPath(drv)
		}
		return "-"
	})
	add(l.q.outPath, func() string {
		var all []string
		for _, o := range p.Outputs(l.ev, l.ec, true, false) {
			name := ""
			if o.Name != "out" {
				name = o.Name + "="
			}
			all = append(all, name+l.s.PrintPath(o.Path))
		}
		return strings.Join(all, ";")
	})
	add(l.q.description, func() string { return p.MetaString(l.ec, "description") })
	return row
}

// status is a letter each for installed, present, and to be had without
// building.
func (l *listing) status(p *pipeline.Package) string {
	out := p.Out(l.ev, l.ec)
	letters := []byte("---")
	if l.installed[out] {
		letters[0] = 'I'
	}
	if l.valid[out] {
		letters[1] = 'P'
	}
	return string(letters)
}

// versionAmongOthers compares a package's version with those that the other
// side (installed or available) has under its name: "<" if that has a higher
// one, "=" if the same, ">" if lower ones only, "-" if none.
func (l *listing) versionAmongOthers(p *pipeline.Package) (mark, version string) {
	name, own := builtins.ParseDrvName(p.Name(l.ec))
	mark, version = "-", "?"
	for _, o := range l.others {
		otherName, other := builtins.ParseDrvName(o.Name(l.ec))
		if otherName != name {
			continue
		}
		switch order := builtins.CompareVersions(own, other); {
		case order < 0:
			mark, version = "<", other
		case mark != "<" && order == 0:
			mark, version = "=", other
		case mark != "<" && mark != "=" && order > 0:
			mark = ">"
			if version == "" || builtins.CompareVersions(version, other) < 0 {
				version = other
			}
		}
	}
	return mark, version
}

// printJSON prints an object of all packages by attribute path.
func (l *listing) printJSON(w io.Writer, pkgs []*pipeline.Package) {
	all := map[string]map[string]any{}
	for _, p := range pkgs {
		l.skipping(p, func() { all[p.AttrPath] = l.object(p) })
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(all); err != nil {
		panic(eval.Wrap(0, err))
	}
	io.WriteString(w, b.String())
}

func (l *listing) object(p *pipeline.Package) map[string]any {
	full := p.Name(l.ec)
	name, version := builtins.ParseDrvName(full)
	outputs := map[string]any{}
	for _, o := range p.Outputs(l.ev, l.ec, l.q.outPath, false) {
		outputs[o.Name] = nil
		if o.Path != "" {
			outputs[o.Name] = l.s.PrintPath(o.Path)
		}
	}
	obj := map[string]any{
		"name": full, "pname": name, "version": version, "system": p.System(l.ec), "outputName": p.OutputName(l.ec), "outputs": outputs,
	}
	if l.q.drvPath {
		if drv := p.Drv(l.ev, l.ec); drv != "" {
			obj["drvPath"] = l.s.PrintPath(drv)
		}
	}
	if l.q.meta {
		meta := map[string]json.RawMessage{}
		for _, name := range p.MetaNames(l.ec) {
			meta[name] = json.RawMessage("null")
			if v, ok := p.Meta(l.ec, name); ok {
				meta[name] = json.RawMessage(l.ev.JSON(l.ec, v))
			} else {
				fmt.Fprintf(l.env.Stderr, "derivation '%s' has invalid meta attribute '%s'\n", full, name)
			}
		}
		obj["meta"] = meta
	}
	return obj
}

// xmlEscape quotes an attribute's value as Nix's XMLWriter does.
var xmlEscape = strings.NewReplacer(`"`, "&quot;", "<", "&lt;", ">", "&gt;", "&", "&amp;", "\n", "&#xA;")

// xmlTag begins an element with attributes: names and values by turns. Nix
// writes them sorted by name; an empty name stands for none.
func xmlTag(name string, attrs map[string]string) string {
	names := make([]string, 0, len(attrs))
	for n := range attrs {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("<" + name)
	for _, n := range names {
		b.WriteString(" " + n + `="` + xmlEscape.Replace(attrs[n]) + `"`)
	}
	return b.String()
}

func (l *listing) printXML(w io.Writer, pkgs []*pipeline.Package) {
	io.WriteString(w, "<?xml version='1.0' encoding='utf-8'?>\n<items>\n")
	for _, p := range pkgs {
		var b strings.Builder
		if l.skipping(p, func() { l.xmlItem(&b, p) }) {
			io.WriteString(w, b.String())
		}
	}
	io.WriteString(w, "</items>\n")
}

func (l *listing) xmlItem(b *strings.Builder, p *pipeline.Package) {
	full := p.Name(l.ec)
	name, version := builtins.ParseDrvName(full)
	attrs := map[string]string{"attrPath": p.AttrPath, "name": full, "pname": name, "version": version, "outputName": p.OutputName(l.ec)}
	if l.q.status {
		s := l.status(p)
		for i, n := range []string{"installed", "valid", "substitutable"} {
			attrs[n] = "0"
			if s[i] != '-' {
				attrs[n] = "1"
			}
		}
	}
	if l.q.compare {
		if mark, other := l.versionAmongOthers(p); mark != "-" {
			attrs["versionDiff"], attrs["maxComparedVersion"] = mark, other
		}
	}
	if s := p.System(l.ec); s != "" {
		attrs["system"] = s
	}
	if drv := storepath.Path(""); l.q.drvPath {
		if drv = p.Drv(l.ev, l.ec); drv != "" {
			attrs["drvPath"] = l.s.PrintPath(drv)
		}
	}
	if d := p.MetaString(l.ec, "description"); l.q.description && d != "" {
		attrs["description"] = d
	}
	b.WriteString("  " + xmlTag("item", attrs) + ">\n")
	for _, o := range p.Outputs(l.ev, l.ec, l.q.outPath, false) {
		out := map[string]string{"name": o.Name}
		if o.Path != "" {
			out["path"] = l.s.PrintPath(o.Path)
		}
		b.WriteString("    " + xmlTag("output", out) + " />\n")
	}
	if l.q.meta {
		for _, name := range p.MetaNames(l.ec) {
			l.xmlMeta(b, p, name)
		}
	}
	b.WriteString("  </item>\n")
}

func (l *listing) xmlMeta(b *strings.Builder, p *pipeline.Package, name string) {
	v, ok := p.Meta(l.ec, name)
	if !ok {
		fmt.Fprintf(l.env.Stderr, "derivation '%s' has invalid meta attribute '%s'\n", p.Name(l.ec), name)
		return
	}
	one := func(kind, text string) {
		b.WriteString("    " + xmlTag("meta", map[string]string{"name": name, "type": kind, "value": text}) + " />\n")
	}
	inner := func(attrs map[string]string) { b.WriteString("      " + xmlTag("string", attrs) + " />\n") }
	switch v.Type() {
	case eval.TypeString:
		one("string", v.AsString())
	case eval.TypeInt:
		one("int", fmt.Sprint(v.AsInt()))
	case eval.TypeFloat:
		one("float", eval.FormatFloat(v.AsFloat()))
	case eval.TypeBool:
		one("bool", fmt.Sprint(v.AsBool()))
	case eval.TypeList:
		b.WriteString("    " + xmlTag("meta", map[string]string{"name": name, "type": "strings"}) + ">\n")
		for _, x := range v.AsList() {
			if x = l.ec.Force(x); x.IsString() {
				inner(map[string]string{"value": x.AsString()})
			}
		}
		b.WriteString("    </meta>\n")
	case eval.TypeSet:
		b.WriteString("    " + xmlTag("meta", map[string]string{"name": name, "type": "strings"}) + ">\n")
		for at := range l.ec.Sorted(v.AsAttrs()) {
			if x := l.ec.Force(at.Value); x.IsString() {
				inner(map[string]string{"type": l.ec.Name(at.Name), "value": x.AsString()})
			}
		}
		b.WriteString("    </meta>\n")
	}
}
