package hashcmd

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
)

// Opener opens what a command downloads into and evaluates in.
type Opener func(ctx context.Context, common *classic.Common) (*pipeline.Session, error)

// prefetching is one run of nix-prefetch-url.
type prefetching struct {
	env       *cli.Env
	s         *pipeline.Session
	common    *classic.Common
	algo      nixhash.Algorithm
	attr      string // the operand is a file with this attribute, a call of fetchurl
	printPath bool
	req       pipeline.Prefetch
}

// PrefetchURL runs nix-prefetch-url.
func PrefetchURL(ctx context.Context, env *cli.Env, open Opener, args []string) error {
	p := prefetching{env: env, printPath: env.Getenv("PRINT_PATH") == "1"}
	algo := "sha256"
	setAttr := func(v string) { p.attr = v }
	common, operands, err := classic.Parse(classic.Spec{
		Command: "nix-prefetch-url",
		Flags:   map[string]*bool{"--print-path": &p.printPath, "--unpack": &p.req.Unpack, "--executable": &p.req.Executable},
		Values: map[string]func(string){
			"--type": func(v string) { algo = v }, "--name": func(v string) { p.req.Name = v }, "--attr": setAttr, "-A": setAttr,
		},
	}, args)
	if err != nil {
		return err
	}
	switch {
	case len(operands) > 2:
		return classic.UsageError("nix-prefetch-url", "too many arguments")
	case len(operands) == 0 && p.attr == "":
		return classic.UsageError("nix-prefetch-url", "you must specify a URL")
	}
	if p.algo, err = nixhash.ParseAlgorithm(algo); err != nil {
		return err
	}
	p.req.Algo = p.algo
	if len(operands) == 2 {
		if p.req.Expected, err = nixhash.Parse(operands[1], p.algo); err != nil {
			return err
		}
	}
	if p.s, err = open(ctx, common); err != nil {
		return err
	}
	defer p.s.Close()
	p.common = common
	return p.run(ctx, append(operands, ".")[0])
}

func (p *prefetching) run(ctx context.Context, operand string) (err error) {
	p.req.URL = operand
	if p.attr != "" {
		if err := p.fromExpression(ctx, operand); err != nil {
			return err
		}
	}
	if p.req.URL, err = p.mirror(ctx, p.req.URL); err != nil {
		return err
	}
	if p.req.Name == "" {
		if p.req.Name = lastSegment(p.req.URL); p.req.Name == "" {
			return fmt.Errorf("cannot figure out file name for '%s'", p.req.URL)
		}
	}
	path, hash, err := p.s.Prefetch(ctx, p.req)
	if err != nil {
		return err
	}
	text := hash.Base32()
	if hash.Algorithm() == nixhash.MD5 {
		text = hash.Base16()
	}
	where := p.s.PrintPath(path)
	if !p.printPath {
		fmt.Fprintf(p.env.Stderr, "path is '%s'\n", where)
		where = ""
	} else {
		where += "\n"
	}
	_, err = fmt.Fprintf(p.env.Stdout, "%s\n%s", text, where)
	return err
}

// lastSegment is the file name at the end of a URL.
func lastSegment(url string) string {
	url, _, _ = strings.Cut(url, "#")
	url, _, _ = strings.Cut(url, "?")
	return url[strings.LastIndexByte(url, '/')+1:]
}

// fromExpression takes the first URL, the name and the kind of hash from an
// attribute of a file that calls fetchurl or fetchzip.
func (p *prefetching) fromExpression(ctx context.Context, file string) error {
	if !filepath.IsAbs(file) && !strings.HasPrefix(file, "<") {
		file = "./" + file
	}
	ev := p.s.Evaluator(ctx)
	in := pipeline.Input{Dir: p.env.Dir, Source: pipeline.Source{File: file}, Attr: p.attr, Args: pipelineArgs(p.common.Args)}
	return ev.Do(func(c *eval.Ctx) {
		v, _ := ev.Select(c, in)
		set := c.ForceAttrs(0, v, "while evaluating the source attribute to prefetch")
		get := func(name string) (eval.Value, bool) { return set.Get(c.Intern(name)) }
		urls, ok := get("urls")
		if !ok {
			panic(eval.Errorf(eval.KindEval, 0, "attribute 'urls' missing"))
		}
		list := c.ForceList(0, urls, "while evaluating the urls to prefetch")
		if len(list) == 0 {
			panic(eval.Errorf(eval.KindEval, 0, "'urls' list is empty"))
		}
		p.req.URL = c.ForceStringNoCtx(0, list[0], "while evaluating the first url from the urls list")
		if mode, ok := get("outputHashMode"); ok {
			p.req.Unpack = c.ForceStringNoCtx(0, mode, "while evaluating the outputHashMode of the source to prefetch") == "recursive"
		} else {
			fmt.Fprintln(p.env.Stderr, "warning: this does not look like a fetchurl call")
		}
		if name, ok := get("name"); ok && p.req.Name == "" {
			p.req.Name = c.ForceStringNoCtx(0, name, "while evaluating the name of the source to prefetch")
		}
	})
}

// mirror puts the first address that <nixpkgs> knows in place of
// "mirror://NAME/".
func (p *prefetching) mirror(ctx context.Context, url string) (string, error) {
	rest, ok := strings.CutPrefix(url, "mirror://")
	if !ok {
		return url, nil
	}
	name, file, ok := strings.Cut(rest, "/")
	if !ok {
		return "", fmt.Errorf("invalid mirror URL '%s'", url)
	}
	ev := p.s.Evaluator(ctx)
	var base string
	err := ev.Do(func(c *eval.Ctx) {
		in := pipeline.Input{Dir: p.env.Dir, Source: pipeline.Source{Text: "import <nixpkgs/pkgs/build-support/fetchurl/mirrors.nix>"}}
		v, _ := ev.Select(c, in)
		list, ok := c.ForceAttrs(0, v, "while evaluating the set of all mirrors").Get(c.Intern(name))
		if !ok {
			panic(eval.Errorf(eval.KindEval, 0, "unknown mirror name '%s'", name))
		}
		addresses := c.ForceList(0, list, "while evaluating one mirror configuration")
		if len(addresses) == 0 {
			panic(eval.Errorf(eval.KindEval, 0, "mirror URL '%s' did not expand to anything", url))
		}
		base = c.ForceStringNoCtx(0, addresses[0], "while evaluating the first available mirror")
	})
	return strings.TrimSuffix(base, "/") + "/" + file, err
}

func pipelineArgs(args []classic.Arg) []pipeline.Arg {
	out := make([]pipeline.Arg, len(args))
	for i, a := range args {
		out[i] = pipeline.Arg(a)
	}
	return out
}
