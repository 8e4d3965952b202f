// SPDX-License-Identifier: Apache-2.0

// Documents as node-redis has them: client.json. redis-server has none, so these stories are
// told to ours alone and say what must be seen.

import assert from 'node:assert/strict';
import { ErrorReply } from 'redis';
import { nodeRedis } from './libraries.js';
import { stories } from './story.js';

const story = stories(nodeRedis);

const order = () => ({
  id: '1', items: [{ id: '001', name: 'Laptop', quantity: 1 }], total: 1799.99,
});

story('an order as a document', async ({ db }) => {
  assert.equal(await db.json.set('order_json:1', '$', order()), 'OK');
  assert.equal(await db.json.set('order_json:1', '$.items[0].quantity', 2), 'OK');
  assert.deepEqual(await db.json.get('order_json:1', { path: '$.total' }), [1799.99]);
  const want = order();
  want.items[0].quantity = 2;
  assert.deepEqual(await db.json.get('order_json:1'), want);
  assert.deepEqual(await db.json.get('order_json:1', { path: ['$.id', '.total'] }),
    { '$.id': ['1'], '.total': [1799.99] });
  assert.deepEqual(await db.json.numIncrBy('order_json:1', '$.total', 0.01), [1800]);
  assert.equal(await db.json.get('none'), null);
  assert.equal(await db.type('order_json:1'), 'ReJSON-RL');
});

story('conditions and several documents', async ({ db }) => {
  assert.equal(await db.json.set('d', '$', { a: 1 }, { condition: 'XX' }), null);
  assert.equal(await db.json.set('d', '$', { a: 1, b: [1, 2] }, { condition: 'NX' }), 'OK');
  assert.equal(await db.json.set('d', '$', {}, { condition: 'NX' }), null);
  assert.equal(await db.json.mSet([
    { key: 'e', path: '$', value: { a: [2] } }, { key: 'd', path: '$.x', value: 'y' },
  ]), 'OK');
  assert.deepEqual(await db.json.mGet(['d', 'none', 'e'], '$.a'), [[1], null, [[2]]]);
  assert.equal(await db.json.merge('d', '$', { a: null, c: { d: 'é' } }), 'OK');
  assert.deepEqual(await db.json.get('d'), { b: [1, 2], x: 'y', c: { d: 'é' } });
  assert.equal(await db.json.del('d', { path: '$.b' }), 1);
  assert.equal(await db.json.forget('d', { path: '$.none' }), 0);
  assert.equal(await db.json.clear('d', { path: '$.c' }), 1);
  assert.deepEqual(await db.json.get('d'), { x: 'y', c: {} });
  assert.equal(await db.json.del('d'), 1);
  assert.equal(await db.exists('d'), 0);
});

story('parts of a document', async ({ db, protocol }) => {
  await db.json.set('d', '$', {
    n: 2, f: 1.5, s: 'x', t: true, l: [1, 2, 3], o: { a: 1, b: null },
  });
  const { json } = db;
  assert.deepEqual(await json.type('d', { path: '$.*' }),
    ['integer', 'number', 'string', 'boolean', 'array', 'object']);
  assert.equal([await json.type('d')].flat()[0], 'object');
  assert.deepEqual(await json.numIncrBy('d', '$.n', 1), [3]);
  assert.deepEqual(await json.numMultBy('d', '$.f', 2), [3]);
  assert.deepEqual(await json.numIncrBy('d', '$.*', 1), [4, 4, null, null, null, null]);
  assert.deepEqual(await json.numIncrBy('d', '.n', 1), protocol === 3 ? [5] : 5);
  assert.deepEqual(await json.strAppend('d', 'yz', { path: '$.s' }), [3]);
  assert.equal(await json.strAppend('d', '!', { path: '.s' }), 4);
  assert.deepEqual(await json.strLen('d', { path: '$.*' }), [null, null, 4, null, null, null]);
  assert.deepEqual(await json.toggle('d', '$.t'), [0]);
  assert.deepEqual(await json.objKeys('d', { path: '$.o' }), [['a', 'b']]);
  assert.deepEqual(await json.objKeys('d', { path: '.o' }), ['a', 'b']);
  assert.deepEqual(await json.objLen('d', { path: '$.o' }), [2]);
  assert.deepEqual(await json.arrAppend('d', '$.l', 4, 'five', { six: 6 }), [6]);
  assert.deepEqual(await json.arrInsert('d', '$.l', 0, 0), [7]);
  assert.deepEqual(await json.arrLen('d', { path: '$.l' }), [7]);
  assert.deepEqual(await json.arrIndex('d', '$.l', 'five'), [5]);
  assert.deepEqual(await json.arrIndex('d', '$.l', 4, { range: { start: 1, stop: 4 } }), [-1]);
  assert.deepEqual(await json.arrPop('d', { path: '$.l' }), [{ six: 6 }]);
  assert.equal(await json.arrPop('d', { path: '.l', index: 0 }), 0);
  assert.deepEqual(await json.arrTrim('d', '$.l', 1, 2), [2]);
  assert.deepEqual(await json.get('d', { path: '.l' }), [2, 3]);
  assert.equal(typeof await json.debugMemory('d', { path: '.l' }), 'number');
  assert.deepEqual(await json.get('d'), {
    n: 5, f: 4, s: 'xyz!', t: false, l: [2, 3], o: { a: 1, b: null },
  });
});

story('errors', async ({ db }) => {
  const fails = (call, message) => assert.rejects(call, (error) => {
    assert.ok(error instanceof ErrorReply, String(error));
    assert.match(error.message, message);
    return true;
  });
  await db.set('s', 'text');
  await fails(db.json.get('s'), /^Existing key has wrong Redis type$/);
  await fails(db.json.set('new', '$.a', 1), /new objects must be created at the root/);
  await db.json.set('d', '$', { a: 1 });
  await fails(db.json.get('d', { path: '.none' }), /Path '\$\.none' does not exist/);
  await fails(db.json.get('d', { path: '$[' }), /invalid path: .* at offset 2/);
  await fails(db.get('d'), /^WRONGTYPE/);
  await fails(db.json.numIncrBy('none', '$.a', 1), /a key that doesn't exist/);
});

story('documents in a transaction', async ({ db }) => {
  const replies = await db.multi()
    .json.set('d', '$', { n: 1 }).json.numIncrBy('d', '$.n', 1).json.get('d', { path: '$.n' })
    .exec();
  assert.deepEqual(replies, ['OK', [2], [2]]);
});
