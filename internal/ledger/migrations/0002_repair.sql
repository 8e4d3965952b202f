-- SPDX-License-Identifier: Apache-2.0
--
-- What stampede audit --repair needs: a number by which a running engine learns that the
-- tables were changed, and a record of all that was changed.

-- +goose Up
alter table stampede.ledger_position add repairs bigint not null default 0;

-- A row of a stock that is sold is written again and again: the next version shall find room
-- beside it.
alter table stampede.stock set (fillfactor = 70);

create table stampede.correction (
    correction_id bigint generated always as identity primary key,
    repair        bigint not null,
    position      bigint not null,
    corrected_at  timestamptz not null default now(),
    stock_id      bigint not null,
    fence         bigint, -- null: it is about the stock
    what          text not null,
    before        jsonb,
    after         jsonb
);

-- +goose Down
drop table stampede.correction;
alter table stampede.stock reset (fillfactor);
alter table stampede.ledger_position drop repairs;
