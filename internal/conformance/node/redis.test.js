// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { createClient, createClientPool, ErrorReply, RESP_TYPES, WatchError } from 'redis';
import { nodeRedis } from './libraries.js';
import { event, stories } from './story.js';

const story = stories(nodeRedis);

story('greeting', async (s) => {
  const db = await s.client({ name: 'teller', database: 3, clientInfoTag: 'tests' });
  assert.ok(db.isReady);
  await s.ask({
    name: db.clientGetName(), set: db.set('in', '3'), size: db.dbSize(),
    elsewhere: s.db.dbSize(), ping: db.ping(), echo: db.echo('é\0'), select: db.select(99),
  });
  const me = await db.clientInfo();
  await s.saw('me', [me.name, me.db, me.user]);
  const all = await s.db.clientList();
  assert.ok(all.some((one) => one.id === me.id && one.name === 'teller'));
  const hello = await db.hello();
  await s.saw('hello', [hello.proto, hello.mode, hello.role, hello.modules]);
  assert.match(await db.info('server'), /redis_version:7/);
});

story('passwords', async (s) => {
  await s.db.configSet('requirepass', 'of the door');
  try {
    for (const [username, password] of [
      [undefined, 'of the door'], ['default', 'of the door'], [undefined, 'wrong'],
      ['nobody', 'of the door'], [undefined, undefined],
    ]) {
      const options = { username, password, socket: { reconnectStrategy: false } };
      await s.saw(`${username} ${password}`, s.client(options).then((db) => db.set('k', 'v')));
    }
  } finally {
    await s.db.configSet('requirepass', '');
  }
});

story('replies', async (s) => {
  const { db } = s;
  await s.ask({
    set: db.set('k', 'v', { expiration: { type: 'EX', value: 100 } }), get: db.get('k'),
    none: db.get('none'), old: db.set('k', 'w', { GET: true }),
    nx: db.set('k', 'x', { condition: 'NX' }), incr: db.incr('n'),
    float: db.incrByFloat('n', 0.5), mset: db.mSet({ a: '1', b: '2' }),
    mget: db.mGet(['a', 'none', 'b']), hset: db.hSet('h', { a: 1, b: 'two' }),
    hgetall: db.hGetAll('h'), nothing: db.hGetAll('none'), hmget: db.hmGet('h', ['a', 'none']),
    hincrby: db.hIncrBy('h', 'a', 41), hincrbyfloat: db.hIncrByFloat('h', 'a', 0.5),
    fields: db.hRandFieldCountWithValues('none', 2),
    zadd: db.zAdd('z', [{ score: 1, value: 'a' }, { score: 2.5, value: 'b' },
      { score: Infinity, value: 'c' }, { score: -Infinity, value: 'd' }]),
    zscore: db.zScore('z', 'b'), infinite: db.zScore('z', 'c'), missing: db.zScore('z', 'none'),
    zmscore: db.zmScore('z', ['a', 'none']), zincrby: db.zIncrBy('z', 1e20, 'a'),
    incremented: db.zAddIncr('z', { score: 1, value: 'b' }), zrange: db.zRange('z', 0, -1),
    scores: db.zRangeWithScores('z', 0, -1), rank: db.zRank('z', 'none'),
    rev: db.zRangeWithScores('z', 'inf', '-inf', { BY: 'SCORE', REV: true,
      LIMIT: { offset: 1, count: 2 } }),
    zpopmin: db.zPopMin('z'), zpopmax: db.zPopMaxCount('z', 2), no: db.zPopMin('none'),
    zmpop: db.zmPop('z', 'MIN'), nompop: db.zmPop('none', 'MIN'),
    random: db.zRandMemberCountWithScores('none', 2), type: db.type('h'),
    expire: db.expire('h', 100), ttl: db.ttl('h'), persist: db.persist('h'),
    config: db.configGet('maxmemory-polic*'), unset: db.configGet('none'),
    encoding: db.objectEncoding('n'), lcs: db.lcsIdx('a', 'b'), lcsLen: db.lcsLen('a', 'a'),
    keys: db.commandGetKeys(['MSET', 'a', '1', 'b', '2']),
    flags: db.commandGetKeysAndFlags(['ZUNIONSTORE', 'to', '2', 'a', 'b']),
    row: db.commandInfo(['get', 'none']), list: db.commandList({
      FILTERBY: { type: 'PATTERN', value: 'zrev*' } }).then((names) => names.sort()),
    role: db.role(), swap: db.swapDb(0, 1), swapBack: db.swapDb(0, 1),
    raw: db.sendCommand(['HGETALL', 'h']), double: db.sendCommand(['ZSCORE', 'z', 'a']),
    del: db.del(['h', 'none']), exists: db.exists(['a', 'b', 'none']),
  });
  const table = await db.command();
  assert.ok(table.find((row) => row.name === 'get').arity === 2);
  assert.ok(await db.time() && await db.memoryUsage('a') > 0 && await db.commandCount() > 100);
});

story('errors', async (s) => {
  const { db } = s;
  await db.hSet('h', 'f', 'v');
  assert.ok(await db.get('h').catch((error) => error) instanceof ErrorReply);
  await s.ask({
    wrong: db.get('h'), arity: db.sendCommand(['GET']),
    unknown: db.sendCommand(['NOSUCH', 'a b']), exec: db.sendCommand(['EXEC']),
    value: db.set('k', 'v', { EX: 0 }), number: db.incr('h'),
    sub: db.sendCommand(['CLIENT', 'NOSUCH']), nan: db.zIncrBy('z', NaN, 'm'),
  });
});

story('pipelines and transactions', async (s) => {
  const { db } = s;
  const calls = [];
  for (let i = 0; i < 250; i++) {
    calls.push(db.set(`k${i}`, i), db.incr(`k${i}`), db.hSet('h', `f${i}`, i),
      db.zIncrBy('z', i, 'm'));
  }
  calls.push(db.incr('h').catch((error) => error), db.get('none'));
  await s.saw('of one tick', Promise.all(calls));
  const failing = db.multi().set('a', '1').incr('h').get('none');
  const error = await failing.exec().catch((error) => error);
  await s.saw('indexes', [error.errorIndexes, error.replies]);
  await s.ask({
    exec: db.multi().set('a', '1').hGetAll('h').zRangeWithScores('z', 0, -1).exec(),
    typed: db.multi().incr('a').zScore('z', 'm').get('none').execTyped(),
    aborted: db.multi().set('a', '2').addCommand(['NOSUCH']).exec(), kept: db.get('a'),
    pipeline: db.multi().incr('a').hGet('h', 'f1').execAsPipeline(),
    empty: db.multi().exec(),
  });
});

story('watch under contention', async (s) => {
  const rounds = 25;
  const clients = await Promise.all(Array.from({ length: 6 }, () => s.client()));
  await Promise.all(clients.map(async (db) => {
    for (let done = 0; done < rounds;) {
      await db.watch('n');
      const n = Number(await db.get('n'));
      try {
        await db.multi().set('n', n + 1).incr('rounds').exec();
        done++;
      } catch (error) {
        assert.ok(error instanceof WatchError, error);
      }
    }
  }));
  await s.ask({ n: s.db.get('n'), rounds: s.db.get('rounds') });
  await s.db.watch(['n', 'rounds']);
  await clients[0].incr('rounds');
  await s.ask({ lost: s.db.multi().set('n', '0').exec(), still: s.db.get('n') });
});

story('pool', async (s) => {
  const { host, port, protocol } = s;
  const pool = createClientPool({ socket: { host, port }, RESP: protocol }, { maximum: 4 });
  pool.on('error', () => {});
  await pool.connect();
  try {
    await s.saw('got', Promise.all(Array.from({ length: 200 }, async (_, i) => {
      await pool.set(`k${i}`, i);
      return pool.get(`k${i}`);
    })));
    await s.saw('alone', pool.execute(async (db) => {
      await db.watch('k1');
      return db.multi().incr('k1').exec();
    }));
  } finally {
    pool.destroy();
  }
});

story('scan iterators', async (s) => {
  const { db } = s;
  for (let from = 0; from < 10_000; from += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, i) => db.set(`key:${from + i}`, i)));
  }
  await db.hSet('h', Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, i])));
  await db.zAdd('z', Array.from({ length: 3000 }, (_, i) => ({ score: i / 3, value: `m${i}` })));
  for (const [what, batches, text] of [
    ['all', db.scanIterator({ COUNT: 500 }), String],
    ['some', db.scanIterator({ MATCH: 'key:1*' }), String],
    ['zsets', db.scanIterator({ TYPE: 'zset', COUNT: 1000 }), String],
    ['fields', db.hScanIterator('h', { COUNT: 100 }), (one) => `${one.field} is ${one.value}`],
    ['members', db.zScanIterator('z', { MATCH: '*1' }), (one) => `${one.value} is ${one.score}`],
  ]) {
    const found = new Set();
    for await (const batch of batches) {
      batch.map(text).forEach((one) => found.add(one));
    }
    s.sawAll(what, [...found]);
  }
});

story('bytes', async (s) => {
  const db = s.db.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const bytes = Buffer.from([...Array(256).keys(), 13, 10, 0]);
  await s.ask({
    set: db.set(bytes, bytes), get: db.get(bytes), length: db.strLen(bytes),
    hset: db.hSet('h', bytes, bytes), hget: db.hGet('h', bytes), hvals: db.hVals('h'),
    zadd: db.zAdd('z', { score: 1, value: bytes }), zrange: db.zRangeWithScores('z', 0, -1),
    keys: db.keys('*\0*'), empty: db.set('', ''), gotEmpty: db.get(''),
  });
  const large = Buffer.alloc(10 << 20, 'stampede\0\r\n');
  await db.set('large', large);
  assert.ok(large.equals(await db.get('large')));
  const [count, again] = await s.db.multi().append('large', 'x').strLen('large').exec();
  await s.saw('lengths', [count, again]);
  assert.ok(large.equals(await db.getRange('large', 0, -2)));
});

story('duplicate', async (s) => {
  const db = await s.client({ database: 1, name: 'twin' });
  await db.set('k', 'v');
  const twin = db.duplicate();
  twin.on('error', () => {});
  await twin.connect();
  try {
    await s.ask({ get: twin.get('k'), name: twin.clientGetName(), here: s.db.get('k') });
  } finally {
    twin.destroy();
  }
});

story('reconnecting', async (s) => {
  const db = await s.client({
    socket: { reconnectStrategy: () => 1 }, database: 2, name: 'again',
  });
  for (let i = 0; i < 3; i++) {
    const id = await db.clientId();
    const ready = event(db, 'ready');
    await s.saw('killed', s.db.clientKill({ filter: 'ID', id }));
    await ready;
    await s.ask({ incr: db.incr('n'), name: db.clientGetName() });
  }
});

story('timeouts', async (s) => {
  await s.db.clientPause(600_000, 'WRITE');
  try {
    const waiting = await s.client();
    const done = Promise.all([waiting.incr('n'), waiting.get('n')]);
    const given = new AbortController();
    setMaxListeners(0, given.signal);
    const calls = Array.from({ length: 100 }, (_, i) => (
      s.db.withAbortSignal(given.signal).set(`k${i}`, i).catch((error) => error.name)));
    given.abort(); // before anything was sent
    await s.saw('given up', Promise.all(calls));
    await s.saw('unpaused', s.db.clientUnpause());
    await s.saw('waited', done);
    await s.ask({ size: s.db.dbSize(), after: s.db.incr('n') });
  } finally {
    await s.db.clientUnpause();
  }
});

story('close', async (s) => {
  const db = await s.client();
  const calls = Promise.all(Array.from({ length: 100 }, (_, i) => db.set(`k${i}`, i)));
  await db.close(); // waits for the replies
  await s.saw('replies', calls);
  await s.saw('closed', db.get('k1'));
  await s.saw('size', s.db.dbSize());
});

story('publish and subscribe', async (s) => {
  const heard = await s.client();
  const got = [];
  let end;
  const ended = new Promise((resolve) => { end = resolve; });
  await heard.subscribe(['news', 'end'], (message, channel) => {
    got.push([channel, message]);
    if (message === 'end') end();
  });
  await heard.pSubscribe('n*', (message, channel) => got.push(['n*', channel, message]));
  await heard.sSubscribe('part', (message, channel) => got.push(['shard', channel, message]));
  await s.ask({
    one: s.db.publish('news', 'one'), none: s.db.publish('none', 'x'),
    nobody: s.db.publish('other', 'x'),
    multi: s.db.multi().set('k', 'v').publish('news', 'two').exec(),
    shard: s.db.sPublish('part', 'three'), counts: s.db.pubSubNumSub(['news', 'none']),
    patterns: s.db.pubSubNumPat(), shards: s.db.pubSubShardChannels(),
  });
  await s.ask({ last: s.db.publish('end', 'end') });
  await ended;
  await s.saw('messages', got.sort());
  await heard.unsubscribe('news');
  await heard.unsubscribe();
  await heard.pUnsubscribe();
  await heard.sUnsubscribe();
  await s.ask({ set: heard.set('k', 'again'), get: heard.get('k') });
});
