package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/nar"
	"isomorph/internal/progress"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// BuildRequest asks for a recipe to be built.
type BuildRequest struct {
	Input Input
	Attrs []string // attribute paths, each a goal; none: the recipe's image, or the whole
	Name  string   // what images are called: the recipe's name

	OutDir  string // where images go, absolute
	Environ []string
	Dir     string // of the recipe, to find its revision
}

// defaultAttr is built when nobody selects anything: recipes are sets with the
// image under this name.
const defaultAttr = "iso"

// Instantiate evaluates a request to derivations and makes those valid.
func (s *Session) Instantiate(ctx context.Context, req BuildRequest) ([]Found, error) {
	if len(req.Attrs) > 0 {
		return s.InstantiateAll(ctx, req.Input.Select(req.Attrs))
	}
	return s.instantiate(ctx, Query{Inputs: []Input{req.Input}, Form: "image", Answer: func(e *Evaluator, in Input) (Answer, error) {
		attr, err := e.defaultAttr(in)
		if err != nil {
			return Answer{}, err
		}
		in.Attr = attr
		return Derivations(e, in)
	}})
}

// InstantiateAll evaluates inputs to derivations and makes those valid.
func (s *Session) InstantiateAll(ctx context.Context, inputs []Input) ([]Found, error) {
	return s.instantiate(ctx, Query{Inputs: inputs, Form: FormDerivations, Answer: Derivations})
}

// FormDerivations is the form of a query that [Derivations] answers.
const FormDerivations = "derivations"

// Derivations answers an input with the derivations that it holds.
func Derivations(e *Evaluator, in Input) (Answer, error) {
	found, err := e.Derivations(in)
	return Answer{Found: found}, err
}

func (s *Session) instantiate(ctx context.Context, q Query) ([]Found, error) {
	show := s.showEvaluation(q.Inputs)
	q.Evaluating = show.watch
	var found []Found
	remembered, err := s.Ask(ctx, q, func(a Answer) error {
		found = append(found, a.Found...)
		return nil
	})
	show.end(remembered, err)
	return found, err
}

// evaluationShow shows an evaluation at work.
type evaluationShow struct {
	s  *Session
	ev *Evaluator // nil as long as nothing is evaluated
}

const evaluationID = "evaluation"

func (s *Session) showEvaluation(inputs []Input) *evaluationShow {
	s.emit(progress.Event{Start: &progress.Start{ID: evaluationID, Kind: progress.Evaluate, Name: nameOf(inputs)}})
	return &evaluationShow{s: s}
}

// nameOf says for people what is evaluated.
func nameOf(inputs []Input) string {
	var names []string
	for _, in := range inputs {
		name := cmp.Or(in.Source.File, "expression")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func (w *evaluationShow) watch(ev *Evaluator) {
	w.ev = ev
	ev.objects.files.onRead = func(n int64) {
		if n%64 == 0 {
			w.s.emit(progress.Event{Change: &progress.Change{ID: evaluationID, Done: n}})
		}
	}
}

func (w *evaluationShow) end(remembered bool, err error) {
	switch {
	case remembered:
		w.s.emit(progress.Event{Change: &progress.Change{ID: evaluationID, Extra: "from the evaluation cache"}})
	case w.ev != nil:
		n, drvs := w.ev.objects.files.reads.Load(), w.ev.objects.countDerivations()
		w.s.emit(progress.Event{Change: &progress.Change{ID: evaluationID, Done: n, Extra: fmt.Sprintf("%d derivations", drvs)}})
	}
	w.s.emit(progress.Event{Finish: &progress.Finish{ID: evaluationID, Err: err}})
}

// Deliver puts the image of an output, if it has one, into the output
// directory; nil if it is not an image.
func (s *Session) Deliver(ctx context.Context, req BuildRequest, out Output) (*Image, error) {
	source, err := findImage(out.Real, s.PrintPath(out.Path))
	if err != nil || source == "" {
		return nil, err
	}
	name, rev := req.Name, ""
	if o := out.Origin; o != nil {
		name, rev = o.Name, o.Revision
	} else {
		rev = Revision(ctx, req.Dir, req.Environ)
	}
	if rev == "" {
		rev = out.Object().HashPart()
	}
	target := filepath.Join(req.OutDir, fmt.Sprintf("%s-%s.iso", name, rev))
	record := filepath.Join(s.stateDir(), "images", out.Path.HashPart()+".json")
	return deliverImage(ctx, source, target, record, func() (bool, error) {
		if err := s.intact(ctx, out.Path); err != nil {
			return false, err
		}
		if out.Drv == "" {
			return false, nil
		}
		return s.isNixOS(out.Drv)
	})
}

// intact makes sure that an output still is what was registered. Disks fail and
// people edit; an image with other bits must not pass for the recipe's.
func (s *Session) intact(ctx context.Context, p storepath.Path) error {
	info, err := s.reader.Info(ctx, p)
	if err != nil {
		return err
	}
	h := info.NarHash.Algorithm().New()
	if err := nar.Dump(h, s.reader.RealPath(p), nil); err != nil {
		return err
	}
	if got := h.Sum(nil); !bytes.Equal(got, info.NarHash.Bytes()) {
		return fmt.Errorf("'%s' in the store is damaged: it is not what was built. Delete it with 'isomorph store delete --ignore-liveness %[1]s' and run the command again; 'isomorph store verify --check-contents' looks for more damage", s.PrintPath(p))
	}
	return nil
}

// stateDir is where isomorph keeps records of its own beside the store's.
func (s *Session) stateDir() string {
	return filepath.Join(filepath.Dir(s.local.RealStoreDir()), "var", "isomorph")
}

// isNixOS tells whether an image is made from a NixOS system: whether one of
// the derivations that it is built from is a NixOS system's top level.
func (s *Session) isNixOS(drv storepath.Path) (bool, error) {
	seen := map[storepath.Path]bool{drv: true}
	for todo := []storepath.Path{drv}; len(todo) > 0; {
		p := todo[0]
		todo = todo[1:]
		if strings.HasPrefix(p.Name(), "nixos-system-") {
			return true, nil
		}
		d, err := s.derivation(p)
		if err != nil {
			return false, err
		}
		todo = appendInputs(todo, seen, d)
	}
	return false, nil
}

func (s *Session) derivation(p storepath.Path) (*derivation.Derivation, error) {
	b, err := os.ReadFile(s.reader.RealPath(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unobtainable(s.PrintPath(p), store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read derivation '%s': %w", s.PrintPath(p), err)
	}
	return derivation.Parse(s.reader.Dir(), strings.TrimSuffix(p.Name(), storepath.DerivationSuffix), b)
}

func appendInputs(todo []storepath.Path, seen map[storepath.Path]bool, d *derivation.Derivation) []storepath.Path {
	for _, in := range d.InputDrvs.Keys() {
		if !seen[in] {
			seen[in] = true
			todo = append(todo, in)
		}
	}
	return todo
}

// Announce is the block that tells what was made; scripts read it.
func (i *Image) Announce() string {
	kind := "LIVE"
	if i.NixOS {
		kind = "NIXOS"
	}
	return fmt.Sprintf("============ CUSTOM %s ISO INFO ============\nISO image created in %s\nIMAGE sha256sum: %s\n", kind, i.Path, i.SHA256)
}
