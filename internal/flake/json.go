package flake

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/njson"
)

// object is a JSON object. Values are nil, bool, int64, float64, string,
// []any and object.
type object = map[string]any

// readJSON reads a document.
func readJSON(text string) (any, error) {
	r := &jsonReader{}
	if err := njson.Parse(text, r); err != nil {
		return nil, err
	}
	return r.top, nil
}

// jsonReader builds values from what the parser finds.
type jsonReader struct {
	top  any
	open []container
}

type container struct {
	key   string // of the next value
	set   object // nil in an array
	items []any
}

func (r *jsonReader) put(v any) {
	if len(r.open) == 0 {
		r.top = v
		return
	}
	at := &r.open[len(r.open)-1]
	if at.set != nil {
		at.set[at.key] = v
	} else {
		at.items = append(at.items, v)
	}
}

func (r *jsonReader) close() container {
	at := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	return at
}

func (r *jsonReader) Null()           { r.put(nil) }
func (r *jsonReader) Bool(v bool)     { r.put(v) }
func (r *jsonReader) Int(v int64)     { r.put(v) }
func (r *jsonReader) Float(v float64) { r.put(v) }
func (r *jsonReader) String(v string) { r.put(v) }
func (r *jsonReader) BeginArray()     { r.open = append(r.open, container{items: []any{}}) }
func (r *jsonReader) EndArray()       { r.put(r.close().items) }
func (r *jsonReader) BeginObject()    { r.open = append(r.open, container{set: object{}}) }
func (r *jsonReader) Key(k string)    { r.open[len(r.open)-1].key = k }
func (r *jsonReader) EndObject()      { r.put(r.close().set) }

// WriteJSON writes a value as Nix writes lock files: names sorted, indented by
// two, no line break at the end. Besides the values of readJSON it takes
// attribute sets of sources, []string and uint64.
func WriteJSON(v any) string { return formatJSON(v, 2) }

// CompactJSON writes a value on one line.
func CompactJSON(v any) string { return formatJSON(v, 0) }

func formatJSON(v any, indent int) string {
	w := jsonWriter{indent: indent}
	w.value(v, 0)
	return w.b.String()
}

type jsonWriter struct {
	b      strings.Builder
	indent int // 0: all on one line
}

func (w *jsonWriter) value(v any, depth int) {
	switch v := v.(type) {
	case nil:
		w.b.WriteString("null")
	case bool:
		w.b.WriteString(strconv.FormatBool(v))
	case int:
		w.b.WriteString(strconv.Itoa(v))
	case int64:
		w.b.WriteString(strconv.FormatInt(v, 10))
	case uint64:
		w.b.WriteString(strconv.FormatUint(v, 10))
	case string:
		w.b.WriteString(flakeref.QuoteJSON(v))
	case []string:
		w.list(len(v), depth, func(i int) { w.value(v[i], depth+1) })
	case []any:
		w.list(len(v), depth, func(i int) { w.value(v[i], depth+1) })
	case flakeref.Attrs:
		w.object(object(v), depth)
	case object:
		w.object(v, depth)
	default:
		panic(fmt.Sprintf("no JSON for %T", v))
	}
}

func (w *jsonWriter) line(depth int) {
	if w.indent > 0 {
		w.b.WriteString("\n" + strings.Repeat(" ", w.indent*depth))
	}
}

func (w *jsonWriter) list(n, depth int, item func(int)) {
	w.b.WriteByte('[')
	for i := range n {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.line(depth + 1)
		item(i)
	}
	if n > 0 {
		w.line(depth)
	}
	w.b.WriteByte(']')
}

func (w *jsonWriter) object(o object, depth int) {
	w.b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.line(depth + 1)
		w.b.WriteString(flakeref.QuoteJSON(name) + ":")
		if w.indent > 0 {
			w.b.WriteByte(' ')
		}
		w.value(o[name], depth+1)
	}
	if len(o) > 0 {
		w.line(depth)
	}
	w.b.WriteByte('}')
}
