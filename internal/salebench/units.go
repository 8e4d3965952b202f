// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"fmt"
)

// unitRowsPerSecond is how many rows there are for each second of a run where they must not sell
// out.
const unitRowsPerSecond = 50_000

const (
	unitTable = `
	create table units (product bigint, id bigint, primary key (product, id));
	insert into units select p, n from generate_series(0, %d) p, generate_series(1, %d) n;
	analyze units`

	unitRowsSQL = `with free as (
			select product, id from units where product = $1 order by id limit 1
			for update skip locked),
		taken as (
			delete from units u using free where u.product = free.product and u.id = free.id
			returning u.product),
		ordered as (
			insert into orders (id, product, buyer) select $2, product, $3 from taken returning 1)
		select (select count(*) from ordered),
			(select count(*) from (select from units where product = $1 limit 1) there)`
)

// unitForms are those with a row for each unit.
func unitForms() []Form {
	return []Form{{
		Name: "unit-rows", Title: "a row a unit, skip locked", Kind: UnitRows,
		Danger: "a row for each unit: a million of them are 80 MB, and nobody sees how many are left " +
			"without counting",
		open: openUnits,
	}}
}

// unitShop sells rows of its own instead of counting one down.
type unitShop struct{ *postgresShop }

func openUnits(ctx context.Context, m *market, s shelf) (shop, error) {
	if s.products > productsAtEnd {
		return nil, &Missing{"it would be a row for each unit of each product"}
	}
	shop, err := openPostgres(ctx, m, s)
	if err != nil {
		return nil, err
	}
	shop.buy = counted(unitRowsSQL)
	rows := s.units
	if !s.few {
		rows = int64(unitRowsPerSecond*(m.Duration.Seconds()+1))/s.products + 1
	}
	shop.left = rows * s.products
	if _, err := shop.pool.Exec(ctx, `drop table if exists units`); err != nil {
		return nil, errors.Join(err, shop.close())
	}
	err = execute(ctx, shop.pool.Config().ConnString(), `set search_path = `+schemaOf(s),
		fmt.Sprintf(unitTable, s.products-1, rows))
	if err != nil {
		return nil, errors.Join(err, shop.close())
	}
	return unitShop{shop}, nil
}

func (s unitShop) client(context.Context) (client, error) {
	return postgresClient(s), nil
}

// books counts the rows that are left.
func (s unitShop) books(ctx context.Context) (books, error) {
	b := books{units: s.left, recorded: true}
	if err := s.quiet(ctx); err != nil {
		return b, err
	}
	err := s.pool.QueryRow(ctx, `select $1 - (select count(*) from units),
		(select count(*) from orders)`, s.left).Scan(&b.gone, &b.orders)
	return b, err
}
