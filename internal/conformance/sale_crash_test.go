// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"os"
	"testing"

	"stampede/internal/verify"
)

var (
	saleCrashes = flag.Int("sale-crashes", 6, "how often the server of a live sale is killed")
	saleCalls   = flag.Int("sale-calls", 1500, "answers after which it is killed, at most")
)

// TestLiveSale sells a million units of 50 products to 200 buyers at a time while the server is
// killed.
func TestLiveSale(t *testing.T) {
	if os.Getenv(EnvAddr) != "" {
		t.Skip("a server that somebody else runs is not killed")
	}
	report := verify.CheckLiveSale(t.Context(), t, liveSale(t, "always", *saleCrashes))
	t.Logf("%v", report)
	if !t.Failed() && (report.Sold == 0 || report.Released == 0 || report.Lost == 0) {
		t.Error("too little has happened")
	}
}

func liveSale(t *testing.T, fsync string, crashes int) verify.SaleOptions {
	return verify.SaleOptions{
		Binary: stampedeBinary(t), Dir: t.TempDir(), Seed: *fuzzSeed, Fsync: fsync,
		Crashes: crashes, Products: 50, Units: 1_000_000, Buyers: 200, Calls: *saleCalls,
	}
}

// TestLiveSaleFindsLoss: what a server forgets that does not wait for its disk is found.
func TestLiveSaleFindsLoss(t *testing.T) {
	if os.Getenv(EnvAddr) != "" {
		t.Skip("a server that somebody else runs is not killed")
	}
	quiet := &quietTest{T: t}
	report := verify.CheckLiveSale(t.Context(), quiet, liveSale(t, "no", 300))
	if len(quiet.failures) == 0 {
		t.Errorf("nothing was found: %v", report)
	}
	t.Log(quiet.failures)
}
