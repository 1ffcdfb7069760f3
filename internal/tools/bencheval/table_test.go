package main

import (
	"strings"
	"testing"
	"time"
)

func samples(walls ...int) side {
	var s side
	for i, w := range walls {
		s = append(s, sample{wall: time.Duration(w) * time.Millisecond, user: time.Duration(10-i) * time.Millisecond, rss: int64(w) << 20})
	}
	return s
}

func TestMedianIsOfEachFigure(t *testing.T) {
	m := samples(900, 100, 500).median()
	if m.wall != 500*time.Millisecond || m.user != 9*time.Millisecond || m.rss != 500<<20 {
		t.Errorf("median = %+v", m)
	}
}

func TestRow(t *testing.T) {
	r := result{nix: samples(1000, 2000, 4000), ours: samples(100, 500, 900)}
	if row := r.row("x"); !strings.Contains(row, "| **0.25** | 1.00 | 1.00 | 0.25 |") {
		t.Errorf("row = %s", row)
	}
}

func TestEachProgramSaysWhatItIsFor(t *testing.T) {
	list, err := programs.ReadDir("testdata/micro")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Fatalf("only %d programs", len(list))
	}
	for _, e := range list {
		text, err := programs.ReadFile("testdata/micro/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s has no comment at its head", e.Name())
		}
	}
}
