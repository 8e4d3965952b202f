// SPDX-License-Identifier: Apache-2.0

// connect-redis: the sessions of an express shop, through its store and through a server of
// express-session's middleware.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import { nodeRedis } from './libraries.js';
import { stories } from './story.js';

const story = stories(nodeRedis);

/** A method of a store that calls back, as a promise. */
const ask = (store, method, ...args) => new Promise((resolve, reject) => {
  store[method](...args, (error, value) => (error ? reject(error) : resolve(value)));
});

const cart = (items, maxAge = 60_000) => ({
  cookie: { originalMaxAge: maxAge, expires: new Date(Date.now() + maxAge).toISOString() }, items,
});

/** What is in a session, without what the clock says. */
const items = (promise) => promise.then((found) => found && found.items);

story('a store of sessions', async (s) => {
  const store = new RedisStore({ client: s.db, prefix: 'cart:', ttl: 100 });
  await s.ask({ none: items(ask(store, 'get', 'nobody')), empty: ask(store, 'length') });
  await ask(store, 'set', 'a', cart(['shoe', 'é\u{1f45f}']));
  await ask(store, 'set', 'b', cart([]));
  await s.ask({
    a: items(ask(store, 'get', 'a')), b: items(ask(store, 'get', 'b')),
    length: ask(store, 'length'), ids: ask(store, 'ids').then((ids) => ids.sort()),
    all: ask(store, 'all').then((all) => all.map((one) => [one.id, one.items]).sort()),
  });
  const ttl = await s.db.ttl('cart:a');
  assert.ok(ttl > 0 && ttl <= 60, `a cookie of a minute is kept for ${ttl} s`);
  await ask(store, 'touch', 'a', cart(['shoe'], 600_000));
  assert.ok(await s.db.ttl('cart:a') > 60);
  await ask(store, 'set', 'old', cart(['gone'], -1000));
  await s.saw('past its time', items(ask(store, 'get', 'old')));
  await ask(store, 'destroy', 'a');
  await s.saw('destroyed', items(ask(store, 'get', 'a')));
  await s.db.set('cart:bad', 'no json');
  await s.saw('no session', ask(store, 'get', 'bad').catch((error) => error.name));
  await s.db.del('cart:bad');
  await ask(store, 'clear');
  await s.saw('cleared', s.db.dbSize());
});

story('hundreds of sessions', async (s) => {
  const store = new RedisStore({ client: s.db, scanCount: 10 });
  const ids = Array.from({ length: 500 }, (_, i) => `visitor ${i}`);
  await Promise.all(ids.map((id, i) => ask(store, 'set', id, cart([i]))));
  s.sawAll('ids', await ask(store, 'ids'));
  s.sawAll('all', (await ask(store, 'all')).map((one) => `${one.id} ${one.items}`));
  await ask(store, 'clear');
  await s.saw('left', ask(store, 'length'));
});

story('a shop with a middleware', async (s) => {
  const middleware = session({
    store: new RedisStore({ client: s.db }), secret: 'of the tests', resave: false,
    saveUninitialized: false, cookie: { maxAge: 60_000 },
  });
  const shop = createServer((request, response) => middleware(request, response, () => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.end(String(request.session.visits));
  }));
  await new Promise((resolve) => { shop.listen(0, '127.0.0.1', resolve); });
  try {
    const url = `http://127.0.0.1:${shop.address().port}/`;
    const first = await fetch(url);
    const [cookie] = first.headers.get('set-cookie').split(';');
    const visits = [await first.text()];
    for (let i = 0; i < 3; i++) {
      visits.push(await (await fetch(url, { headers: { cookie } })).text());
    }
    visits.push(await (await fetch(url, { headers: { cookie: 'connect.sid=s%3Aforged.x' } })).text());
    await s.ask({ visits, sessions: s.db.dbSize() });
  } finally {
    shop.closeAllConnections();
    await new Promise((resolve) => { shop.close(resolve); });
  }
});
