// SPDX-License-Identifier: Apache-2.0

package conformance

// listRows: calls that wait give up after a moment, as they are written and not spoiled: a
// spoiled timeout may be none.
func listRows() []fuzzRow {
	return []fuzzRow{
		{weight: 15, form: "LPUSH qkey val..."},
		{weight: 20, form: "RPUSH qkey val..."},
		{weight: 3, form: "LPUSHX qkey val..."},
		{weight: 3, form: "RPUSHX qkey val..."},
		{weight: 7, form: "LPOP qkey [small]"},
		{weight: 7, form: "RPOP qkey [small]"},
		{weight: 4, form: "LLEN qkey"},
		{weight: 5, form: "LINDEX qkey index"},
		{weight: 7, form: "LSET qkey index val"},
		{weight: 10, form: "LINSERT qkey {BEFORE|AFTER} val val"},
		{weight: 6, form: "LRANGE qkey index index"},
		{weight: 8, form: "LREM qkey index val"},
		{weight: 3, form: "LTRIM qkey index index"},
		{weight: 6, form: "LPOS qkey val [RANK index] [COUNT small] [MAXLEN small]"},
		{weight: 6, form: "LMOVE qkey qkey {LEFT|RIGHT} {LEFT|RIGHT}"},
		{weight: 4, form: "RPOPLPUSH qkey qkey"},
		{weight: 4, form: "LMPOP qkeys {LEFT|RIGHT} [COUNT small]"},
		{weight: 2, form: "BLPOP qkey... 0.001", asIs: true},
		{weight: 2, form: "BRPOP qkey... 0.001", asIs: true},
		{weight: 2, form: "BLMOVE qkey qkey {LEFT|RIGHT} {LEFT|RIGHT} 0.001", asIs: true},
		{weight: 1, form: "BRPOPLPUSH qkey qkey 0.001", asIs: true},
		{weight: 2, form: "BLMPOP 0.001 qkeys {LEFT|RIGHT} [COUNT small]", asIs: true},
		{weight: 1, form: "BZPOPMIN zkey... 0.001", asIs: true},
		{weight: 1, form: "BZPOPMAX zkey... 0.001", asIs: true},
		{weight: 1, form: "BZMPOP 0.001 zkeys {MIN|MAX} [COUNT small]", asIs: true},
	}
}
