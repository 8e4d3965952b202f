// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { Redis, ReplyError } from 'ioredis';
import { ioredis } from './libraries.js';
import { event, stories } from './story.js';

const story = stories(ioredis);

story('greeting', async (s) => {
  const db = await s.client({ connectionName: 'teller', db: 3, clientInfoTag: 'tests' });
  assert.equal(db.status, 'ready'); // INFO was asked and understood
  await s.ask({
    name: db.client('GETNAME'), set: db.set('in', '3'), size: db.dbsize(),
    elsewhere: s.db.dbsize(), ping: db.ping(), said: db.ping('a'), echo: db.echo('é\0'),
    select: db.select(99),
  });
  assert.match(await s.db.client('LIST'), / name=teller /);
  assert.match(await db.info('server'), /redis_version:7/);
});

story('passwords', async (s) => {
  await s.db.config('SET', 'requirepass', 'of the door');
  try {
    for (const [username, password] of [
      [undefined, 'of the door'], ['default', 'of the door'], [undefined, 'wrong'],
      ['nobody', 'of the door'], [undefined, undefined],
    ]) {
      const db = await s.client({
        username, password, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0,
      });
      let reason;
      db.on('error', (error) => { reason ??= error.message; });
      const done = await db.connect().then(() => db.set('k', 'v')).catch(() => 'failed');
      await s.saw(`${username} ${password}`, [done, reason]);
    }
  } finally {
    await s.db.config('SET', 'requirepass', '');
  }
});

story('replies', async (s) => {
  const { db } = s;
  await s.ask({
    set: db.set('k', 'v', 'EX', 100), get: db.get('k'), none: db.get('none'),
    old: db.set('k', 'w', 'GET'), nx: db.set('k', 'x', 'NX'), incr: db.incr('n'),
    float: db.incrbyfloat('n', 0.5), mset: db.mset({ a: 1, b: 2 }), mget: db.mget('a', 'none', 'b'),
    hset: db.hset('h', { a: 1, b: 'two' }), map: db.hset('h', new Map([['c', 3]])),
    hgetall: db.hgetall('h'), nothing: db.hgetall('none'), hmget: db.hmget('h', 'a', 'none'),
    hincrby: db.hincrby('h', 'a', 41), hincrbyfloat: db.hincrbyfloat('h', 'a', 0.5),
    zadd: db.zadd('z', 1, 'a', 2.5, 'b', 'inf', 'c', '-inf', 'd'), zscore: db.zscore('z', 'b'),
    infinite: db.zscore('z', 'c'), zmscore: db.zmscore('z', 'a', 'none'),
    incremented: db.zadd('z', 'INCR', 1, 'a'), zincrby: db.zincrby('z', 1e20, 'a'),
    zrange: db.zrange('z', 0, -1), scores: db.zrange('z', 0, -1, 'WITHSCORES'),
    revrange: db.zrevrange('z', 0, 1, 'WITHSCORES'), rank: db.zrank('z', 'none'),
    byscore: db.zrangebyscore('z', '-inf', '(10', 'WITHSCORES', 'LIMIT', 0, 2),
    zpopmin: db.zpopmin('z'), zpopmax: db.zpopmax('z', 2), zmpop: db.zmpop(1, 'z', 'MIN'),
    zunion: db.zunion(2, 'z', 'none', 'WITHSCORES'), type: db.type('h'),
    expire: db.expire('h', 100), ttl: db.ttl('h'), persist: db.persist('h'),
    config: db.config('GET', 'maxmemory-polic*'), no: db.config('GET', 'none'),
    encoding: db.object('ENCODING', 'n'), lcs: db.lcs('a', 'b', 'IDX'),
    keys: db.command('GETKEYS', 'mset', 'a', 1, 'b', 2), row: db.command('INFO', 'get'),
    role: db.role(), slow: db.slowlog('RESET'), call: db.call('HGETALL', 'h'),
    del: db.del('h', 'none'), exists: db.exists('a', 'b', 'none'),
  });
  const docs = await db.call('COMMAND', 'DOCS', 'get');
  assert.equal(s.protocol === 3 ? docs.length ?? Object.keys(docs).length : docs.length, 2);
});

story('replies as RESP3 has them', async (s) => {
  if (s.protocol === 2) {
    return;
  }
  const db = await s.client({ replyMapping: 'resp3' });
  await s.ask({
    hset: db.hset('h', 'a', 1), hgetall: db.hgetall('h'), zadd: db.zadd('z', 1.5, 'a', 2, 'b'),
    zscore: db.zscore('z', 'a'), scores: db.zrange('z', 0, -1, 'WITHSCORES'),
    zpopmax: db.zpopmax('z'), random: db.zrandmember('z', 1, 'WITHSCORES'),
    config: db.config('GET', 'maxmemory-polic*'), none: db.get('none'),
    table: db.command('INFO', 'get'), exec: db.multi().hgetall('h').zscore('z', 'a').exec(),
  });
});

story('errors', async (s) => {
  const { db } = s;
  await db.hset('h', 'f', 'v');
  const wrong = await db.get('h').catch((error) => error);
  assert.ok(wrong instanceof ReplyError);
  assert.equal(wrong.command.name, 'get');
  await s.ask({
    wrong: db.get('h'), arity: db.call('GET'), unknown: db.call('NOSUCH', 'a b'),
    value: db.set('k', 'v', 'EX', 0), number: db.incrby('k', 'x'), exec: db.call('EXEC'),
    sub: db.client('NOSUCH'), nan: db.zadd('z', 'nan', 'm'),
  });
});

story('pipelines and transactions', async (s) => {
  const { db } = s;
  const pipeline = db.pipeline();
  for (let i = 0; i < 250; i++) {
    pipeline.set(`k${i}`, i).incr(`k${i}`).hset('h', `f${i}`, i).zincrby('z', i, 'm');
  }
  pipeline.incr('h').get('none');
  await s.saw('pipeline', pipeline.exec());
  await s.ask({
    exec: db.multi().set('a', 1).hgetall('h').incr('h').zrange('z', 0, -1, 'WITHSCORES').exec(),
    aborted: db.multi().set('a', 2).call('NOSUCH').exec(), kept: db.get('a'),
    inPipeline: db.pipeline([['multi'], ['incr', 'a'], ['get', 'none'], ['exec']]).exec(),
    empty: db.multi().exec(),
  });
  await db.multi({ pipeline: false });
  await s.ask({ queued: db.incr('a'), queued2: db.hget('h', 'f1'), ran: db.exec() });
  await db.multi({ pipeline: false });
  await s.ask({ queued: db.set('a', 9), discarded: db.discard(), kept: db.get('a') });
});

story('watch under contention', async (s) => {
  const rounds = 25;
  const clients = await Promise.all(Array.from({ length: 6 }, () => s.client()));
  await Promise.all(clients.map(async (db) => {
    for (let done = 0; done < rounds;) {
      await db.watch('n');
      const n = Number(await db.get('n'));
      done += await db.multi().set('n', n + 1).incr('rounds').exec() ? 1 : 0;
    }
  }));
  await s.ask({ n: s.db.get('n'), rounds: s.db.get('rounds') });
  await s.db.watch('n');
  await clients[0].incr('n');
  await s.ask({ lost: s.db.multi().set('n', 0).exec(), still: s.db.get('n') });
});

story('auto-pipelining', async (s) => {
  const db = await s.client({ enableAutoPipelining: true });
  const got = await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
    await db.set(`k${i}`, i);
    return [await db.get(`k${i}`), await db.get('none'), await db.hgetall(`h${i}`)];
  }));
  await s.saw('got', got);
  await db.set('text', 'x');
  const mixed = ['k1', 'text', 'k2'].map((key) => db.incr(key).catch((error) => error.message));
  await s.saw('mixed', Promise.all(mixed));
});

story('scan streams', async (s) => {
  const { db } = s;
  const pipeline = db.pipeline();
  for (let i = 0; i < 10_000; i++) {
    pipeline.set(`key:${i}`, i);
  }
  for (let i = 0; i < 3000; i++) {
    pipeline.hset('h', `f${i}`, i).zadd('z', i / 3, `m${i}`);
  }
  await pipeline.exec();
  for (const [what, stream, step] of [
    ['all', db.scanStream({ count: 500 }), 1],
    ['some', db.scanStream({ match: 'key:1*' }), 1],
    ['zsets', db.scanStream({ type: 'zset', count: 1000 }), 1],
    ['buffers', db.scanBufferStream({ match: 'key:99*', count: 1000 }), 1],
    ['fields', db.hscanStream('h', { count: 100 }), 2],
    ['members', db.zscanStream('z', { match: '*1', count: 100 }), 2],
  ]) {
    const found = new Set();
    for await (const batch of stream) {
      for (let i = 0; i < batch.length; i += step) {
        found.add(batch.slice(i, i + step).join(' is '));
      }
    }
    s.sawAll(what, [...found]);
  }
});

story('bytes', async (s) => {
  const { db } = s;
  const bytes = Buffer.from([...Array(256).keys(), 13, 10, 0]);
  await s.ask({
    set: db.set(bytes, bytes), get: db.getBuffer(bytes), length: db.strlen(bytes),
    hset: db.hset('h', bytes, bytes), hget: db.hgetBuffer('h', bytes),
    hgetall: db.hgetallBuffer('h').then((all) => Object.values(all)),
    zadd: db.zadd('z', 1, bytes), zrange: db.zrangeBuffer('z', 0, -1), keys: db.keysBuffer('*\0*'),
    empty: db.set('', ''), gotEmpty: db.get(''),
  });
  const large = Buffer.alloc(10 << 20, 'stampede\0\r\n');
  await db.set('large', large);
  assert.ok(large.equals(await db.getBuffer('large')));
  const [[, count], [, again]] = await db.multi()
    .append('large', 'x').getrangeBuffer('large', 0, -2).exec();
  assert.ok(large.equals(again));
  await s.saw('count', count);
});

story('keyPrefix and duplicate', async (s) => {
  const db = await s.client({ keyPrefix: 'shop:', db: 1 });
  await s.ask({
    mset: db.mset('a', 1, 'b', 2), del: db.del('a'), z: db.zadd('z1', 1, 'm'),
    store: db.zunionstore('z', 2, 'z1', 'z2'), exec: db.multi().incr('b').get('b').exec(),
    rename: db.rename('b', 'c'),
  });
  const twin = db.duplicate({ keyPrefix: '' });
  try {
    await s.ask({ get: twin.get('shop:c'), keys: twin.keys('*').then((keys) => keys.sort()) });
  } finally {
    twin.disconnect();
  }
});

story('reconnecting', async (s) => {
  const db = await s.client({ retryStrategy: () => 1, db: 2, connectionName: 'again' });
  for (let i = 0; i < 3; i++) {
    const id = await db.client('ID');
    const ready = event(db, 'ready');
    await s.saw('killed', s.db.client('KILL', 'ID', id));
    await ready;
    await s.ask({ incr: db.incr('n'), name: db.client('GETNAME') });
  }
  const unsent = Promise.all(Array.from({ length: 100 }, (_, i) => db.set(`k${i}`, i)));
  db.disconnect(true); // in the middle: what is not answered is sent again
  await s.saw('sent again', unsent);
  await s.saw('size', db.dbsize());
});

story('timeouts', async (s) => {
  await s.db.client('PAUSE', 600_000, 'WRITE');
  try {
    const db = await s.client({ commandTimeout: 20 });
    await s.saw('paused', db.set('k', 'v'));
    const waiting = await s.client();
    const done = Promise.all([waiting.incr('n'), waiting.get('n')]);
    await s.db.client('UNPAUSE');
    await s.saw('waited', done);
    await s.saw('after', s.db.incr('n'));
  } finally {
    await s.db.client('UNPAUSE');
  }
  await s.saw('quit', (await s.client()).quit());
});

story('publish and subscribe', async (s) => {
  const heard = await s.client();
  const got = [];
  const ended = new Promise((resolve) => {
    heard.on('message', (...message) => {
      got.push(message);
      if (message[1] === 'end') resolve();
    });
  });
  heard.on('pmessage', (...message) => got.push(message));
  await s.ask({
    subscribed: heard.subscribe('news', 'end'), pattern: heard.psubscribe('n*'),
  });
  await s.ask({
    one: s.db.publish('news', 'one'), none: s.db.publish('none', 'x'),
    nobody: s.db.publish('other', 'x'), multi: s.db.multi().set('k', 'v').publish('news', 'two').exec(),
    channels: s.db.pubsub('NUMSUB', 'news', 'none'), patterns: s.db.pubsub('NUMPAT'),
  });
  await s.saw('gone', heard.unsubscribe('news')); // by a connection of its own: not earlier
  await s.saw('last', s.db.publish('end', 'end'));
  await ended;
  await s.saw('messages', got.sort());
  await s.ask({ punsubscribed: heard.punsubscribe('n*'), unsubscribed: heard.unsubscribe('end') });
  await s.ask({ set: heard.set('k', 'again'), get: heard.get('k') });
});

story('events of keys', async (s) => {
  await s.db.config('SET', 'notify-keyspace-events', 'KEA');
  const heard = await s.client();
  const got = [];
  const ended = new Promise((resolve) => {
    heard.on('pmessage', (pattern, channel, message) => {
      got.push([channel, message]);
      if (channel === '__keyevent@0__:del') resolve();
    });
  });
  await heard.psubscribe('__key*__:*');
  await s.db.set('k', 'v');
  await s.db.hset('h', 'f', 1);
  await s.db.del('k');
  await ended;
  await s.saw('events', got);
  await s.db.config('SET', 'notify-keyspace-events', '');
});
