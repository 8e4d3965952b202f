// SPDX-License-Identifier: Apache-2.0

// How stories of the two client libraries open, close and empty.

import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { event } from './story.js';

export const ioredis = {
  async open({ host, port, protocol }, options) {
    const db = new Redis({ host, port, protocol, ...options });
    db.on('error', () => {}); // reported by the calls that fail
    if (!options.lazyConnect && db.status !== 'ready') {
      await event(db, 'ready');
    }
    return db;
  },
  close: (db) => db.disconnect(),
  flush: (db) => db.flushall(),
};

export const nodeRedis = {
  async open({ host, port, protocol }, { socket, ...options }) {
    const db = createClient({ socket: { host, port, ...socket }, RESP: protocol, ...options });
    db.on('error', () => {}); // reported by the calls that fail
    return await db.connect();
  },
  close: (db) => db.isOpen && db.destroy(),
  flush: (db) => db.flushAll(),
};
