//go:build failpoints

package failpoint

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Enabled tells whether this build has failpoints.
const Enabled = true

type action struct {
	do string
	at int
}

// state is what ISOMORPH_FAILPOINTS asked for, read once. This is the one
// package that keeps state and looks at the environment by itself: it exists
// in test builds only and must reach into the middle of everything.
type state struct {
	sync.Mutex
	actions map[string]action
	seen    map[string]int
}

var load = sync.OnceValue(func() *state {
	s := &state{actions: map[string]action{}, seen: map[string]int{}}
	for _, item := range strings.Split(os.Getenv("ISOMORPH_FAILPOINTS"), ",") {
		name, act, ok := strings.Cut(item, "=")
		if !ok {
			continue
		}
		act, n, _ := strings.Cut(act, ":")
		at, err := strconv.Atoi(n)
		if err != nil {
			at = 1
		}
		s.actions[name] = action{act, at}
	}
	return s
})

// ErrInjected is what Hit returns for the action "error".
var ErrInjected = errors.New("injected failure")

// Hit marks the place called name and does there what was asked for.
func Hit(name string) error {
	s := load()
	s.Lock()
	s.seen[name]++
	n, act := s.seen[name], s.actions[name]
	s.Unlock()
	if log := os.Getenv("ISOMORPH_FAILPOINT_LOG"); log != "" {
		note(log, name)
	}
	if act.do == "" || n != act.at {
		return nil
	}
	switch act.do {
	case "kill":
		syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	case "panic":
		panic("failpoint " + name)
	case "error":
		return fmt.Errorf("failpoint %s: %w", name, ErrInjected)
	}
	return nil
}

func note(file, name string) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	fmt.Fprintln(f, name)
	f.Close()
}
