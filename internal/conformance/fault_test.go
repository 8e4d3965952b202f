// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/stock"
	"stampede/internal/verify"
)

// brokenBinary builds a server of ours whose stocks make mistakes.
func brokenBinary(t *testing.T) string {
	t.Helper()
	if os.Getenv(EnvAddr) != "" {
		t.Skip("a server that somebody else runs is not broken")
	}
	path := filepath.Join(t.TempDir(), "broken")
	build := exec.Command("go", "build", "-o", path, "./internal/conformance/broken")
	build.Dir = moduleRoot()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestHistoriesFindFaults: no order of the calls explains what buyers of a broken server see.
// In these histories no hold ends by itself and nothing is restarted, so other faults of stocks
// do not show there.
func TestHistoriesFindFaults(t *testing.T) {
	binary := brokenBinary(t)
	for _, fault := range []stock.Fault{
		stock.NoFault, stock.Oversells, stock.ChangesMind, stock.Repeats,
	} {
		t.Setenv("STAMPEDE_FAULT", fault.String())
		server, err := verify.Launch(t.Context(), binary, t.TempDir(), "--shards", "8")
		if err == nil {
			err = verify.WaitForData(server.Addr)
		}
		if err != nil {
			t.Fatal(err)
		}
		quiet := &quietTest{T: t}
		for seed := *fuzzSeed; seed < *fuzzSeed+3 && len(quiet.failures) == 0; seed++ {
			verify.CheckSales(quiet, server.Addr, saleOptions(seed))
		}
		server.Kill()
		expectFinding(t, fault, quiet.failures)
	}
}

// TestLiveSaleFindsFaults: a sale under SIGKILL finds every fault.
func TestLiveSaleFindsFaults(t *testing.T) {
	binary := brokenBinary(t)
	for _, fault := range append(stock.Faults(), stock.NoFault) {
		t.Setenv("STAMPEDE_FAULT", fault.String())
		quiet := &quietTest{T: t}
		verify.CheckLiveSale(t.Context(), quiet, verify.SaleOptions{
			Binary: binary, Dir: t.TempDir(), Seed: *fuzzSeed, Fsync: "always",
			Crashes: 4, Products: 10, Units: 4000, Buyers: 40, Calls: 1500,
		})
		expectFinding(t, fault, quiet.failures)
	}
}

// expectFinding wants that something was found if, and only if, there is a fault.
func expectFinding(t *testing.T, fault stock.Fault, found []string) {
	t.Helper()
	if (len(found) > 0) != (fault != stock.NoFault) {
		t.Errorf("%v: found %q", fault, found)
	}
	if len(found) > 0 {
		first, _, _ := strings.Cut(found[0], "\n")
		t.Logf("%v: %s", fault, fmt.Sprintf("%.200s", first))
	}
}
