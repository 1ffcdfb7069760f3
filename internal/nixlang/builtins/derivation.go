package builtins

import (
	"errors"
	"slices"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/storepath"
)

// drvBuilder collects a derivation out of the attributes of its recipe.
type drvBuilder struct {
	w    *world
	c    *eval.Ctx
	name string
	drv  *derivation.Derivation

	context     eval.ContextSet
	json        *strings.Builder // of structured attributes; nil without
	invalid     *eval.Error      // of json, if it is no UTF-8
	ignoreNulls bool
	outputs     []string // sorted
	hashed      bool     // there is an outputHash
	hash        string   // it
	hashAlgo    nixhash.Algorithm
	recursive   bool
}

func (w *world) primDerivationStrict(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	attrs := c.ForceAttrs(0, args[0], "while evaluating the argument passed to builtins.derivationStrict")
	nameAttr := c.GetAttr(attrs, eval.SymName, "in the attrset passed as argument to builtins.derivationStrict")
	c.PushTrace(nameAttr.Pos, "while evaluating the derivation attribute 'name'")
	name := c.ForceStringNoCtx(0, nameAttr.Value, "while evaluating the `name` attribute passed to builtins.derivationStrict")
	c.PopTrace()
	var v eval.Value
	// The frame is shown even in a short trace: the chain of derivations is
	// what leads the user to the package at fault.
	if e := c.Try(func() { v = w.makeDerivation(c, name, attrs) }); e != nil {
		e.Trace = append(e.Trace, eval.Trace{
			Msg: "while evaluating derivation '" + name + "'\n  whose name attribute is located at " +
				w.st.Files().Position(nameAttr.Pos).String(),
			Always: true,
		})
		panic(e)
	}
	return v
}

func (w *world) makeDerivation(c *eval.Ctx, name string, attrs *eval.Attrs) eval.Value {
	if err := storepath.CheckName(name); err != nil {
		panic(eval.Errorf(eval.KindEval, 0, "invalid derivation name: %s. Please pass a different 'name'.", err))
	}
	b := &drvBuilder{
		w: w, c: c, name: name, outputs: []string{"out"},
		drv: &derivation.Derivation{
			Name: name,
			Env:  make(derivation.Table[string, string], 0, attrs.Len()+1),
		},
	}
	b.flags(attrs)
	b.attributes(attrs)
	b.inputs()
	b.check()
	if b.hashed {
		b.fixedOutput()
	}
	if b.invalid != nil {
		panic(b.invalid)
	}
	if !b.hashed {
		b.inputAddressed()
	}
	return b.finish()
}

// flags reads the attributes that say how to read the others.
func (b *drvBuilder) flags(attrs *eval.Attrs) {
	if at, ok := attrs.GetAttr(b.c.Intern("__structuredAttrs")); ok &&
		b.c.ForceBool(0, at.Value, "while evaluating the `__structuredAttrs` attribute passed to builtins.derivationStrict") {
		b.json = &strings.Builder{}
	}
	if at, ok := attrs.GetAttr(b.c.Intern("__ignoreNulls")); ok {
		b.ignoreNulls = b.c.ForceBool(0, at.Value, "while evaluating the `__ignoreNulls` attribute passed to builtins.derivationStrict")
	}
}

func (b *drvBuilder) attributes(attrs *eval.Attrs) {
	var key string
	trace := func() string { return "while evaluating attribute '" + key + "' of derivation '" + b.name + "'" }
	for _, i := range b.c.Order(attrs) {
		at := attrs.At(int(i))
		if key = b.c.Name(at.Name); key == "__ignoreNulls" {
			continue
		}
		b.c.PushTraceFunc(at.Pos, trace)
		if !b.ignoreNulls || b.c.Force(at.Value).Type() != eval.TypeNull {
			b.attribute(key, at.Value, at.Pos)
		}
		b.c.PopTrace()
	}
	if b.json != nil {
		if b.json.Len() == 0 {
			b.json.WriteByte('{')
		}
		b.drv.Env.Set("__json", b.json.String()+"}")
	}
}

func (b *drvBuilder) attribute(key string, v eval.Value, pos eval.Pos) {
	switch key {
	case "__contentAddressed":
		b.refuse(v, "ca-derivations")
	case "__impure":
		b.refuse(v, "impure-derivations")
	case "args":
		for _, arg := range b.c.ForceList(0, v, "") {
			s := b.c.CoerceToString(0, arg, &b.context, "while evaluating an element of the argument list", eval.CoerceMore)
			b.drv.Args = append(b.drv.Args, s)
		}
	default:
		if b.json != nil {
			b.structured(key, v, pos)
		} else {
			b.variable(key, v)
		}
	}
}

func (b *drvBuilder) refuse(v eval.Value, feature string) {
	if b.c.ForceBool(0, v, "") {
		panic(experimental(feature, ""))
	}
}

// variable takes an attribute as an environment variable of the builder.
func (b *drvBuilder) variable(key string, v eval.Value) {
	s := b.c.CoerceToString(0, v, &b.context, "", eval.CoerceMore)
	if key == "__json" {
		b.w.warn(b.c, "In derivation '"+b.name+"': setting structured attributes via '__json' is deprecated, and may be disallowed in future versions of Nix. Set '__structuredAttrs = true' instead.")
		s = b.canonicalJSON(s)
	}
	b.drv.Env.Set(key, s)
	switch key {
	case "outputs":
		b.setOutputs(strings.FieldsFunc(s, isSpace))
	default:
		b.special(key, s)
	}
}

// canonicalJSON writes a JSON text anew in the form of structured attributes.
// Its top must be an object.
func (b *drvBuilder) canonicalJSON(s string) (text string) {
	fromJSON, ok := b.w.st.Global("__fromJSON")
	if !ok {
		return s
	}
	var v eval.Value
	err := b.c.Try(func() {
		v = b.c.Call1(0, fromJSON, eval.String(s))
		text = toJSON(b.c, 0, v, nil)
	})
	if err != nil {
		fail("cannot process __json attribute: %s", err.Msg)
	}
	if v.Type() != eval.TypeSet {
		fail("cannot process __json attribute: [json.exception.type_error.302] type must be object, but is %s", jsonType(v))
	}
	return text
}

// jsonType returns the name of a value's type in JSON.
func jsonType(v eval.Value) string {
	switch v.Type() {
	case eval.TypeNull:
		return "null"
	case eval.TypeBool:
		return "boolean"
	case eval.TypeString:
		return "string"
	case eval.TypeList:
		return "array"
	}
	return "number"
}

// isSpace tells what separates words in attributes that hold lists as strings.
func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

// special takes note of the attributes that mean something to Nix itself.
func (b *drvBuilder) special(key, s string) {
	switch key {
	case "builder":
		b.drv.Builder = s
	case "system":
		b.drv.System = s
	case "outputHash":
		b.hashed, b.hash = true, s
	case "outputHashAlgo":
		// An unknown one counts as none: the hash may name its own.
		algo, err := nixhash.ParseAlgorithm(s)
		if err != nil && !errors.Is(err, nixhash.ErrUnknownAlgorithm) {
			panic(eval.Wrap(0, err))
		}
		b.hashAlgo = algo
	case "outputHashMode":
		b.setHashMode(s)
	}
}

// writeJSON writes a part of the JSON text. That it is no UTF-8 is an error when
// all else is in order.
func (b *drvBuilder) writeJSON(v eval.Value, ctx *eval.ContextSet) {
	text, invalid := convertToJSON(b.c, 0, v, ctx)
	b.json.WriteString(text)
	if b.invalid == nil {
		b.invalid = invalid
	}
}

// structured takes an attribute into the JSON text that the builder gets.
func (b *drvBuilder) structured(key string, v eval.Value, pos eval.Pos) {
	if key == "__structuredAttrs" {
		return
	}
	sep := byte(',')
	if b.json.Len() == 0 {
		sep = '{'
	}
	b.json.WriteByte(sep)
	b.writeJSON(eval.String(key), nil)
	b.json.WriteByte(':')
	b.writeJSON(v, &b.context)
	switch key {
	case "builder":
		s := b.c.ForceString(0, v, "")
		b.context.Add(s.Context())
		b.special(key, s.AsString())
	case "system", "outputHash", "outputHashAlgo", "outputHashMode":
		b.special(key, b.c.ForceStringNoCtx(0, v, ""))
	case "outputs":
		var names []string
		for _, e := range b.c.ForceList(0, v, "") {
			names = append(names, b.c.ForceStringNoCtx(0, e, ""))
		}
		b.setOutputs(names)
	case "allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites", "maxSize", "maxClosureSize":
		b.warnStructured(key, pos)
	}
}

// warnStructured says that an attribute has no effect beside structured ones.
func (b *drvBuilder) warnStructured(key string, pos eval.Pos) {
	msg := "'structuredAttrs' disables the effect of the derivation attribute '" + key + "'; use 'outputChecks.<output>." + key + "' instead"
	if !b.c.Since(structuredWarningRelease) {
		b.w.warn(b.c, "In a derivation named '"+b.name+"', "+msg)
		return
	}
	const indent = "         "
	msg = "\n" + indent + "… while evaluating derivation '" + b.name + "'\n\n" + indent + "warning: " + msg
	if files := b.c.State().Files(); files.Position(pos).IsValid() {
		msg += "\n" + syntax.Indent(files.Position(pos), files.Excerpt(pos), indent)
	}
	b.w.warn(b.c, msg)
}

func (b *drvBuilder) setHashMode(s string) {
	switch s {
	case "recursive", "nar":
		b.recursive = true
	case "flat":
		b.recursive = false
	case "text":
		panic(experimental("dynamic-derivations", "text-hashed derivation '"+b.name+"', outputHashMode = \"text\""))
	case "git":
		panic(experimental("git-hashing", ""))
	default:
		panic(eval.Errorf(eval.KindEval, 0, "invalid value '%s' for 'outputHashMode' attribute", s))
	}
}

func (b *drvBuilder) setOutputs(names []string) {
	b.outputs = nil
	for _, name := range names {
		i, twice := slices.BinarySearch(b.outputs, name)
		if twice {
			panic(eval.Errorf(eval.KindEval, 0, "duplicate derivation output '%s'", name))
		}
		if name == "drvPath" {
			// The result has an attribute of that name already.
			panic(eval.Errorf(eval.KindEval, 0, "invalid derivation output name 'drvPath'"))
		}
		b.outputs = slices.Insert(b.outputs, i, name)
	}
	if len(b.outputs) == 0 {
		panic(eval.Errorf(eval.KindEval, 0, "derivation cannot have an empty set of outputs"))
	}
}

// inputs makes dependencies of all that the attributes' strings refer to.
func (b *drvBuilder) inputs() {
	elems := b.context.Context().Elems()
	inputs, srcs := 0, 0
	for _, e := range elems {
		if e.Kind == eval.ContextOutput {
			inputs++
		} else {
			srcs++
		}
	}
	b.drv.InputDrvs = make(derivation.Table[storepath.Path, []string], 0, inputs)
	b.drv.InputSrcs = make([]storepath.Path, 0, srcs)
	for _, e := range elems {
		p := storepath.Path(e.Path)
		switch e.Kind {
		case eval.ContextPath:
			b.drv.InputSrcs = append(b.drv.InputSrcs, p)
		case eval.ContextOutput:
			b.input(p, e.Output)
		case eval.ContextDrvDeep:
			b.deepInput(p)
		}
	}
	slices.Sort(b.drv.InputSrcs)
	b.drv.InputSrcs = slices.Compact(b.drv.InputSrcs)
}

// onlyOut is what most inputs are used for.
var onlyOut = []string{"out"}

func (b *drvBuilder) input(drv storepath.Path, output string) {
	list, known := b.drv.InputDrvs.Get(drv)
	if !known && output == "out" {
		b.drv.InputDrvs.Set(drv, onlyOut)
	} else if i, found := slices.BinarySearch(list, output); !found {
		b.drv.InputDrvs.Set(drv, slices.Insert(slices.Clip(list), i, output))
	}
}

// deepInput gives the builder a derivation's whole graph: the files of all
// derivations in it, their sources, and all their outputs.
func (b *drvBuilder) deepInput(drv storepath.Path) {
	closure, err := b.w.host.Closure(drv)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	for _, p := range closure {
		b.drv.InputSrcs = append(b.drv.InputSrcs, p)
		if !p.IsDerivation() {
			continue
		}
		d, err := b.w.host.ReadDerivation(p)
		if err != nil {
			panic(eval.Wrap(0, err))
		}
		for _, o := range d.OutputNames() {
			b.input(p, o)
		}
	}
}

func (b *drvBuilder) check() {
	switch {
	case b.drv.Builder == "":
		panic(eval.Errorf(eval.KindEval, 0, "required attribute 'builder' missing"))
	case b.drv.System == "":
		panic(eval.Errorf(eval.KindEval, 0, "required attribute 'system' missing"))
	case strings.HasSuffix(b.name, storepath.DerivationSuffix):
		panic(eval.Errorf(eval.KindEval, 0, "derivation names are allowed to end in '.drv' only if they produce a single derivation file"))
	}
}

func (b *drvBuilder) fixedOutput() {
	if len(b.outputs) != 1 || b.outputs[0] != "out" {
		panic(eval.Errorf(eval.KindEval, 0, "multiple outputs are not supported in fixed-output derivations"))
	}
	h := b.w.parseHash(b.c, b.hash, b.hashAlgo)
	o := derivation.Output{HashAlgo: h.Algorithm().String(), Hash: h.Base16()}
	if b.recursive {
		o.HashAlgo = "r:" + o.HashAlgo
	}
	b.drv.Outputs.Set("out", o)
}

func (b *drvBuilder) inputAddressed() {
	b.drv.Outputs = make(derivation.Table[string, derivation.Output], 0, len(b.outputs))
	for _, o := range b.outputs {
		b.drv.Outputs.Set(o, derivation.Output{})
	}
}

// finish hands the derivation to the store and returns its paths.
func (b *drvBuilder) finish() eval.Value {
	p, err := b.w.hasher.Finish(b.drv, func(f derivation.File) error { return b.w.host.AddDerivation(b.drv, f) })
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	r := b.c.NewAttrs(1 + len(b.outputs))
	r.Set(eval.SymDrvPath, eval.StringWith(b.w.dir.Join(p), eval.NewContext(eval.ContextElem{Kind: eval.ContextDrvDeep, Path: string(p)})))
	for _, name := range b.outputs {
		r.SetName(name, b.w.outputString(p, name, b.drv.Outputs.At(name).Path))
	}
	return r.Build()
}

// outputString is the path of an output, as a value that depends on it.
func (w *world) outputString(drv storepath.Path, name string, p storepath.Path) eval.Value {
	return eval.StringWith(w.dir.Join(p), eval.NewContext(eval.ContextElem{Kind: eval.ContextOutput, Path: string(drv), Output: name}))
}
