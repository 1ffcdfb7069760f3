package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A case is a program NAME.nix and Nix's answer NAME.answer, in which the
// directory of the programs is called placeholder.
const placeholder = "/PROGRAMS"

// keepAll makes cases of programs. The answer must not depend on where the
// programs lie, for the tests have them elsewhere.
func (o *options) keepAll(ctx context.Context, names []string) error {
	texts, err := readAll(names)
	if err != nil {
		return err
	}
	answers, err := o.ask(ctx, texts)
	if err != nil {
		return err
	}
	for i, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".nix")
		if err := o.writeCase(base, texts[i], answers[i]); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) writeCase(base, text, answer string) error {
	if err := os.MkdirAll(o.cases, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.cases, base+".nix"), []byte(text), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.cases, base+".answer"), []byte(answer), 0o644)
}

// ask returns Nix's answers in the form in which they are kept.
func (o *options) ask(ctx context.Context, texts []string) ([]string, error) {
	var kept [2][]string
	for k, dir := range []string{o.dir, o.dir + "-elsewhere"} {
		if err := prepare(dir); err != nil {
			return nil, err
		}
		if err := writePrograms(dir, texts); err != nil {
			return nil, err
		}
		answers, err := o.oracle(dir).run(ctx, len(texts))
		if err != nil {
			return nil, err
		}
		for i, a := range answers {
			kept[k] = append(kept[k], neutral(a, dir, i))
		}
	}
	for i := range texts {
		if kept[0][i] != kept[1][i] {
			return nil, fmt.Errorf("the answer depends on where the program lies:\n%s\n%s%s", texts[i], kept[0][i], kept[1][i])
		}
	}
	return kept[0], nil
}

// neutral writes an answer without the place and the number of the program.
func neutral(a answer, dir string, i int) string {
	return strings.NewReplacer(dir+"/"+number(i)+".nix", placeholder+"/program.nix", dir, placeholder).Replace(a.String())
}

// checkCases compares all kept answers with Nix and rewrites those that differ.
func (o *options) checkCases(ctx context.Context) error {
	names, err := filepath.Glob(filepath.Join(o.cases, "*.nix"))
	if err != nil {
		return err
	}
	texts, err := readAll(names)
	if err != nil {
		return err
	}
	answers, err := o.ask(ctx, texts)
	if err != nil {
		return err
	}
	changed := 0
	for i, name := range names {
		base := strings.TrimSuffix(name, ".nix")
		if old, err := os.ReadFile(base + ".answer"); err == nil && string(old) == answers[i] {
			continue
		}
		changed++
		fmt.Fprintf(o.out, "%s: now\n%s", name, answers[i])
		if err := o.writeCase(filepath.Base(base), texts[i], answers[i]); err != nil {
			return err
		}
	}
	fmt.Fprintf(o.out, "%d cases, %d rewritten\n", len(names), changed)
	return nil
}
