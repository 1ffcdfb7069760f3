package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// oracle is a real Nix.
type oracle struct {
	prefix []string
	dir    string // of the programs
	store  string
	allow  []string // files that may be read; nil for all
}

// config are settings that leave nothing to the machine's nix.conf.
const config = "experimental-features = nix-command pipe-operators flakes\nsubstituters =\nbuild-users-group =\nsandbox = false\nfsync-metadata = false\n"

// memoryStore is a store that a process of Nix has to itself. It is fast, but
// knows no references of what is in it, so that a derivation with the whole
// graph of another one as its input is made wrongly.
const memoryStore = "dummy://?read-only=false"

// oracle is a Nix with a real store, in which programs may copy their directory.
func (o *options) oracle(dir string) oracle {
	return oracle{o.nix, dir, o.store, o.allowed(dir)}
}

// allowed returns the files that restricted evaluation may read; nil for all.
func (o *options) allowed(dir string) []string {
	if !o.restricted {
		return nil
	}
	var files []string
	for _, name := range []string{"driver.nix", "marker.nix", "fixture/dir", "fixture/fn.nix", "fixture/link"} {
		files = append(files, filepath.Join(dir, name))
	}
	for i := range o.batch {
		files = append(files, filepath.Join(dir, number(i)+".nix"))
	}
	return files
}

func (n oracle) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append(append([]string(nil), n.prefix...), args...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = n.dir
	settings := config
	if n.allow != nil {
		settings += "restrict-eval = true\n"
	}
	cmd.Env = append(environment(os.Environ(), n.dir), "NIX_CONFIG="+settings, "NIX_PATH="+strings.Join(n.allow, ":"), "GC_INITIAL_HEAP_SIZE=64M")
	return cmd
}

// home is the home directory of programs in a directory, which they may copy: an
// empty one.
func home(dir string) string { return filepath.Join(filepath.Dir(dir), "home") }

// environment leaves what a command needs to run. Recipes ask for other
// variables, such as SHELL, and ours has none. What commands keep for the user
// stays where it was, or does not get into the home directory of the programs.
func environment(all []string, dir string) []string {
	env := slices.DeleteFunc(slices.Clone(all), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		needed := slices.Contains([]string{"PATH", "USER", "LOGNAME", "TMPDIR"}, name)
		return !needed && !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "ORACLE_")
	})
	for _, v := range all {
		if user, ok := strings.CutPrefix(v, "HOME="); ok && !slices.ContainsFunc(all, func(v string) bool { return strings.HasPrefix(v, "XDG_CACHE_HOME=") }) {
			env = append(env, "XDG_CACHE_HOME="+user+"/.cache")
		}
	}
	own := home(dir)
	return append(env, "HOME="+own, "XDG_DATA_HOME="+own+"-data", "XDG_STATE_HOME="+own+"-data", "XDG_CONFIG_HOME="+own+"-data")
}

const prompt = "nix-repl> "

// crashed is the error of a program on which Nix itself dies. There is nothing
// to compare it with.
const crashed = "(Nix has crashed)"

// run evaluates the first count programs by the driver.
func (n oracle) run(ctx context.Context, count int) ([]answer, error) {
	queries := make([]string, count)
	for i := range queries {
		queries[i] = fmt.Sprintf("run %q", number(i))
	}
	return n.ask(ctx, []string{"run = import " + n.dir + "/driver.nix"}, queries)
}

// ask has expressions evaluated behind definitions. One on which Nix dies costs
// a process; the others share one.
func (n oracle) ask(ctx context.Context, definitions, queries []string) (answers []answer, err error) {
	for len(answers) < len(queries) {
		some, err := n.session(ctx, definitions, queries[len(answers):])
		if err != nil {
			return nil, err
		}
		answers = append(answers, some...)
	}
	return answers, nil
}

// session evaluates in one process: "nix repl" goes on after an error. It shows
// each line that it reads behind its prompt, which tells whose output follows.
// If it dies, the answer to that query is the last one.
func (n oracle) session(ctx context.Context, definitions, queries []string) (answers []answer, err error) {
	in := strings.Join(definitions, "\n") + "\n" + strings.Join(queries, "\n") + "\n"
	cmd := n.command(ctx, "nix", "repl", "--store", n.store)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	if _, died := errors.AsType[*exec.ExitError](err); err != nil && !died || ctx.Err() != nil {
		return nil, fmt.Errorf("nix repl: %w\n%s", err, tail(out))
	}
	rest := colour.ReplaceAllString(string(out), "")
	for i, q := range queries {
		_, after, ok := strings.Cut(rest, prompt+q+"\n")
		if !ok {
			return nil, fmt.Errorf("nix repl did not get to query %d of %d: %w\n%s", i, len(queries), err, tail(out))
		}
		mine, _, ok := strings.Cut(after, "\n"+prompt)
		if !ok {
			return append(answers, answer{err: crashed}), nil
		}
		rest = after[len(mine)+1:]
		answers = append(answers, readAnswer(mine))
	}
	return answers, nil
}

func tail(b []byte) string {
	if len(b) > 1000 {
		b = b[len(b)-1000:]
	}
	return string(bytes.TrimSpace(b))
}

// readAnswer reads what nix repl says to one line.
func readAnswer(text string) (a answer) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	a.messages, lines = splitMessages(lines)
	for _, l := range lines {
		if strings.HasPrefix(l, `"is `) {
			a.value = l
			return a
		}
	}
	a.err = readError(lines)
	if text := strings.Join(lines, "\n"); strings.HasPrefix(text, "error:") {
		a.text = behindTrace(text)
	}
	return a
}

// splitMessages takes what trace and warn say off. Their messages may have
// several lines, of which the first counts.
func splitMessages(lines []string) (messages, rest []string) {
	for i, l := range lines {
		if strings.HasPrefix(l, "error:") || strings.HasPrefix(l, `"is `) {
			return messages, lines[i:]
		}
		for _, p := range []string{"trace: ", "evaluation warning: ", "warning: "} {
			if strings.HasPrefix(l, p) {
				messages = append(messages, firstLine(l))
			}
		}
	}
	return messages, nil
}

// readError finds the message below its trace. The "error:" above a trace stands
// alone; so does that of a message whose first line is empty.
func readError(lines []string) string {
	for _, l := range slices.Backward(lines) {
		msg, ok := strings.CutPrefix(strings.TrimLeft(l, " "), "error:")
		if ok && (msg != "" || l[0] == ' ') {
			return cmp.Or(firstLine(msg), noMessage)
		}
	}
	if len(lines) > 0 && lines[0] == "error:" {
		return noMessage
	}
	return "(unreadable) " + strings.Join(lines, " | ")
}

// form is a way to print values.
type form int

const (
	formStrict form = iota
	formJSON
	formXML
	formLazy
	formNone
)

func (f form) args() []string {
	switch f {
	case formJSON:
		return []string{"--eval", "--strict", "--json"}
	case formXML:
		return []string{"--eval", "--strict", "--xml", "--no-location"}
	case formLazy:
		return []string{"--eval"}
	}
	return []string{"--eval", "--strict"}
}

// print has nix-instantiate print the values of programs. It stops at an error;
// the programs behind that one are given to another process. So those that are
// expected to fail as JSON are converted in one process by the builtin instead.
func (n oracle) print(ctx context.Context, programs []int, f form, failing map[int]bool) (map[int]answer, error) {
	answers := map[int]answer{}
	if f == formJSON {
		var queries []string
		var asked []int
		for _, i := range programs {
			if failing[i] {
				queries = append(queries, fmt.Sprintf("json %q", number(i)))
				asked = append(asked, i)
			}
		}
		said, err := n.ask(ctx, []string{fmt.Sprintf("json = name: \"is \" + builtins.toJSON (import (%s/. + \"/${name}.nix\"))", n.dir)}, queries)
		if err != nil {
			return nil, err
		}
		for k, a := range said {
			a.messages = nil
			answers[asked[k]] = a
		}
		programs = slices.DeleteFunc(slices.Clone(programs), func(i int) bool { return failing[i] })
	}
	for len(programs) > 0 {
		args := append([]string{"nix-instantiate", "--store", n.store, "--read-write-mode"}, f.args()...)
		for _, i := range programs {
			args = append(args, filepath.Join(n.dir, number(i)+".nix"), filepath.Join(n.dir, "marker.nix"))
		}
		cmd := n.command(ctx, args...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
			return nil, fmt.Errorf("nix-instantiate: %w", err)
		}
		texts := f.split(stdout.String())
		if len(texts) > len(programs) {
			return nil, fmt.Errorf("nix-instantiate printed %d values for %d programs", len(texts), len(programs))
		}
		for k, t := range texts {
			answers[programs[k]] = answer{value: t}
		}
		programs = programs[len(texts):]
		if err == nil && len(programs) > 0 {
			return nil, fmt.Errorf("nix-instantiate left %d programs out", len(programs))
		}
		if err != nil && len(programs) > 0 {
			answers[programs[0]] = answer{err: readError(strings.Split(stderr.String(), "\n"))}
			programs = programs[1:]
		}
	}
	return answers, nil
}

// split takes the values in an output apart. What follows the last marker is
// the beginning of a value that ended in an error.
func (f form) split(out string) []string {
	marker := "\"this ends a value\"\n"
	if f == formXML {
		marker = "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n  <string value=\"this ends a value\" />\n</expr>\n"
	}
	texts := strings.Split(out, marker)
	texts = texts[:len(texts)-1]
	if f != formXML {
		for i, t := range texts {
			texts[i] = strings.TrimSuffix(t, "\n")
		}
	}
	return texts
}
