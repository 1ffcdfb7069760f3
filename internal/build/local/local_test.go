package local_test

import (
	"os"
	"testing"

	"isomorph/internal/build"
	"isomorph/internal/build/buildtest"
	"isomorph/internal/build/local"
	"isomorph/internal/build/sandbox"
	"isomorph/internal/store"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

func newBuilder(t testing.TB, s store.Store) build.Builder {
	return local.New(local.Options{
		Store: s, System: buildtest.System, Features: []string{"benchmark", "big-parallel"}, KeepDir: t.TempDir(),
	})
}

func TestSuite(t *testing.T) { buildtest.Run(t, newBuilder) }

func TestSuiteAsNobody(t *testing.T) { buildtest.AsNobody(t, "^TestSuite$") }
