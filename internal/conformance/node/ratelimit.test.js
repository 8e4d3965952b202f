// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import limits from 'rate-limiter-flexible';
import { ioredis, nodeRedis } from './libraries.js';
import { stories } from './story.js';

const { BurstyRateLimiter, RateLimiterRedis, RateLimiterRes, RateLimiterUnion } = limits;

const hourSec = 3600;

/** What a limiter decided, allowed or not. Time passes: only its size is looked at. */
async function decided(promise) {
  const result = await promise.catch((refusal) => refusal);
  if (!(result instanceof RateLimiterRes)) {
    return result;
  }
  const { consumedPoints, remainingPoints, isFirstInDuration, msBeforeNext } = result;
  assert.ok(msBeforeNext === -1 || msBeforeNext > 0 && msBeforeNext <= hourSec * 1000);
  return { consumedPoints, remainingPoints, isFirstInDuration, forever: msBeforeNext === -1 };
}

for (const [name, library, call] of [
  ['ioredis', ioredis, (db, ...args) => db.call(...args)],
  ['redis', nodeRedis, (db, ...args) => db.sendCommand(args)],
]) {
  const story = stories(library);
  const limiter = (db, options) => new RateLimiterRedis({
    storeClient: db, useRedisPackage: library === nodeRedis, duration: hourSec, ...options,
  });

  story(`${name}: what a limiter can do`, async (s) => {
    const five = limiter(s.db, { points: 5 });
    const saw = (what, promise) => s.saw(what, decided(promise));
    for (const points of [1, 2, 0, 2, 1, 1]) {
      await saw(`consume ${points}`, five.consume('customer 7', points));
    }
    assert.ok(await call(s.db, 'PTTL', 'rlflx:customer 7') > 0);
    await saw('get', five.get('customer 7'));
    await saw('get none', five.get('nobody'));
    await saw('penalty', five.penalty('customer 8', 3));
    await saw('reward', five.reward('customer 8', 2));
    await saw('block', five.block('customer 8', 60));
    assert.ok(await call(s.db, 'PTTL', 'rlflx:customer 8') <= 60_000);
    await saw('blocked', five.consume('customer 8'));
    await saw('set', five.set('customer 9', 4, 100));
    await saw('last', five.consume('customer 9'));
    await saw('too late', five.consume('customer 9'));
    await saw('delete', five.delete('customer 9'));
    await saw('delete none', five.delete('customer 9'));
    await saw('anew', five.consume('customer 9'));
  });

  story(`${name}: odd keys`, async (s) => {
    const five = limiter(s.db, { points: 5 });
    await call(s.db, 'SET', 'rlflx:without an end', '2');
    await s.saw('without an end', decided(five.consume('without an end')));
    assert.ok(await call(s.db, 'TTL', 'rlflx:without an end') > 0);
    await call(s.db, 'HSET', 'rlflx:hash', 'f', 'v');
    await s.saw('hash', decided(five.consume('hash')));
    await call(s.db, 'SET', 'rlflx:text', 'v');
    await s.saw('text', decided(five.consume('text')));
    await s.saw('bytes', decided(five.consume('é\0\r\n')));
    const endless = limiter(s.db, { points: 2, duration: 0 });
    for (let i = 0; i < 3; i++) {
      await s.saw('endless', decided(endless.consume('e')));
    }
    await call(s.db, 'SCRIPT', 'FLUSH');
    await s.saw('script sent again', decided(five.consume('bytes')));
  });

  story(`${name}: limiters of limiters`, async (s) => {
    const burst = new BurstyRateLimiter(limiter(s.db, { points: 1 }),
      limiter(s.db, { points: 2, keyPrefix: 'burst' }));
    const blocking = limiter(s.db, { points: 1, blockDuration: 600, keyPrefix: 'block' });
    const union = new RateLimiterUnion(limiter(s.db, { points: 2, keyPrefix: 'a' }),
      limiter(s.db, { points: 3, keyPrefix: 'b' }));
    for (let i = 0; i < 4; i++) {
      await s.saw('burst', decided(burst.consume('k')));
      await s.saw('blocking', decided(blocking.consume('k')));
      const both = await union.consume('k').catch((refusals) => refusals);
      for (const [prefix, result] of Object.entries(both)) {
        await s.saw(prefix, decided(Promise.resolve(result)));
      }
    }
    assert.ok(await call(s.db, 'TTL', 'block:k') <= 600);
  });

  story(`${name}: many ask at once`, async (s) => {
    const [asks, keys, points] = [400, 4, 30];
    const clients = await Promise.all(Array.from({ length: 8 }, () => s.client()));
    const limiters = clients.map((db) => limiter(db, { points }));
    const allowed = Array(keys).fill(0);
    await Promise.all(Array.from({ length: asks }, async (_, i) => {
      const result = await limiters[i % 8].consume(`k${i % keys}`).catch((refusal) => refusal);
      assert.ok(result instanceof RateLimiterRes, result);
      allowed[i % keys] += result.consumedPoints <= points ? 1 : 0;
    }));
    assert.deepEqual(allowed, Array(keys).fill(points));
    await s.saw('total', decided(limiters[0].get('k1')));
  });
}
