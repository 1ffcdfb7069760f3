package sandbox_test

import (
	"os"
	"testing"

	"isomorph/internal/build/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

func TestProbe(t *testing.T) {
	found, err := sandbox.Probe(t.Context(), t.TempDir(), compile(t, "helper", "amd64"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}
