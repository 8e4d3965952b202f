// SPDX-License-Identifier: Apache-2.0

// Package seedtest gives tests their seed: the same one each time, so that a change is
// accepted or refused for what it does and not for its luck; another one where somebody
// asks for it, as `make hunt` does. It is for tests only.
package seedtest

import (
	"os"
	"strconv"
	"testing"
)

// Variable is the name of the environment variable that holds another seed.
const Variable = "STAMPEDE_SEED"

// Of is the seed of a test, which is told to whoever looks at its failure.
func Of(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv(Variable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s=%q is no seed: %v", Variable, text, err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("run it again with %s=%d", Variable, seed)
		}
	})
	return seed
}
