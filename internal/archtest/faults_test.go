// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"go/ast"
	"testing"
)

// faultOption is the name of the option that makes stocks wrong, and carriers are the packages
// that may hand it on to the one that knows what it means.
const faultOption = "StockFault"

var carriers = []string{"internal/engine", "internal/keyspace"}

// TestOnlyTestsAskForFaults: no program but those of tests can make a stock wrong.
func TestOnlyTestsAskForFaults(t *testing.T) {
	for _, p := range packages(t) {
		if isFree(p.name) || contains(carriers, p.name) {
			continue
		}
		for _, f := range p.files {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				if id, is := n.(*ast.Ident); is && id.Name == faultOption && !f.test {
					t.Errorf("%s: asks for a fault", f.fset.Position(id.Pos()))
				}
				return true
			})
		}
	}
}
