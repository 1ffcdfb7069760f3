package builtins

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/njson"
)

// toJSON writes a value as builtins.toJSON does: compact, sets in order of
// their names, paths copied to the store. The contexts of all strings go to ctx.
// The format of each token is that of the JSON library that Nix uses, as hashes
// depend on it.
func toJSON(c *eval.Ctx, pos eval.Pos, v eval.Value, ctx *eval.ContextSet) string {
	text, invalid := convertToJSON(c, pos, v, ctx)
	if invalid != nil {
		panic(invalid)
	}
	return text
}

// convertToJSON is toJSON for callers that do something else before they look at
// whether all texts are UTF-8; invalid is the error if they are not.
func convertToJSON(c *eval.Ctx, pos eval.Pos, v eval.Value, ctx *eval.ContextSet) (text string, invalid *eval.Error) {
	if ctx == nil {
		ctx = &eval.ContextSet{}
	}
	w := jsonWriter{c: c, ctx: ctx}
	w.value(v, pos)
	return w.b.String(), w.invalid
}

type jsonWriter struct {
	c     *eval.Ctx
	names bool // paths stay what they are called, and are not copied to the store
	ctx   *eval.ContextSet
	b     eval.Text

	invalid *eval.Error // of the first string that is no UTF-8: Nix looks at texts when all has been converted
}

// value writes a value that belongs to the attribute written at pos.
func (w *jsonWriter) value(v eval.Value, pos eval.Pos) {
	w.c.Enter(pos)
	w.b.Check(w.c)
	if x, ok := eval.Peek(v); ok && x.Type() < eval.TypePath {
		w.finished(x, pos)
	} else {
		w.c.Recurse(func() { w.finished(w.c.ForceAt(v, pos), pos) })
	}
	w.c.Leave()
}

func (w *jsonWriter) finished(v eval.Value, pos eval.Pos) {
	switch v.Type() {
	case eval.TypeNull:
		w.b.WriteString("null")
	case eval.TypeBool:
		w.b.WriteString(strconv.FormatBool(v.AsBool()))
	case eval.TypeInt:
		w.b.WriteString(strconv.FormatInt(v.AsInt(), 10))
	case eval.TypeFloat:
		w.b.WriteString(njson.FormatFloat(v.AsFloat()))
	case eval.TypeString:
		w.ctx.Add(v.Context())
		w.string(v.AsString())
	case eval.TypePath:
		if w.names {
			w.string(v.AsString())
			return
		}
		p, elem := w.c.CopyPath(v.AsString())
		w.ctx.AddElem(elem)
		w.string(p)
	case eval.TypeList:
		w.list(v.AsList(), pos)
	case eval.TypeSet:
		w.set(v, pos)
	default:
		if info, ok := w.c.Describe(v); ok {
			pos = info.Pos
		}
		panic(eval.Errorf(eval.KindType, pos, "cannot convert %s to JSON", w.c.ShowType(v)))
	}
}

func (w *jsonWriter) list(l []eval.Value, pos eval.Pos) {
	i := 0
	w.c.PushTraceFunc(pos, func() string { return fmt.Sprintf("while evaluating list element at index %d", i) })
	w.b.WriteByte('[')
	for i = range l {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.value(l[i], pos)
	}
	w.b.WriteByte(']')
	w.c.PopTrace()
}

// set writes a set, or what stands for it: the result of its __toString, or its
// outPath.
func (w *jsonWriter) set(v eval.Value, pos eval.Pos) {
	a := v.AsAttrs()
	if w.c.Since(eval.PeelJSONRelease) && (a.Has(eval.SymToString) || a.Has(eval.SymOutPath)) {
		w.c.PeelChecked(pos, v, func(x eval.Value) {
			if x.Type() == eval.TypeSet {
				w.attrs(x.AsAttrs())
			} else {
				w.finished(x, pos)
			}
		})
		return
	}
	if at, ok := a.GetAttr(eval.SymToString); ok {
		r := w.c.Call1(pos, w.c.Force(at.Value), v)
		w.string(w.c.CoerceToString(pos, r, w.ctx, "while evaluating the result of the `__toString` attribute", eval.CoerceNoCopy))
		return
	}
	if at, ok := a.GetAttr(eval.SymOutPath); ok {
		w.value(at.Value, at.Pos)
		return
	}
	w.attrs(a)
}

// attrs writes a set as an object.
func (w *jsonWriter) attrs(a *eval.Attrs) {
	first := byte('{')
	for at := range w.c.Sorted(a) {
		w.b.WriteByte(first)
		first = ','
		w.string(w.c.Name(at.Name))
		w.b.WriteByte(':')
		w.c.PushTraceFunc(at.Pos, func() string { return "while evaluating attribute '" + w.c.Name(at.Name) + "'" })
		w.value(at.Value, at.Pos)
		w.c.PopTrace()
	}
	if first == '{' {
		w.b.WriteByte('{')
	}
	w.b.WriteByte('}')
}

func (w *jsonWriter) string(s string) {
	w.b.WriteByte('"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if esc := jsonEscape(c); esc != "" {
				w.b.WriteString(s[start:i])
				w.b.WriteString(esc)
				start = i + 1
			}
			i++
			continue
		}
		if _, n := utf8.DecodeRuneInString(s[i:]); n > 1 {
			i += n
		} else {
			if w.invalid == nil {
				w.invalid = invalidUTF8(s, i)
			}
			return
		}
	}
	w.b.WriteString(s[start:])
	w.b.WriteByte('"')
}

// invalidUTF8 reports the first byte that cannot continue the character
// that begins at i, or that the string ends in the middle of it.
func invalidUTF8(s string, i int) *eval.Error {
	bad := i
	for n := i + 1; n <= len(s) && !utf8.FullRuneInString(s[i:n]); n++ {
		bad = n
	}
	const prefix = "JSON serialization error: [json.exception.type_error.316] "
	if bad == len(s) {
		return eval.Errorf(eval.KindOther, 0, prefix+"incomplete UTF-8 string; last byte: 0x%02X", s[bad-1])
	}
	return eval.Errorf(eval.KindOther, 0, prefix+"invalid UTF-8 byte at index %d: 0x%02X", bad, s[bad])
}

// jsonEscape returns how an ASCII character is written, "" for as it is.
func jsonEscape(c byte) string {
	switch c {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if c < 0x20 {
		return fmt.Sprintf(`\u%04x`, c)
	}
	return ""
}
