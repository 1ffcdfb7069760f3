package builtins

import (
	"errors"
	"strings"

	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// exitHashMismatch is Nix's exit status for a download with another hash.
const exitHashMismatch = 102

func (w *world) primFetchurl(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	return w.fetch(c, args[0], "fetchurl", FetchRequest{})
}

func (w *world) primFetchTarball(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	return w.fetch(c, args[0], "fetchTarball", FetchRequest{Unpack: true, Name: "source"})
}

func (w *world) fetch(c *eval.Ctx, arg eval.Value, who string, req FetchRequest) eval.Value {
	how := w.fetchArguments(c, arg, who, &req)
	if req.Unpack {
		req.URL = resolveURL(req.URL)
	}
	w.checkURL(req.URL)
	if req.Name == "" {
		req.Name = lastPart(strings.TrimSuffix(req.URL, "/"))
	}
	if err := storepath.CheckName(req.Name); err != nil {
		panic(eval.Errorf(eval.KindEval, 0, "invalid store path name when fetching URL '%s': %s. %s", req.URL, err, how))
	}
	if w.opts.PureEval && req.SHA256.IsZero() {
		panic(eval.Errorf(eval.KindEval, 0, "in pure evaluation mode, '%s' requires a 'sha256' argument", who))
	}
	if c.IsHelper() && !w.present(&req) { // the leader asks nothing that one worker alone would not
		c.Alone()
	}
	p, err := w.host.Fetch(req)
	if err != nil {
		panic(fetchError(err))
	}
	w.access.allow(w.dir.Join(p))
	return w.storeString(p)
}

// present tells whether the store has what a request asks for, so that nothing
// needs to be downloaded.
func (w *world) present(req *FetchRequest) bool {
	if req.SHA256.IsZero() {
		return false
	}
	p, err := w.dir.MakeFixed(req.Name, req.Unpack, req.SHA256, nil)
	return err == nil && w.host.IsValid(p)
}

// fetchArguments reads a URL, or a set with one. It returns what to tell a user
// whose URL has no good name in it.
func (w *world) fetchArguments(c *eval.Ctx, arg eval.Value, who string, req *FetchRequest) (advice string) {
	v := c.Force(arg)
	if v.Type() != eval.TypeSet {
		req.URL = c.ForceStringNoCtx(0, v, "while evaluating the url we should fetch")
		return "Please pass an attribute set with 'url' and 'name' attributes to '" + who + "',  so that it can create a valid store path."
	}
	advice = "Please add a valid 'name' attribute to the argument for '" + who + "', so that it can create a valid store path."
	for at := range inOrder(v.AsAttrs()) {
		switch name := c.Name(at.Name); name {
		case "url":
			req.URL = c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the url we should fetch")
		case "sha256":
			text := c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the sha256 of the content we should fetch")
			req.SHA256 = w.parseHash(c, text, nixhash.SHA256)
		case "name":
			req.Name = c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the name of the content we should fetch")
			advice = "Please change the value for the 'name' attribute passed to '" + who + "', so that it can create a valid store path."
		default:
			panic(eval.Errorf(eval.KindEval, 0, "unsupported argument '%s' to '%s'", name, who))
		}
	}
	if !v.AsAttrs().Has(c.Intern("url")) {
		panic(eval.Errorf(eval.KindEval, 0, "'url' argument required"))
	}
	return advice
}

func fetchError(err error) *eval.Error {
	e := treeError(err)
	if m, ok := errors.AsType[*HashMismatchError](err); ok {
		e.Exit = exitHashMismatch
		e.Advice = "if this is the file that you want: sha256 = \"" + m.Got.SRI() + "\"; if it should not have changed, ask where it comes from"
	}
	return e
}
