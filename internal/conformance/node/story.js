// SPDX-License-Identifier: Apache-2.0

// A story is what the clients of a library live through on one server, and what they saw
// there. It is told to redis-server and to ours, in both protocols, on servers without data,
// and what was seen must be the same. What must be so on each server the story asserts.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

// A server may be several instances that know nothing of each other; most stories use the first.
const servers = (process.env.STAMPEDE_STORY_SERVERS ?? '').split(',').filter(Boolean)
  .map((addresses) => {
    const instances = addresses.split('+').map((address) => {
      const [host, port] = address.split(':');
      return { host, port: Number(port) };
    });
    return { ...instances[0], instances };
  });

class Story {
  seen = [];
  #ends = [];

  constructor(server, protocol, library) {
    Object.assign(this, server, { protocol, library });
  }

  /** Opens one more client, ready to be used; the end of the story closes it. */
  async client(options = {}, instance = this.instances[0]) {
    const client = await this.library.open({ ...instance, protocol: this.protocol }, options);
    this.#ends.push(() => this.library.close(client));
    return client;
  }

  /** Notes a value, or the error of a promise that fails. */
  async saw(what, promise) {
    await this.ask({ [what]: promise });
  }

  /** Notes the outcome of each promise of an object, by its name. */
  async ask(calls) {
    const outcomes = await Promise.allSettled(Object.values(calls));
    Object.keys(calls).forEach((what, i) => {
      this.seen.push([what, plain(outcomes[i].value ?? outcomes[i].reason)]);
    });
  }

  /** Notes many strings as their number and a sum over them, whatever their order. */
  sawAll(what, strings) {
    const sum = createHash('sha256').update(JSON.stringify([...strings].sort()));
    this.seen.push([what, strings.length, sum.digest('hex')]);
  }

  async end() {
    for (const close of this.#ends.reverse()) {
      await close();
    }
  }
}

// plain makes values of a library comparable: of errors stays what a program tells them by.
function plain(value) {
  if (value instanceof Error) {
    return { failed: value.constructor.name, message: value.message };
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (value && Object.getPrototypeOf(value) === null) {
    return { ...value };
  }
  return value;
}

/** Waits for an event, whatever errors come before it. */
export function event(emitter, name) {
  return new Promise((resolve) => { emitter.once(name, resolve); });
}

/**
 * Says how stories of a library are told, which is one of libraries.js. Those that spoil their
 * servers come last in their file and choose one protocol.
 */
export function stories(library, protocols = [2, 3]) {
  return (name, tell) => {
    for (const protocol of protocols) {
      test(`${name} in RESP${protocol}`, async () => {
        assert.ok(servers.length > 1, 'STAMPEDE_STORY_SERVERS names no servers to compare');
        let want;
        for (const server of servers) {
          const seen = await live(new Story(server, protocol, library), tell);
          want ??= seen;
          assert.deepEqual(seen, want, `${server.port} is not like redis-server`);
        }
      });
    }
  };
}

async function live(story, tell) {
  const whole = (async () => {
    story.db = await story.client();
    await story.library.flush(story.db);
    await tell(story);
  })();
  try {
    await before(storyMsMax, whole);
  } catch (error) {
    const last = JSON.stringify(story.seen.at(-1));
    throw new Error(`on ${story.port} after ${last}: ${error.message}`, { cause: error });
  } finally {
    await story.end();
  }
  return story.seen;
}

// storyMsMax bounds a story that waits for what never comes.
const storyMsMax = 30_000;

async function before(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
