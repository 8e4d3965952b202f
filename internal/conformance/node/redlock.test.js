// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import Redlock, { ExecutionError } from 'redlock';
import { ioredis } from './libraries.js';
import { event, stories } from './story.js';

const story = stories(ioredis);
const lastStory = stories(ioredis, [3]);

// lockMs is how long a lock is kept: no story lives as long.
const lockMs = 600_000;
const resources = ['stock:1', 'order {of} 2', 'customer:3'];

/** A program that locks: its lock and its clients, one of each instance. */
async function locker(s) {
  const options = { retryStrategy: null, maxRetriesPerRequest: 0 };
  const clients = await Promise.all(s.instances.map((one) => s.client(options, one)));
  const lock = new Redlock(clients, { retryCount: 0 });
  return { lock, clients };
}

/** Two lockers of servers that are empty and know the scripts: each was once sent as text. */
async function two(s) {
  const [one, other] = [await locker(s), await locker(s)];
  assert.equal(one.clients.length, 5);
  for (const db of one.clients) {
    await db.flushall();
    await db.script('FLUSH');
  }
  const lock = await one.lock.acquire(['first'], lockMs);
  await votes(lock);
  const longer = await lock.extend(lockMs);
  await votes(longer);
  await votes(await longer.release());
  return [one, other];
}

/** Waits for all instances: how many did it, and why the others did not. */
async function votes({ attempts }) {
  const all = await Promise.all(attempts);
  return all.map(({ votesFor, votesAgainst }) => (
    [votesFor.size, [...votesAgainst.values()].map((error) => error.message).sort()]));
}

/** Notes the votes on a call of the library, which may fail for want of a majority. */
async function vote(s, what, promise) {
  const outcome = await promise.catch((error) => error);
  assert.ok(!(outcome instanceof Error) || outcome instanceof ExecutionError, outcome);
  await s.saw(what, [outcome instanceof Error, await votes(outcome)]);
  return outcome;
}

/** On how many of the clients' instances each resource is held with a value. */
function held(clients, value) {
  return Promise.all(resources.map(async (key) => {
    const values = await Promise.all(clients.map((db) => db.get(key)));
    return values.filter((one) => one === value).length;
  }));
}

story('a lock of several resources', async (s) => {
  const [one, other] = await two(s);
  const lock = await vote(s, 'locked', one.lock.acquire(resources, lockMs));
  assert.deepEqual(await held(one.clients, lock.value), [5, 5, 5]);
  assert.ok(await one.clients[4].pttl(resources[2]) > lockMs / 2);

  await vote(s, 'second', other.lock.acquire(resources, lockMs));
  await vote(s, 'part', other.lock.acquire([resources[1], 'free'], lockMs));
  assert.equal(await other.clients[0].exists('free'), 0);
  await vote(s, 'by another', other.lock.release({ ...lock, value: 'not the value' }));
  assert.deepEqual(await held(one.clients, lock.value), [5, 5, 5]);

  await vote(s, 'released', lock.release());
  assert.deepEqual(await held(one.clients, null), [5, 5, 5]);
  await vote(s, 'released again', lock.release());
  await vote(s, 'after that', other.lock.acquire(resources, lockMs));
});

story('a majority', async (s) => {
  const [{ lock, clients }] = await two(s);
  await clients[1].set(resources[0], 'another');
  await clients[3].set(resources[2], 'another');
  const got = await vote(s, 'three grant', lock.acquire(resources, lockMs));
  assert.deepEqual(await held(clients, got.value), [3, 3, 3]);
  await vote(s, 'released', lock.release(got));
  await clients[4].set(resources[1], 'another');
  const failed = await vote(s, 'two grant', lock.acquire(resources, lockMs));
  assert.ok(failed instanceof ExecutionError);
  assert.deepEqual(await held(clients, null), [4, 4, 4]); // given back
});

story('extending', async (s) => {
  const [{ lock, clients }] = await two(s);
  const got = await lock.acquire(resources, lockMs);
  await votes(got);
  const soon = (db) => Promise.all(resources.map((key) => db.pexpire(key, lockMs / 2)));
  await Promise.all(clients.map(soon));
  const longer = await vote(s, 'extended', got.extend(lockMs));
  for (const db of clients) {
    assert.ok(await db.pttl(resources[1]) > lockMs / 2);
  }
  await Promise.all(clients.slice(2).map((db) => db.del(resources[2])));
  await vote(s, 'ended on three', longer.extend(lockMs));
  assert.deepEqual(await held(clients, got.value), [5, 5, 2]);
});

story('a lock that extends itself while it is used', async (s) => {
  const [{ lock, clients: [db] }] = await two(s);
  // A lock counts as ended 1 % and 2 ms early: it is extended about 8 ms after each time.
  const automaticExtensionThreshold = lockMs * 0.99 - 10;
  const settings = { automaticExtensionThreshold };
  const used = await lock.using(resources, lockMs, settings, async (signal) => {
    for (let extensions = 0; extensions < 3 && !signal.aborted;) {
      await db.pexpire(resources[0], lockMs / 2);
      extensions += await db.pttl(resources[0]) > lockMs / 2;
    }
    return signal.aborted ? 'lost' : 'kept';
  });
  assert.equal(used, 'kept');
  await s.saw('left', db.exists(resources));
});

/**
 * Uses a lock as soon as it is to be had. The library's own retries would not do: between them
 * it keeps what a minority granted, and two lockers may block each other until that ends.
 */
async function useSoon(lock, routine) {
  for (let tries = 0; tries < 2000; tries++) {
    const got = await lock.acquire(resources, lockMs).catch((error) => error);
    if (got instanceof ExecutionError) {
      await wait(Math.random() * 10);
      continue;
    }
    await routine();
    return await got.release();
  }
  throw new Error('never got the lock');
}

story('contention', async (s) => {
  await two(s);
  const rounds = 8;
  const lockers = await Promise.all(Array.from({ length: 4 }, () => locker(s)));
  await Promise.all(lockers.map(async ({ lock }) => {
    for (let i = 0; i < rounds; i++) {
      await useSoon(lock, async () => {
        const n = Number(await s.db.get('number')); // what only the lock protects
        await s.db.set('number', n + 1);
      });
    }
  }));
  assert.equal(await s.db.get('number'), String(lockers.length * rounds));
});

/** Ends the process of an instance without a word, and waits until all its clients know. */
async function kill(lockers, i) {
  const clients = lockers.map((one) => one.clients[i]);
  const [, pid] = /process_id:(\d+)/.exec(await clients[0].info('server'));
  const ended = clients.map((db) => event(db, 'end'));
  process.kill(Number(pid), 'SIGKILL');
  await Promise.all(ended);
}

lastStory('instances die', async (s) => {
  let [one, other] = await two(s);
  const lockers = [one, other];
  let lock = await vote(s, 'locked', one.lock.acquire(resources, lockMs));
  for (const i of [0, 3]) {
    await kill(lockers, i);
    lock = await vote(s, `extended without ${i}`, lock.extend(lockMs));
    await vote(s, 'second', other.lock.acquire(resources, lockMs));
    await vote(s, 'released', lock.release());
    lock = await vote(s, 'after that', other.lock.acquire(resources, lockMs));
    [one, other] = [other, one];
  }
  await kill(lockers, 4);
  const rest = [one.clients[1], one.clients[2]];
  await vote(s, 'extended by two', lock.extend(lockMs));
  assert.deepEqual(await held(rest, lock.value), [2, 2, 2]);
  await vote(s, 'released by two', lock.release());
  await vote(s, 'locked by two', one.lock.acquire(resources, lockMs));
  assert.deepEqual(await held(rest, null), [2, 2, 2]);
});
