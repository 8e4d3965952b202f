-- SPDX-License-Identifier: Apache-2.0
--
-- A sale is one row: the hold that is sold is the order. What changes with each event of a
-- stock stands in a narrow row of its own, so that a million stocks fit into memory and into
-- little WAL; what is said of a stock once stands beside it.

-- +goose Up
drop view stampede.stocks, stampede.sales;

create table stampede.balance (
    stock_id   bigint primary key,
    applied_at bigint not null,
    changed_ms bigint not null,
    fence      bigint not null check (fence >= 0),
    units      bigint not null check (units >= 0),
    held       bigint not null check (held >= 0),
    sold       bigint not null check (sold >= 0),
    constraint never_more_than_there_is check (held + sold <= units)
) with (fillfactor = 70);
insert into stampede.balance
select stock_id, applied_at, changed_ms, fence, units, held, sold from stampede.stock;

alter table stampede.stock drop applied_at, drop changed_ms, drop fence, drop units, drop free,
    drop held, drop sold;
alter table stampede.stock reset (fillfactor);

drop table stampede.orders;
create view stampede.orders as
select stock_id, fence, hold_id, buyer, units, ended_ms as sold_ms
from stampede.hold where state = 'sold';

create view stampede.sales as
select s.stock_id, s.db, encode(s.key, 'escape') as key, encode(o.hold_id, 'escape') as hold_id,
       encode(o.buyer, 'escape') as buyer, o.units, o.fence,
       to_timestamp(o.sold_ms / 1000.0) as sold_at
from stampede.orders o join stampede.stock s using (stock_id);

create view stampede.stocks as
select stock_id, s.db, encode(s.key, 'escape') as key, b.units,
       b.units - b.held - b.sold as free, b.held, b.sold,
       to_timestamp(s.opened_ms / 1000.0) as opened_at,
       to_timestamp(s.closed_ms / 1000.0) as closed_at,
       to_timestamp(b.changed_ms / 1000.0) as changed_at, s.dropped_at is not null as dropped
from stampede.stock s join stampede.balance b using (stock_id);

-- +goose Down
drop view stampede.stocks, stampede.sales, stampede.orders;

create table stampede.orders (
    stock_id bigint not null,
    fence    bigint not null,
    hold_id  bytea not null,
    buyer    bytea not null,
    units    bigint not null check (units > 0),
    sold_ms  bigint not null,
    primary key (stock_id, fence)
);
insert into stampede.orders
select stock_id, fence, hold_id, buyer, units, ended_ms from stampede.hold where state = 'sold';

alter table stampede.stock
    add applied_at bigint not null default 0,
    add changed_ms bigint not null default 0,
    add fence      bigint not null default 0 check (fence >= 0),
    add units      bigint not null default 0 check (units >= 0),
    add free       bigint not null default 0 check (free >= 0),
    add held       bigint not null default 0 check (held >= 0),
    add sold       bigint not null default 0 check (sold >= 0),
    add check (units = free + held + sold);
update stampede.stock s set applied_at = b.applied_at, changed_ms = b.changed_ms,
    fence = b.fence, units = b.units, free = b.units - b.held - b.sold, held = b.held,
    sold = b.sold
from stampede.balance b where b.stock_id = s.stock_id;
alter table stampede.stock set (fillfactor = 70);
drop table stampede.balance;

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
