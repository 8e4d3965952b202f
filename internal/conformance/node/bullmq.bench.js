// SPDX-License-Identifier: Apache-2.0

// How many jobs a second BullMQ adds and works on, server by server in turns, and what
// processor time of the server a job takes. scripts/bench-queue starts the servers.
//
//   node bullmq.bench.js NAME=HOST:PORT … (the first is what the others are compared with)

import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const jobs = 40_000;
const rounds = 5;
const workers = 4;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function cpuMs(db) {
  const info = await db.info('cpu');
  const of = (field) => Number(info.match(new RegExp(`${field}:([0-9.]+)`))[1]);
  return (of('used_cpu_sys') + of('used_cpu_user')) * 1000;
}

/** Runs `work` and returns jobs a second and microseconds of the server's processor a job. */
async function measured(db, work) {
  const [cpu, startMs] = [await cpuMs(db), performance.now()];
  await work();
  const tookMs = performance.now() - startMs;
  return { perSec: jobs / tookMs * 1000, cpuUs: (await cpuMs(db) - cpu) / jobs * 1000 };
}

async function round({ host, port }) {
  const connection = { host, port, maxRetriesPerRequest: null };
  const db = new Redis(connection);
  await db.flushall();
  const queue = new Queue('orders', { connection });
  await queue.waitUntilReady();
  const adding = await measured(db, async () => {
    for (let n = 0; n < jobs; n += 500) {
      await queue.addBulk(Array.from({ length: 500 }, (_, i) => ({
        name: 'pack', data: { order: n + i, items: ['shoe', 'sock'], total: '49.90' },
        opts: { removeOnComplete: true },
      })));
    }
  });
  let open = [];
  const working = await measured(db, () => new Promise((resolve) => {
    let left = jobs;
    open = Array.from({ length: workers }, () => {
      const worker = new Worker('orders', async (job) => job.data.order, { connection, concurrency: 25 });
      return worker.on('completed', () => --left === 0 && resolve());
    });
  }));
  await Promise.all(open.map((worker) => worker.close()));
  await queue.close();
  db.disconnect();
  return { adding, working };
}

const servers = process.argv.slice(2).map((argument) => {
  const [name, host, port] = argument.split(/[=:]/);
  return { name, host, port: Number(port), seen: [] };
});
for (let n = 0; n < rounds; n++) {
  for (const server of n % 2 ? servers.toReversed() : servers) {
    server.seen.push(await round(server));
  }
}
for (const part of ['adding', 'working']) {
  const of = (server, figure) => median(server.seen.map((one) => one[part][figure]));
  for (const server of servers) {
    const ratio = median(server.seen.map((one, n) => one[part].perSec / servers[0].seen[n][part].perSec));
    console.log(`${part.padEnd(8)} ${server.name.padEnd(14)} ${of(server, 'perSec').toFixed(0).padStart(7)} jobs/s`
      + `  ratio ${ratio.toFixed(2)}  ${of(server, 'cpuUs').toFixed(0).padStart(4)} us of the server a job`);
  }
}
