import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openCursor, opaqueId, sealCursor } from '../../../src/api/administration/opaque.ts';
import { MAX_TARGET } from '../../../src/api/core/limits.ts';

const store = { id: 'a'.repeat(32) };
const other = { id: 'b'.repeat(32) };

test('an id tells nothing of its name, is the same each time, and another one in another store and of another kind', () => {
  const id = opaqueId(store, 'address', 'j.jansen@huisarts.example');
  assert.match(id, /^[A-Za-z0-9_-]{22}$/);
  assert.equal(id, opaqueId(store, 'address', 'j.jansen@huisarts.example'));
  assert.notEqual(id, opaqueId(other, 'address', 'j.jansen@huisarts.example'));
  assert.notEqual(id, opaqueId(store, 'password', 'j.jansen@huisarts.example'));
});

test('a cursor opens in its own store and for its own listing alone, and changed in no octet', () => {
  const after = `${'l'.repeat(64)}@${'d'.repeat(250)}.example`;
  const cursor = sealCursor(store, randomBytes, 'account.list []', after);
  assert.match(cursor, /^[A-Za-z0-9_-]{1,600}$/);
  assert(cursor.length < MAX_TARGET / 2);
  assert(!Buffer.from(cursor, 'base64url').includes('dddd'));
  assert.equal(openCursor(store, 'account.list []', cursor), after);
  assert.equal(openCursor(other, 'account.list []', cursor), undefined);
  assert.equal(openCursor(store, 'partner.list []', cursor), undefined);
  for (let n = 0; n < cursor.length - 1; n += 7) {
    const changed = `${cursor.slice(0, n)}${cursor[n] === 'A' ? 'B' : 'A'}${cursor.slice(n + 1)}`;
    assert.equal(openCursor(store, 'account.list []', changed), undefined);
  }
  for (const text of ['', 'A', 'A'.repeat(30)]) assert.equal(openCursor(store, 'account.list []', text), undefined);
});
