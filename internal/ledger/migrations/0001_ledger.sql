-- SPDX-License-Identifier: Apache-2.0
--
-- What the store sold. Times are unix milliseconds; names and keys are bytes, as the store
-- takes any. The views below show both as people read them.

-- +goose Up
create type stampede.hold_state as enum ('held', 'sold', 'released', 'expired', 'dropped');

-- Up to where of which journal everything stands here, and which engine may write.
create table stampede.ledger_position (
    only_one   boolean primary key default true check (only_one),
    journal    text not null,
    position   bigint not null check (position >= 0),
    epoch      bigint not null check (epoch > 0),
    holder     text not null,
    written_at timestamptz not null default now()
);

-- A stock from STOCK.OPEN to the end of its key. The sums are those at changed_ms.
create table stampede.stock (
    stock_id   bigint primary key,
    db         smallint not null check (db >= 0),
    key        bytea not null,
    born_at    bigint not null check (born_at >= 0),
    born_line  integer not null,
    applied_at bigint not null,
    dropped_at bigint check (dropped_at >= born_at),
    opened_ms  bigint not null,
    changed_ms bigint not null check (changed_ms >= opened_ms),
    closed_ms  bigint,
    per_buyer  bigint not null,
    fence      bigint not null check (fence >= 0),
    units      bigint not null check (units >= 0),
    free       bigint not null check (free >= 0),
    held       bigint not null check (held >= 0),
    sold       bigint not null check (sold >= 0),
    check (units = free + held + sold),
    unique (born_at, born_line),
    constraint one_stock_a_key exclude using btree (db with =, sha256(key) with =)
        where (dropped_at is null) deferrable initially deferred
);

-- One row for each time that units were held; its fence is its number.
create table stampede.hold (
    stock_id    bigint not null,
    fence       bigint not null check (fence > 0),
    hold_id     bytea not null check (octet_length(hold_id) between 1 and 64),
    buyer       bytea not null check (octet_length(buyer) between 1 and 64),
    units       bigint not null check (units > 0),
    held_ms     bigint not null,
    deadline_ms bigint not null check (deadline_ms >= held_ms),
    state       stampede.hold_state not null,
    ended_ms    bigint check (ended_ms >= held_ms),
    primary key (stock_id, fence),
    check ((state = 'held') = (ended_ms is null)),
    check (state <> 'sold' or ended_ms < deadline_ms),
    check (state <> 'expired' or ended_ms = deadline_ms)
);
create unique index hold_once on stampede.hold (stock_id, hold_id) where state in ('held', 'sold');
create index hold_deadline on stampede.hold (stock_id, deadline_ms) where state = 'held';

-- One row for each hold that was sold. There are no foreign keys: they cost as much as all
-- the rest, for tables that one program writes and that stampede audit compares.
create table stampede.orders (
    stock_id bigint not null,
    fence    bigint not null,
    hold_id  bytea not null,
    buyer    bytea not null,
    units    bigint not null check (units > 0),
    sold_ms  bigint not null,
    primary key (stock_id, fence)
);

create view stampede.sales as
select s.stock_id, s.db, encode(s.key, 'escape') as key, encode(o.hold_id, 'escape') as hold_id,
       encode(o.buyer, 'escape') as buyer, o.units, o.fence,
       to_timestamp(o.sold_ms / 1000.0) as sold_at
from stampede.orders o join stampede.stock s using (stock_id);

create view stampede.stocks as
select stock_id, db, encode(key, 'escape') as key, units, free, held, sold,
       to_timestamp(opened_ms / 1000.0) as opened_at,
       to_timestamp(closed_ms / 1000.0) as closed_at,
       to_timestamp(changed_ms / 1000.0) as changed_at, dropped_at is not null as dropped
from stampede.stock;

-- +goose Down
drop view stampede.stocks, stampede.sales;
drop table stampede.orders, stampede.hold, stampede.stock, stampede.ledger_position;
drop type stampede.hold_state;
