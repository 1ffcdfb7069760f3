// Package evalcmd has the commands that evaluate: the classic nix-instantiate,
// and isomorph's own eval and instantiate, which are the same engine with the
// flags people expect today.
package evalcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/pipeline"
)

// Opener opens what a command evaluates in.
type Opener func(ctx context.Context, env *cli.Env, common *classic.Common) (*pipeline.Session, error)

// form is how a value is printed.
type form uint8

const (
	formNix form = iota
	formJSON
	formXML
	formRaw
)

// request is one run of nix-instantiate, whoever asked for it.
type request struct {
	common     *classic.Common
	files      []string
	exprs      bool // files are expressions
	attrs      []string
	evalOnly   bool
	parseOnly  bool
	findFile   bool
	strict     bool
	pretty     bool
	apply      string // a function for the value, "" for none
	noLocation bool
	form       form
	addRoot    string
	printed    int // derivations so far
}

// NixInstantiate runs the classic command with the given arguments.
func NixInstantiate(ctx context.Context, env *cli.Env, open Opener, args []string) error {
	var r request
	var json, xml, raw, indirect bool
	spec := classic.Spec{
		Command: "nix-instantiate",
		Flags: map[string]*bool{
			"--eval": &r.evalOnly, "--eval-only": &r.evalOnly, "--parse": &r.parseOnly, "--parse-only": &r.parseOnly,
			"--find-file": &r.findFile, "--strict": &r.strict, "--json": &json, "--xml": &xml, "--raw": &raw,
			"--no-location": &r.noLocation, "-E": &r.exprs, "--expr": &r.exprs, "--indirect": &indirect,
		},
		Values: map[string]func(string){
			"-A":         func(v string) { r.attrs = append(r.attrs, v) },
			"--attr":     func(v string) { r.attrs = append(r.attrs, v) },
			"--add-root": func(v string) { r.addRoot = v },
		},
	}
	common, operands, err := classic.Parse(spec, args)
	if err == nil {
		err = common.ReadArgs(env.Stdin, env.Dir)
	}
	if err != nil {
		return err
	}
	r.common, r.files = common, operands
	switch {
	case raw:
		r.form = formRaw
	case xml:
		r.form = formXML
	case json:
		r.form = formJSON
	}
	// A value is usually wanted without a trace in the store.
	if r.evalOnly && !common.ReadWrite {
		common.ReadOnly = true
	}
	return r.run(ctx, env, open)
}

func (r *request) run(ctx context.Context, env *cli.Env, open Opener) error {
	if r.parseOnly || r.findFile {
		r.common.ReadOnly = true
	}
	s, err := open(ctx, env, r.common)
	if err != nil {
		return err
	}
	defer s.Close()
	if r.findFile {
		return r.printFound(env, s.Evaluator(ctx))
	}
	inputs, err := r.inputs(env)
	if err != nil {
		return err
	}
	if r.parseOnly && len(inputs) > 0 { // the arguments are read, though nothing is called
		ev := s.Evaluator(ctx)
		if err := ev.Do(func(c *eval.Ctx) { ev.AutoArgs(c, inputs[0]) }); err != nil {
			return err
		}
	}
	if r.parseOnly {
		return r.printParsed(env, s.Evaluator(ctx), inputs)
	}
	_, err = s.Ask(ctx, r.query(inputs), func(a pipeline.Answer) error {
		if r.evalOnly {
			_, err := io.WriteString(env.Stdout, a.Text)
			return err
		}
		return r.printDerivations(ctx, env, s, a.Found)
	})
	return err
}

// query asks for what is to be printed of the inputs.
func (r *request) query(inputs []pipeline.Input) pipeline.Query {
	if !r.evalOnly {
		return pipeline.Query{Inputs: inputs, Form: pipeline.FormDerivations, Answer: pipeline.Derivations, Partial: true}
	}
	form := r.valueForm()
	return pipeline.Query{Inputs: inputs, Form: form, Answer: r.value}
}

// valueForm names all that decides how a value is printed.
func (r *request) valueForm() string {
	return fmt.Sprintf("value %d strict=%t positions=%t pretty=%t apply=%q", r.form, r.strict, !r.noLocation, r.pretty, r.apply)
}

// inputs are the operands, each with each of the attribute paths.
func (r *request) inputs(env *cli.Env) ([]pipeline.Input, error) {
	sources, err := r.sources(env)
	if err != nil {
		return nil, err
	}
	attrs := r.attrs
	if len(attrs) == 0 || r.parseOnly {
		attrs = []string{""}
	}
	var all []pipeline.Input
	for _, src := range sources {
		in := pipeline.Input{Source: src, Dir: env.Dir, Args: pipelineArgs(r.common.Args)}
		all = append(all, in.Select(attrs)...)
	}
	return all, nil
}

// sources turns the operands into what is to be evaluated.
func (r *request) sources(env *cli.Env) ([]pipeline.Source, error) {
	if len(r.files) == 0 && !r.exprs {
		r.files = []string{"./default.nix"}
	}
	if len(r.files) == 1 && r.files[0] == "-" {
		text, err := io.ReadAll(env.Stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return []pipeline.Source{{Text: string(text), Stdin: true}}, nil
	}
	sources := make([]pipeline.Source, len(r.files))
	for i, f := range r.files {
		if r.exprs {
			sources[i] = pipeline.Source{Text: f}
		} else {
			sources[i] = pipeline.Source{File: f}
		}
	}
	return sources, nil
}

func pipelineArgs(args []classic.Arg) []pipeline.Arg {
	out := make([]pipeline.Arg, len(args))
	for i, a := range args {
		out[i] = pipeline.Arg(a)
	}
	return out
}

func (r *request) printFound(env *cli.Env, ev *pipeline.Evaluator) error {
	for _, name := range r.files {
		p, err := ev.FindFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintln(env.Stdout, p)
	}
	return nil
}

func (r *request) printParsed(env *cli.Env, ev *pipeline.Evaluator, inputs []pipeline.Input) error {
	for _, in := range inputs {
		var text string
		err := ev.Do(func(c *eval.Ctx) { text = syntax.Print(ev.Parse(c, in), ev.State.Symbols()) })
		if err != nil {
			return err
		}
		fmt.Fprintln(env.Stdout, text)
	}
	return nil
}

// value answers an input with its value as it is to be printed.
func (r *request) value(ev *pipeline.Evaluator, in pipeline.Input) (a pipeline.Answer, err error) {
	err = ev.Do(func(c *eval.Ctx) {
		v, args := ev.Select(c, in)
		// Without arguments a function is the value; with some it is called.
		if len(in.Args) > 0 {
			v = c.AutoCall(v, args)
		}
		v = r.applied(ev, c, in.Dir, v)
		defer r.ahead(ev, c, v).End()
		a.Text = r.format(c, v)
	})
	return a, err
}

// ahead starts helpers on the parts of a value all of which is printed.
func (r *request) ahead(ev *pipeline.Evaluator, c *eval.Ctx, v eval.Value) *eval.Team {
	switch {
	case r.form == formJSON:
		return ev.Ahead(c, pipeline.Parts(c, v), func(c *eval.Ctx, part eval.Value) {
			builtins.ToJSON(c, 0, part, new(eval.ContextSet))
		})
	case r.form == formNix && r.strict:
		return ev.Ahead(c, pipeline.Parts(c, v), func(c *eval.Ctx, part eval.Value) { c.ForceDeep(part) })
	}
	return nil
}

// applied returns what the function of --apply makes of a value.
func (r *request) applied(ev *pipeline.Evaluator, c *eval.Ctx, dir string, v eval.Value) eval.Value {
	if r.apply == "" {
		return v
	}
	return c.Force(ev.Apply(c, r.apply, dir, v))
}

// json writes a value as JSON, on one line or on several.
// json ends the JSON of a value as the flags say.
func (r *request) json(text string) string {
	if !r.pretty {
		return text + "\n"
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		panic(eval.Wrap(0, err))
	}
	return b.String() + "\n"
}

func (r *request) format(c *eval.Ctx, v eval.Value) string {
	var ctx eval.ContextSet
	switch r.form {
	case formRaw:
		return c.CoerceToString(0, v, &ctx, "while generating the nix-instantiate output", 0)
	case formXML:
		return builtins.ToXML(c, v, &ctx, r.strict, !r.noLocation)
	case formJSON:
		return r.json(builtins.ToJSON(c, 0, v, new(eval.ContextSet)))
	}
	if r.strict {
		c.ForceDeep(v)
		return c.PrintStrict(v) + "\n"
	}
	return c.Print(v) + "\n"
}

func (r *request) printDerivations(ctx context.Context, env *cli.Env, s *pipeline.Session, found []pipeline.Found) error {
	for _, f := range found {
		line := s.PrintPath(f.Drv)
		if r.addRoot != "" {
			link := rootName(env.Dir, r.addRoot, r.printed)
			if err := s.AddRoot(ctx, link, f.Drv); err != nil {
				return err
			}
			line = link
		} else if r.printed == 0 {
			fmt.Fprintln(env.Stderr, "warning: you did not specify '--add-root'; the result might be removed by the garbage collector")
		}
		r.printed++
		if f.Output != "out" {
			line += "!" + f.Output
		}
		fmt.Fprintln(env.Stdout, line)
	}
	return nil
}

// rootName is the link for the i-th of several results: NAME, NAME-2, NAME-3.
func rootName(dir, name string, i int) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	if i > 0 {
		name += "-" + strconv.Itoa(i+1)
	}
	return name
}
