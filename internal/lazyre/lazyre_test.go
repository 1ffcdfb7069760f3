package lazyre_test

import (
	"slices"
	"sync"
	"testing"

	"isomorph/internal/lazyre"
)

// TestRegexp asks from many goroutines at once, the first time included.
func TestRegexp(t *testing.T) {
	re := lazyre.New(`(?m)^([a-z]+)=(\d+)$`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !re.MatchString("x\na=1") || re.MatchString("a=b") {
				t.Error("MatchString")
			}
		})
	}
	wg.Wait()
	if got := re.FindStringSubmatch("a=1\nb=2"); !slices.Equal(got, []string{"a=1", "a", "1"}) {
		t.Errorf("got %q", got)
	}
	if got := re.FindAllStringSubmatch("a=1\nb=2", -1); len(got) != 2 || got[1][2] != "2" {
		t.Errorf("got %q", got)
	}
	if got := re.ReplaceAllString("a=1\nb=2", "$2=$1"); got != "1=a\n2=b" {
		t.Errorf("got %q", got)
	}
}

// TestLazy: a wrong pattern does no harm before somebody asks.
func TestLazy(t *testing.T) {
	re := lazyre.New("(")
	defer func() {
		if recover() == nil {
			t.Error("a wrong pattern was accepted")
		}
	}()
	re.MatchString("")
}
