package builtins

import (
	"errors"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/njson"
	"isomorph/internal/nixlang/ntoml"
)

// formatPrims are the builtins for JSON, TOML and XML.
func (l *Library) formatPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__toJSON", "e", "Write a value as JSON; paths are copied to the store.", primToJSON),
		prim("__fromJSON", "e", "Read a value from JSON.", primFromJSON),
		prim("fromTOML", "e", "Read a value from TOML.", l.primFromTOML),
		prim("__toXML", "e", "Write a value as XML.", primToXML),
	}
}

func primToJSON(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var ctx eval.ContextSet
	s := toJSON(c, 0, args[0], &ctx)
	return eval.StringWith(s, ctx.Context())
}

// ToJSON writes a value as builtins.toJSON does, for nix-instantiate --json.
func ToJSON(c *eval.Ctx, pos eval.Pos, v eval.Value, ctx *eval.ContextSet) string {
	return toJSON(c, pos, v, ctx)
}

// ToJSONWithNames is [ToJSON] for "nix eval --json": paths are written as they are
// called, and nothing is copied to the store.
func ToJSONWithNames(c *eval.Ctx, v eval.Value) string {
	w := jsonWriter{c: c, ctx: &eval.ContextSet{}, names: true}
	w.value(v, 0)
	if w.invalid != nil {
		panic(w.invalid)
	}
	return w.b.String()
}

func primFromJSON(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.fromJSON")
	b := valueBuilder{c: c}
	err := njson.Parse(s, &b)
	if err == nil {
		return b.result
	}
	e := eval.Errorf(eval.KindOther, 0, "%s", err.Error())
	var syntax *njson.SyntaxError
	if errors.As(err, &syntax) {
		e.With(0, "while decoding a JSON string")
	}
	panic(e)
}

// primFromTOML is a global without the underscores, unlike fromJSON.
func (l *Library) primFromTOML(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s := c.ForceStringNoCtx(0, args[0], "while evaluating the argument passed to builtins.fromTOML")
	doc, err := ntoml.Parse(s)
	if err != nil {
		// Nix's library ends its texts with a line of nothing but a change of
		// colours, which leaves an indented empty line.
		fail("while parsing TOML: %s\x1b[0m", err.Error())
	}
	b := valueBuilder{c: c}
	if err := doc.Walk(&b, l.opts.TOMLTimestamps); err != nil {
		fail("while parsing TOML: %s", err.Error())
	}
	return b.result
}

// valueBuilder makes a value of the parts of a document. It keeps the open
// lists and sets on a stack of its own.
type valueBuilder struct {
	c      *eval.Ctx
	open   []container
	result eval.Value
}

// container is a list (attrs nil) or a set under construction.
type container struct {
	list  []eval.Value
	attrs *eval.AttrsBuilder
	key   eval.Sym
	spare *eval.AttrsBuilder // of earlier sets in this place
}

func (b *valueBuilder) add(v eval.Value) {
	if len(b.open) == 0 {
		b.result = v
		return
	}
	top := &b.open[len(b.open)-1]
	if top.attrs != nil {
		top.attrs.Set(top.key, v)
	} else {
		top.list = append(top.list, v)
	}
}

func (b *valueBuilder) pop() container {
	top := b.open[len(b.open)-1]
	b.open = b.open[:len(b.open)-1]
	return top
}

func (b *valueBuilder) Null()           { b.add(eval.Null) }
func (b *valueBuilder) Bool(v bool)     { b.add(eval.Bool(v)) }
func (b *valueBuilder) Int(v int64)     { b.add(eval.Int(v)) }
func (b *valueBuilder) Float(v float64) { b.add(eval.Float(v)) }
func (b *valueBuilder) String(v string) { b.add(eval.String(v)) }
func (b *valueBuilder) Time(v string)   { b.add(b.timestamp(v)) }
func (b *valueBuilder) BeginArray()     { b.push().attrs = nil }
func (b *valueBuilder) EndArray()       { b.add(eval.List(b.pop().list)) }
func (b *valueBuilder) Key(k string)    { b.open[len(b.open)-1].key = b.c.Intern(k) }
func (b *valueBuilder) EndObject()      { b.add(b.pop().attrs.Build()) }

// BeginObject uses the builder of the last object at this depth again: objects
// that follow each other often have the same keys.
func (b *valueBuilder) BeginObject() {
	top := b.push()
	if top.spare == nil {
		top.spare = b.c.NewAttrs(8)
	}
	top.spare.Reset()
	top.attrs = top.spare
}

// push opens a container, of which all but the spare builder is empty.
func (b *valueBuilder) push() *container {
	if n := len(b.open); n < cap(b.open) {
		b.open = b.open[:n+1]
		b.open[n] = container{spare: b.open[n].spare}
	} else {
		b.open = append(b.open, container{})
	}
	return &b.open[len(b.open)-1]
}

func (b *valueBuilder) timestamp(v string) eval.Value {
	set := b.c.NewAttrs(2)
	set.SetName("_type", eval.String("timestamp"))
	set.Set(eval.SymValue, eval.String(v))
	return set.Build()
}

var _ ntoml.Handler = (*valueBuilder)(nil)
var _ njson.Handler = (*valueBuilder)(nil)
