package storetest_test

import (
	"testing"

	"isomorph/internal/store"
	"isomorph/internal/store/storetest"
)

func TestMem(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return storetest.NewMem(t.TempDir()) })
}
