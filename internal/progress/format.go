package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// formatBytes writes a size the way people say it: "812 B", "4.2 MB".
func formatBytes(n int64) string {
	const k = 1000
	switch {
	case n < k:
		return fmt.Sprintf("%d B", n)
	case n < k*k:
		return fmt.Sprintf("%.0f kB", float64(n)/k)
	case n < k*k*k:
		return fmt.Sprintf("%.1f MB", float64(n)/(k*k))
	default:
		return fmt.Sprintf("%.2f GB", float64(n)/(k*k*k))
	}
}

// formatDuration writes a time span: "0.4s", "12s", "3m07s".
func formatDuration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	default:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
}

// clip cuts a text to width columns, counting one for each rune.
func clip(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	r := []rune(s)
	return string(r[:width-1]) + "…"
}

var verbs = [...]string{Evaluate: "evaluating", Download: "downloading", Build: "building"}
var pastVerbs = [...]string{Evaluate: "evaluated", Download: "downloaded", Build: "built"}

// detail says how far an activity is.
func (a *activity) detail() string {
	var parts []string
	switch {
	case a.Kind == Evaluate && a.done > 0:
		parts = append(parts, fmt.Sprintf("%d files", a.done))
	case a.Kind != Evaluate && a.Total > 0 && a.done < a.Total:
		parts = append(parts, fmt.Sprintf("%s of %s", formatBytes(a.done), formatBytes(a.Total)))
	case a.Kind != Evaluate && a.done > 0:
		parts = append(parts, formatBytes(a.done))
	}
	if a.extra != "" {
		parts = append(parts, a.extra)
	}
	return strings.Join(parts, ", ")
}

// summary is the line of counts.
func (s *State) summary(now time.Time) string {
	var parts []string
	if n := s.plan.Downloads; n > 0 {
		text := fmt.Sprintf("%d/%d downloads", s.finished[Download], n)
		if b := s.downloaded(); b > 0 {
			text += " " + formatBytes(b)
		}
		parts = append(parts, text)
	}
	if n := s.plan.Builds; n > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d builds", s.finished[Build], n))
	}
	if s.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", s.failed))
	}
	parts = append(parts, formatDuration(now.Sub(s.began)))
	return strings.Join(parts, " · ")
}
