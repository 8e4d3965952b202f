// SPDX-License-Identifier: Apache-2.0

// BullMQ: its queues are lists, sorted sets, hashes and streams that its scripts compute the
// names of, and its workers wait in BZPOPMIN.

import assert from 'node:assert/strict';
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import { ioredis } from './libraries.js';
import { event, stories } from './story.js';

const story = stories(ioredis, [2]); // BullMQ makes its own connections

/** What opens queues and workers of one story, and closes them. */
class Shop {
  #open = [];

  constructor({ host, port }) {
    this.connection = { host, port, maxRetriesPerRequest: null };
  }

  queue(name, options) { return this.#keep(new Queue(name, { connection: this.connection, ...options })); }
  flow() { return this.#keep(new FlowProducer({ connection: this.connection })); }

  worker(name, work, options) {
    return this.#keep(new Worker(name, work, { connection: this.connection, drainDelay: 1, ...options }));
  }

  async events(name) {
    const events = this.#keep(new QueueEvents(name, { connection: this.connection, lastEventId: '0' }));
    await events.waitUntilReady();
    return events;
  }

  #keep(one) {
    one.on('error', () => {}); // reported by what fails
    this.#open.push(one);
    return one;
  }

  async close() {
    for (const one of this.#open.reverse()) {
      await one.close();
    }
  }
}

function told(name, tell) {
  story(name, async (s) => {
    const shop = new Shop(s);
    try {
      await tell(s, shop);
    } finally {
      await shop.close();
    }
  });
}

/** Resolves when a worker has finished or failed for good so many jobs. */
function finished(worker, n) {
  return new Promise((resolve) => {
    const count = () => --n === 0 && resolve();
    worker.on('completed', count);
    worker.on('failed', (job) => job.finishedOn && count());
  });
}

told('jobs in their order', async (s, shop) => {
  const orders = shop.queue('orders');
  for (let n = 0; n < 20; n++) {
    await orders.add('pack', { order: n });
  }
  await orders.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: 'ship', data: { order: n } })));
  await s.saw('waiting', orders.getJobCounts());
  const seen = [];
  const worker = shop.worker('orders', async (job) => {
    seen.push([job.name, job.data.order, job.attemptsStarted]);
    await job.updateProgress(50);
    await job.log(`order ${job.data.order}`);
    return { packed: job.data.order };
  });
  await finished(worker, 40);
  await s.saw('done', seen);
  await s.saw('counts', orders.getJobCounts());
  const job = await orders.getJob('7');
  await s.ask({
    state: job.getState(), logs: orders.getJobLogs('7'), value: job.returnvalue,
    progress: job.progress, completed: orders.getCompletedCount(),
    some: orders.getCompleted(0, 3).then((jobs) => jobs.map((j) => j.id)),
  });
});

told('priorities, LIFO, deduplication', async (s, shop) => {
  const orders = shop.queue('orders');
  for (const priority of [3, 1, 2, 1, 0]) {
    await orders.add('p', { priority }, { priority });
  }
  await orders.add('first', {}, { lifo: true });
  for (const id of ['same', 'same']) {
    const job = await orders.add('once', {}, { deduplication: { id } });
    await s.saw('id', job.id);
  }
  await s.saw('again', orders.add('named', { n: 1 }, { jobId: 'mine' }).then((job) => job.id));
  await s.saw('again', orders.add('named', { n: 2 }, { jobId: 'mine' }).then((job) => job.id));
  await s.saw('waiting', orders.getJobCounts());
  const seen = [];
  const worker = shop.worker('orders', async (job) => { seen.push([job.name, job.data]); });
  await finished(worker, 8);
  await s.saw('order', seen);
});

told('delays, retries, failures', async (s, shop) => {
  const orders = shop.queue('orders');
  const addedMs = Date.now();
  await orders.add('late', {}, { delay: 150 });
  await orders.add('at once', {});
  await orders.add('at the third', {}, { attempts: 3, backoff: { type: 'fixed', delay: 20 } });
  await orders.add('never', {}, { attempts: 2, backoff: { type: 'exponential', delay: 10 } });
  await orders.add('hopeless', {}, { attempts: 5 });
  const seen = [];
  const worker = shop.worker('orders', async (job) => {
    seen.push(`${job.name} ${job.attemptsMade}`);
    if (job.name === 'hopeless') {
      throw new UnrecoverableError('not in this life');
    }
    if (job.name === 'never' || job.name === 'at the third' && job.attemptsMade < 2) {
      throw new Error(`attempt ${job.attemptsMade}`);
    }
    return Date.now() - addedMs;
  });
  await finished(worker, 5);
  await s.saw('attempts', seen.sort());
  const [late] = await orders.getJobs(['completed']).then((jobs) => jobs.filter((j) => j.name === 'late'));
  assert.ok(late.returnvalue >= 149, `a job of 150 ms ran after ${late.returnvalue}`);
  const failed = await orders.getFailed();
  await s.saw('failed', failed.map((j) => [j.name, j.failedReason, j.attemptsMade]).sort());
  await failed.find((j) => j.name === 'never').retry();
  await finished(worker, 1);
  await s.saw('counts', orders.getJobCounts());
});

told('events', async (s, shop) => {
  const orders = shop.queue('orders');
  const events = await shop.events('orders');
  const seen = [];
  for (const name of ['added', 'waiting', 'active', 'progress', 'completed', 'failed', 'delayed']) {
    events.on(name, ({ jobId, data, returnvalue, failedReason }) => {
      seen.push([name, jobId, data, returnvalue, failedReason]);
    });
  }
  const drained = event(events, 'drained');
  const worker = shop.worker('orders', async (job) => {
    await job.updateProgress({ half: true });
    if (job.name === 'bad') {
      throw new Error('bad');
    }
    return 'good';
  }, { autorun: false });
  const good = await orders.add('good', {});
  const bad = await orders.add('bad', {});
  worker.run();
  await s.ask({ good: good.waitUntilFinished(events), bad: bad.waitUntilFinished(events) });
  await drained;
  for (const job of [good, bad]) {
    await s.saw(job.name, seen.filter(([, id]) => id === job.id));
  }
});

told('a rate limit', async (s, shop) => {
  const orders = shop.queue('orders');
  await orders.addBulk(Array.from({ length: 9 }, (_, n) => ({ name: 'mail', data: { n } })));
  const atMs = [];
  const worker = shop.worker('orders', async () => { atMs.push(Date.now()); }, {
    limiter: { max: 3, duration: 200 }, concurrency: 5,
  });
  await finished(worker, 9);
  assert.ok(atMs[8] - atMs[0] >= 390, `9 jobs at 3 in 200 ms took ${atMs[8] - atMs[0]} ms`);
  await s.saw('counts', orders.getJobCounts());
});

told('flows', async (s, shop) => {
  const flow = shop.flow();
  const tree = await flow.add({
    name: 'order', queueName: 'orders', data: { total: true },
    children: [1, 2, 3].map((price) => ({ name: 'item', queueName: 'items', data: { price } })),
  });
  const orders = shop.queue('orders');
  await s.saw('before', orders.getJobCounts());
  shop.worker('items', async (job) => job.data.price * 10);
  const worker = shop.worker('orders', async (job) => {
    const prices = Object.values(await job.getChildrenValues());
    return prices.reduce((a, b) => a + b, 0);
  });
  await finished(worker, 1);
  const order = await orders.getJob(tree.job.id);
  await s.ask({ total: order.returnvalue, state: order.getState() });
  const dependencies = await order.getDependenciesCount();
  await s.saw('children', dependencies);
});

told('what repeats', async (s, shop) => {
  const orders = shop.queue('orders');
  const seen = [];
  const worker = shop.worker('orders', async (job) => { seen.push(job.name); });
  const thrice = finished(worker, 3);
  await orders.upsertJobScheduler('report', { every: 50, limit: 3 }, { name: 'report', data: { a: 1 } });
  await thrice;
  await s.saw('runs', seen);
  await orders.upsertJobScheduler('daily', { pattern: '0 3 * * *' }, { name: 'daily' });
  const schedulers = await orders.getJobSchedulers();
  await s.saw('schedulers', schedulers.map(({ key, name, pattern }) => [key, name, pattern]));
  await s.ask({ removed: orders.removeJobScheduler('daily'), delayed: orders.getDelayedCount() });
});

told('pause, clean, drain, obliterate', async (s, shop) => {
  const orders = shop.queue('orders');
  await orders.pause();
  await orders.addBulk(Array.from({ length: 6 }, (_, n) => ({ name: 'x', data: { n } })));
  await s.ask({ paused: orders.isPaused(), counts: orders.getJobCounts() });
  const job = await orders.getJob('2');
  await job.remove();
  await s.saw('removed', orders.getJob('2').then((gone) => gone === undefined));
  const worker = shop.worker('orders', async () => {});
  await orders.resume();
  await finished(worker, 5);
  await s.saw('cleaned', orders.clean(0, 2, 'completed').then((ids) => ids.length));
  await worker.close();
  await orders.add('left', {}, { delay: 100_000 });
  await orders.add('left', {});
  await orders.drain(true);
  await s.saw('drained', orders.getJobCounts());
  await orders.obliterate({ force: true });
  await s.saw('keys', s.db.keys('*'));
});

told('many workers, each job once', async (s, shop) => {
  const jobs = 2000;
  const orders = shop.queue('orders');
  const times = Array(jobs).fill(0);
  const counted = new Promise((resolve) => {
    let left = jobs;
    for (let i = 0; i < 8; i++) {
      shop.worker('orders', async (job) => { times[job.data.n]++; }, { concurrency: 10 })
        .on('completed', () => --left === 0 && resolve());
    }
  });
  for (let n = 0; n < jobs; n += 500) {
    await orders.addBulk(Array.from({ length: 500 }, (_, i) => ({ name: 'x', data: { n: n + i } })));
  }
  await counted;
  assert.deepEqual(times, Array(jobs).fill(1));
  await s.saw('counts', orders.getJobCounts());
});
