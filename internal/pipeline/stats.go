package pipeline

import (
	"runtime"
	"unsafe"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/treehash"
)

// Stats is the work that an evaluation has done. As JSON it has the names that
// Nix gives to the same figures (NIX_SHOW_STATS in the Nix manual,
// EvalState::printStatistics in libexpr/eval.cc), but none for what we do not
// have: a value of ours is part of what holds it and is not allocated. Figures
// of our own stand below "isomorph".
type Stats struct {
	CPUTime float64 `json:"cpuTime"` // seconds in user mode, of the whole process
	Time    struct {
		CPU float64 `json:"cpu"`
	} `json:"time"`
	Envs                   Amount `json:"envs"` // environments, and variables in them
	List                   Lists  `json:"list"`
	Sets                   Amount `json:"sets"` // sets, and attributes in them
	Symbols                Amount `json:"symbols"`
	NrThunks               uint64 `json:"nrThunks"`
	NrLookups              uint64 `json:"nrLookups"`
	NrOpUpdates            uint64 `json:"nrOpUpdates"`
	NrOpUpdateValuesCopied uint64 `json:"nrOpUpdateValuesCopied"`
	NrFunctionCalls        uint64 `json:"nrFunctionCalls"`
	NrPrimOpCalls          uint64 `json:"nrPrimOpCalls"`
	GC                     GC     `json:"gc"`
	Isomorph               Own    `json:"isomorph"`
}

// Amount is a number of things and of what they are made of.
type Amount struct {
	Number   uint64 `json:"number"`
	Elements uint64 `json:"elements,omitempty"`
}

// Lists are the lists that literals and ++ have made.
type Lists struct {
	Elements uint64 `json:"elements"`
	Bytes    uint64 `json:"bytes"`
	Concats  uint64 `json:"concats"`
}

// GC is what the garbage collector knows.
type GC struct {
	HeapSize   uint64 `json:"heapSize"`   // bytes
	TotalBytes uint64 `json:"totalBytes"` // allocated since the start
	Cycles     uint32 `json:"cycles"`
}

// Own is what Nix does not count.
type Own struct {
	ForcedThunks  uint64 `json:"forcedThunks"`
	ReusedThunks  uint64 `json:"reusedThunks"` // not made, because one had become free
	ReusedEnvs    uint64 `json:"reusedEnvs"`
	LookupMisses  uint64 `json:"lookupMisses"` // look-ups that the hint of their place did not answer
	UpdateHits    uint64 `json:"updateHits"`   // uses of // that found their plan in a cache
	UpdateMisses  uint64 `json:"updateMisses"`
	FormalsHits   uint64 `json:"formalsHits"` // calls with named arguments, likewise
	FormalsMisses uint64 `json:"formalsMisses"`

	SourcesParsed int   `json:"sourcesParsed"` // files and strings
	FilesRead     int64 `json:"filesRead"`

	FilesListed   int64 `json:"filesListed"`   // looked at in trees that go to the store
	TreesHashed   int64 `json:"treesHashed"`   // by reading them
	BytesHashed   int64 `json:"bytesHashed"`   // of these
	TreesReused   int64 `json:"treesReused"`   // hash known from another tree of this run
	TreesRecorded int64 `json:"treesRecorded"` // hash known from an earlier run

	Derivations int  `json:"derivations"`
	Remembered  bool `json:"remembered"` // the evaluation cache had the answer
}

// Stats returns the work that has been done since the session was opened. With
// several evaluators, one after another, it is that of the last.
func (s *Session) Stats() Stats {
	if s.eval != nil {
		s.stats = s.eval.stats()
	}
	st := s.stats
	if s.hasher != nil {
		st.Isomorph.addTrees(&s.hasher.Stats)
	}
	st.Isomorph.Remembered = s.remembered
	if s.cfg.CPUTime != nil {
		st.CPUTime = s.cfg.CPUTime().Seconds()
		st.Time.CPU = st.CPUTime
	}
	st.GC = collections()
	return st
}

func collections() GC {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return GC{HeapSize: m.HeapSys, TotalBytes: m.TotalAlloc, Cycles: m.NumGC}
}

// stats returns what the evaluator has counted itself.
func (e *Evaluator) stats() Stats {
	c := &e.c.Stats
	return Stats{
		Envs:                   Amount{c.Envs, c.EnvSlots},
		List:                   Lists{Elements: c.ListElems, Bytes: c.ListElems * uint64(unsafe.Sizeof(eval.Value{})), Concats: c.Concats},
		Sets:                   Amount{c.Sets, c.SetAttrs},
		Symbols:                Amount{Number: uint64(e.State.Symbols().Len())},
		NrThunks:               c.Thunks,
		NrLookups:              c.Lookups,
		NrOpUpdates:            c.Updates,
		NrOpUpdateValuesCopied: c.UpdateCopied,
		NrFunctionCalls:        c.Calls,
		NrPrimOpCalls:          c.PrimOpCalls,
		Isomorph: Own{
			ForcedThunks: c.Forced, ReusedThunks: c.ThunksReused, ReusedEnvs: c.EnvsReused, LookupMisses: c.LookupMisses,
			UpdateHits: c.MergeHits, UpdateMisses: c.MergeMisses, FormalsHits: c.PlanHits, FormalsMisses: c.PlanMisses,
			SourcesParsed: e.State.Files().Len(), FilesRead: e.objects.files.reads.Load(), Derivations: e.objects.countDerivations(),
		},
	}
}

func (o *Own) addTrees(s *treehash.Stats) {
	o.FilesListed, o.TreesHashed, o.BytesHashed = s.Files.Load(), s.Hashed.Load(), s.Bytes.Load()
	o.TreesReused, o.TreesRecorded = s.Reused.Load(), s.Recorded.Load()
}

// showStats tells whoever wants to know, once in a session.
func (s *Session) showStats() {
	if show := s.cfg.ShowStats; show != nil {
		s.cfg.ShowStats = nil
		show(s.Stats())
	}
}
