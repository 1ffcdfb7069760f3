package builtins

import (
	"math"
	"strings"

	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/eval"
)

// stringPrims are the builtins for strings.
func (l *Library) stringPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("toString", "e", "Turn *e* into a string; paths are not copied to the store.", primToString),
		prim("__substring", "start len s", "Return *len* bytes of *s* from byte *start* on, all of the rest if *len* is negative.", primSubstring),
		prim("__stringLength", "e", "Return the number of bytes of a string.", primStringLength),
		prim("__hashString", "type s", "Return the hash of a string in base 16; *type* is `md5`, `sha1`, `sha256` or `sha512`.", primHashString),
		prim("__convertHash", "args", "Write a `hash` in the `toHashFormat`: `base16`, `nix32`, `base64` or `sri`.", l.primConvertHash),
		prim("__concatStringsSep", "separator list", "Concatenate strings, with *separator* between them.", primConcatStringsSep),
		prim("__replaceStrings", "from to s", "Replace each string of the list *from* by that at the same place in *to*.", primReplaceStrings),
		prim("baseNameOf", "x", "Return the last part of a path.", primBaseNameOf),
		prim("dirOf", "s", "Return a path without its last part.", primDirOf),
	}
}

func primToString(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	v := c.Force(args[0])
	if v.IsString() {
		return v
	}
	var ctx eval.ContextSet
	s := c.CoerceToString(0, v, &ctx, "while evaluating the first argument passed to builtins.toString", eval.CoerceMore|eval.CoerceNoCopy)
	return eval.StringWith(s, ctx.Context())
}

// primSubstring keeps the context even of a string that it takes nothing of,
// which programs use to carry a context around.
func primSubstring(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	start := c.ForceInt(0, args[0], "while evaluating the first argument (the start offset) passed to builtins.substring")
	if start < 0 {
		fail("negative start position in 'substring'")
	}
	n := c.ForceInt(0, args[1], "while evaluating the second argument (the substring length) passed to builtins.substring")
	v := c.Force(args[2])
	if v.IsString() {
		return eval.StringWith(slice(v.AsString(), start, n), v.Context())
	}
	var ctx eval.ContextSet
	s := c.CoerceToString(0, v, &ctx, "while evaluating the third argument (the string) passed to builtins.substring", 0)
	return eval.StringWith(slice(s, start, n), ctx.Context())
}

func slice(s string, start, n int64) string {
	size := int64(len(s))
	if start >= size {
		return ""
	}
	if n < 0 || n > size-start {
		n = size - start
	}
	return s[start : start+n]
}

func primStringLength(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s, _ := c.Coerce(0, args[0], "while evaluating the argument passed to builtins.stringLength", 0)
	return eval.Int(int64(len(s)))
}

func primHashString(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.hashString")
	algo, err := nixhash.ParseAlgorithm(name)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	s := c.ForceString(0, args[1], "while evaluating the second argument passed to builtins.hashString")
	return eval.String(nixhash.Sum(algo, []byte(s.AsString())).Base16())
}

func (l *Library) primConvertHash(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := c.ForceAttrs(0, args[0], "while evaluating the first argument passed to builtins.convertHash")
	text := func(at eval.Attr, what string) string { return c.ForceStringNoCtx(0, at.Value, what) }
	hash := text(c.GetAttr(a, c.Intern("hash"), "while locating the attribute 'hash'"), "while evaluating the attribute 'hash'")
	var algo nixhash.Algorithm
	if at, ok := a.GetAttr(c.Intern("hashAlgo")); ok {
		name := text(at, "while evaluating the attribute 'hashAlgo'")
		var err error
		if algo, err = nixhash.ParseAlgorithm(name); err != nil {
			panic(eval.Wrap(0, err))
		}
	}
	format := text(c.GetAttr(a, c.Intern("toHashFormat"), "while locating the attribute 'toHashFormat'"), "while evaluating the attribute 'toHashFormat'")
	write := l.hashFormat(c, format)
	h, err := nixhash.Parse(hash, algo)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return eval.String(write(h))
}

// hashFormat returns what writes a hash in the format of a name.
func (l *Library) hashFormat(c *eval.Ctx, name string) func(nixhash.Hash) string {
	switch name {
	case "base16":
		return nixhash.Hash.Base16
	case "base32":
		if release(l.opts.NixVersion) >= nix32Release {
			c.Alone()
			l.opts.Host.Warn(`"base32" is a deprecated alias for hash format "nix32".`)
		}
		return nixhash.Hash.Base32
	case "nix32":
		if release(l.opts.NixVersion) >= nix32Release {
			return nixhash.Hash.Base32
		}
	case "base64":
		return nixhash.Hash.Base64
	case "sri":
		return nixhash.Hash.SRI
	}
	panic(eval.Errorf(eval.KindOther, 0, "unknown hash format '%s', expect 'base16', 'base32', 'base64', or 'sri'", name))
}

func primConcatStringsSep(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var ctx eval.ContextSet
	sep := c.ForceString(0, args[0], "while evaluating the first argument (the separator string) passed to builtins.concatStringsSep")
	ctx.Add(sep.Context())
	l := c.ForceList(0, args[1], "while evaluating the second argument (the list of strings to concat) passed to builtins.concatStringsSep")
	parts := make([]string, len(l))
	total := len(sep.AsString()) * max(len(l)-1, 0)
	for i, x := range l {
		parts[i] = c.CoerceToString(0, x, &ctx, "while evaluating one element of the list of strings to concat passed to builtins.concatStringsSep", 0)
		total += len(parts[i])
	}
	c.CheckStringSize(0, total)
	return eval.StringWith(strings.Join(parts, sep.AsString()), ctx.Context())
}

func primBaseNameOf(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s, ctx := c.Coerce(0, args[0], "while evaluating the first argument passed to builtins.baseNameOf", eval.CoerceNoCopy)
	return eval.StringWith(baseName(s), ctx)
}

// baseName takes off one trailing slash, not all of them as basename(1) does.
func baseName(s string) string {
	if len(s) > 1 {
		s = strings.TrimSuffix(s, "/")
	}
	if s == "/" {
		return ""
	}
	return s[strings.LastIndexByte(s, '/')+1:]
}

func primDirOf(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	v := c.Force(args[0])
	if v.Type() == eval.TypePath {
		p := v.AsString()
		return eval.Path(p[:max(strings.LastIndexByte(p, '/'), 1)])
	}
	s, ctx := c.Coerce(0, v, "while evaluating the first argument passed to 'builtins.dirOf'", eval.CoerceNoCopy)
	i := strings.LastIndexByte(s, '/')
	switch {
	case i < 0:
		s = "."
	case i == 0:
		s = "/"
	default:
		s = s[:i]
	}
	return eval.StringWith(s, ctx)
}

// replacer is the state of one replaceStrings: the texts to replace, and the
// replacements, which are not evaluated before they are needed.
type replacer struct {
	c    *eval.Ctx
	from []string
	to   []eval.Value
	done []string // replacements evaluated so far, where known is set
	know []bool
	ctx  eval.ContextSet
}

func primReplaceStrings(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	from := c.ForceList(0, args[0], "while evaluating the first argument passed to builtins.replaceStrings")
	to := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.replaceStrings")
	if len(from) != len(to) {
		fail("'from' and 'to' arguments passed to builtins.replaceStrings have different lengths")
	}
	r := replacer{c: c, from: make([]string, len(from)), to: to, done: make([]string, len(to)), know: make([]bool, len(to))}
	for i, x := range from {
		r.from[i] = c.ForceString(0, x, "while evaluating one of the strings to replace passed to builtins.replaceStrings").AsString()
	}
	s := c.ForceString(0, args[2], "while evaluating the third argument passed to builtins.replaceStrings")
	r.ctx.Add(s.Context())
	out, changed := r.replace(s.AsString())
	if !changed {
		return s
	}
	return eval.StringWith(out, r.ctx.Context())
}

// replace goes through s once. At each place the first text that stands there
// counts; the empty text stands everywhere, also at the end.
func (r *replacer) replace(s string) (out string, changed bool) {
	starts, always := r.startBytes()
	var b eval.Text
	copied := 0 // s[:copied] is in b
	for p := 0; p <= len(s); {
		if !always {
			for p < len(s) && !starts[s[p]] {
				p++
			}
			if p == len(s) {
				break
			}
		}
		i := r.match(s[p:])
		if i < 0 {
			p++
			continue
		}
		b.WriteString(s[copied:p])
		b.WriteString(r.replacement(i))
		b.Check(r.c)
		changed = true
		copied = p
		if n := len(r.from[i]); n > 0 {
			p += n
			copied = p
		} else {
			p++
		}
	}
	if !changed {
		return s, false
	}
	b.WriteString(s[min(copied, len(s)):])
	return b.String(), true
}

// startBytes returns the bytes with which a text to replace begins, and whether
// one of them is empty.
func (r *replacer) startBytes() (starts [math.MaxUint8 + 1]bool, always bool) {
	for _, f := range r.from {
		if f == "" {
			always = true
		} else {
			starts[f[0]] = true
		}
	}
	return starts, always
}

func (r *replacer) match(s string) int {
	for i, f := range r.from {
		if strings.HasPrefix(s, f) {
			return i
		}
	}
	return -1
}

// replacement evaluates a replacement when it is first used, which is also when
// its context comes into the result.
func (r *replacer) replacement(i int) string {
	if !r.know[i] {
		v := r.c.ForceString(0, r.to[i], "while evaluating one of the replacement strings passed to builtins.replaceStrings")
		r.ctx.Add(v.Context())
		r.done[i], r.know[i] = v.AsString(), true
	}
	return r.done[i]
}
