package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"isomorph/internal/flake"
	"isomorph/internal/nixlang/eval"
)

// AskFlakes asks for something about each of several installables. What came of
// it is remembered, unless the lock file was to be changed. form says what answer
// makes of an installable, as in [Query].
func (s *Session) AskFlakes(ctx context.Context, list []Installable, flags flake.Flags, form string, answer func(*Evaluator, Installable) (Answer, error), each func(Answer) error) error {
	q := Query{Form: form + " of flakes " + flagsKey(&flags), NoCache: changesLock(&flags), Answer: func(e *Evaluator, in Input) (Answer, error) {
		n, err := strconv.Atoi(in.Attr)
		if err != nil || n >= len(list) {
			return Answer{}, fmt.Errorf("there is no installable '%s'", in.Attr)
		}
		return answer(e, list[n])
	}}
	for n, i := range list {
		outputs, err := json.Marshal(i.Outputs)
		if err != nil {
			return err
		}
		q.Inputs = append(q.Inputs, Input{Source: Source{Text: i.String() + "^" + string(outputs)}, Dir: s.cfg.Eval.Dir, Attr: strconv.Itoa(n)})
	}
	q.Prepare = func(e *Evaluator) {
		_ = e.Do(func(c *eval.Ctx) { e.callFlake(c, list[0].Ref, flags) }) // an error is kept for the answer
	}
	show := s.showEvaluation([]Input{{Source: Source{File: list[0].String()}}})
	q.Evaluating = show.watch
	remembered, err := s.Ask(ctx, q, each)
	show.end(remembered, err)
	return err
}

// InstantiateFlakes evaluates installables to derivations and makes those valid.
func (s *Session) InstantiateFlakes(ctx context.Context, list []Installable, flags flake.Flags) (found []Found, err error) {
	answer := func(e *Evaluator, i Installable) (Answer, error) { return e.answerFlake(i, flags) }
	err = s.AskFlakes(ctx, list, flags, FormDerivations, answer, func(a Answer) error {
		more, err := withOrigins(a)
		found = append(found, more...)
		return err
	})
	return found, err
}

// answerFlake answers what an installable stands for. Where the derivations come
// from is the text of the answer, so that it is remembered with it.
func (e *Evaluator) answerFlake(i Installable, flags flake.Flags) (a Answer, err error) {
	err = e.Do(func(c *eval.Ctx) { a.Found = e.installableOutputs(c, i, e.Output(c, i, flags)) })
	if err != nil {
		return a, err
	}
	origins := make([]*Origin, len(a.Found))
	for n, f := range a.Found {
		origins[n] = f.Origin
	}
	text, err := json.Marshal(origins)
	a.Text = string(text)
	return a, err
}

// withOrigins returns the derivations of an answer with where they come from.
func withOrigins(a Answer) ([]Found, error) {
	var origins []*Origin
	if err := json.Unmarshal([]byte(a.Text), &origins); err != nil || len(origins) != len(a.Found) {
		return nil, fmt.Errorf("the evaluation cache holds an answer that is none; --refresh evaluates again: %w", err)
	}
	for n := range a.Found {
		a.Found[n].Origin = origins[n]
	}
	return a.Found, nil
}

// changesLock tells whether flags ask for a lock file to be made anew or put
// elsewhere, which a remembered answer would not do.
func changesLock(f *flake.Flags) bool {
	return f.Recreate || f.Commit || f.OutputFile != "" || len(f.Updates) > 0
}

// flagsKey is a text in which all flags are that an evaluation can depend on.
func flagsKey(f *flake.Flags) string {
	overrides := map[string]string{}
	for key, ref := range f.Overrides {
		overrides[key] = ref.String()
	}
	return fmt.Sprintf("update=%t write=%t fail=%t registries=%t locked=%t config=%t reference=%q overrides=%q",
		!f.NoUpdate, !f.NoWrite, f.FailUnlocked, !f.NoRegistries, f.LockedOnly, f.ApplyConfig, f.ReferenceFile, overrides)
}
