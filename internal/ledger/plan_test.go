// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"stampede/internal/journal"
	"stampede/internal/pgtest"
)

// TestPlansFollowTheTables sells from one stock and looks at the plans that are kept: holds that
// end are found by an index that has no row for those that were sold.
func TestPlansFollowTheTables(t *testing.T) {
	ctx, url := t.Context(), pgtest.Start(t).Database(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	prepare(config)
	if err := migrate(ctx, config); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(ctx, keepPlans(config))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	const position = `insert into stampede.ledger_position (journal, position, epoch, holder)
		values ('0', 0, 1, 'a test')`
	if _, err := conn.Exec(ctx, position); err != nil {
		t.Fatal(err)
	}
	f := &follower{Ledger: new(Ledger), conn: conn, epoch: 1}
	a := &account{id: 1, units: 1 << 40, changedMs: 5, fresh: true}
	for at := range journal.Position(60) {
		b := newBatch(at)
		b.to = at + 1
		for range 200 {
			a.fence++
			b.rows = append(b.rows, hold{
				account: a, fence: a.fence, id: fmt.Sprintf("order-%d", a.fence), buyer: "somebody",
				units: 1, heldMs: 1, deadlineMs: 9, state: sold, endedMs: 2,
			})
		}
		b.touch(a, birth{at: b.to})
		if err := f.write(ctx, b.seal()); err != nil {
			t.Fatal(err)
		}
	}
	plan := explained(t, conn, expireSQL, `'{1}', '{5}'`)
	if !strings.Contains(plan, "hold_deadline") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("what has expired is found by\n%s", plan)
	}
	plan = explained(t, conn, sumSQL, `'{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{1}'`)
	if !strings.Contains(plan, "balance_pkey") {
		t.Errorf("sums are found by\n%s", plan)
	}
}

// explained is the plan that a session keeps for a statement.
func explained(t *testing.T, conn *pgx.Conn, sql, args string) (plan string) {
	t.Helper()
	var name string
	err := conn.QueryRow(t.Context(), `select name from pg_prepared_statements where statement = $1`,
		sql).Scan(&name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), fmt.Sprintf(`explain execute %s(%s)`,
		pgx.Identifier{name}.Sanitize(), args), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
