package main

import (
	"context"
	"strings"
)

// confirm compares the program of a difference once more, alone in processes of
// its own: what other programs have evaluated of a file, and in which order names
// became known to a process, shows in some messages.
func (o *options) confirm(ctx context.Context, d difference) (confirmed difference, ok bool, err error) {
	alone, ok, err := o.compareOne(ctx, d.text, d)
	if err != nil || !ok {
		return d, false, err
	}
	if text := documented(d.text); text != d.text {
		if _, ok, err := o.compareOne(ctx, text, d); err != nil || !ok {
			return d, false, err
		}
	}
	return alone, true, nil
}

// compareOne compares a program in the form in which d was found.
func (o *options) compareOne(ctx context.Context, text string, d difference) (difference, bool, error) {
	found, err := o.compare(ctx, []string{text}, d.form)
	for _, f := range found {
		if f.form == d.form {
			f.index = d.index
			return f, err == nil, err
		}
	}
	return d, false, err
}

// documented takes out of a program what may differ: the lines of what
// unsafeGetAttrPos says where there are derivations, as those of Nix's own
// definition of them are others in each version (doc/compat.md), and what is in the
// root directory, of which the Nix may have its own.
func documented(text string) string {
	text = strings.ReplaceAll(text, "builtins.readDir", `(p: if p == "/" || p == /. then { } else builtins.readDir p)`)
	if !strings.Contains(text, "derivation") {
		return text
	}
	return strings.ReplaceAll(text, "builtins.unsafeGetAttrPos", `(n: s: builtins.removeAttrs (builtins.unsafeGetAttrPos n s) [ "line" ])`)
}
