package session

import (
	"encoding/json"
	"fmt"
	"os"

	"isomorph/internal/cli/classic"
	"isomorph/internal/pipeline"
)

// stats arranges for the work of an evaluation to be shown, if --stats or
// NIX_SHOW_STATS asks for it. NIX_SHOW_STATS_PATH names a file to write it to
// ("-" is standard error, as in Nix).
func (m *Maker) stats(cfg *pipeline.Config, common *classic.Common) {
	if v := m.Env.Getenv("NIX_SHOW_STATS"); !common.Stats && (v == "" || v == "0") {
		return
	}
	cfg.CPUTime = m.Env.CPUTime
	cfg.ShowStats = func(s pipeline.Stats) {
		text, err := json.MarshalIndent(s, "", "  ")
		if err == nil {
			err = m.writeStats(append(text, '\n'))
		}
		if err != nil {
			m.warn(fmt.Sprintf("the statistics were not written: %v", err))
		}
	}
}

func (m *Maker) writeStats(text []byte) error {
	file := m.Env.Getenv("NIX_SHOW_STATS_PATH")
	if file == "" || file == "-" {
		_, err := m.Env.Stderr.Write(text)
		return err
	}
	return os.WriteFile(m.abs(file), text, 0o644)
}
