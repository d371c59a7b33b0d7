/** What may be called in the store's threads, what may go over, and how it comes back. */
// @threads: what may go over to a thread is what it tries.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import type { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { OperatorChanges } from '../../src/store/changes/operators.ts';
import { CHANGES, MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { READS } from '../../src/store/reads/table.ts';
import { RegistryError } from '../../src/store/registry.ts';
import { type Remote, checkCrossing, methodsOf } from '../../src/store/sql/remote.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { Callables } from '../../src/store/sqlite/callables.ts';
import { type Call, type CallParts, subjectsOf } from '../../src/store/core/calls.ts';
import { ownCallsOf } from '../../src/store/sqlite/calls.ts';
import type { ListingData } from '../../src/store/core/engine.ts';
import { knownMigrations, migrate } from '../../src/store/sqlite/migrate.ts';
import { Outgoing } from '../../src/store/sqlite/outgoing.ts';
import { ReaderWorker } from '../../src/store/sqlite/reader-work.ts';
import { valueOf } from '../../src/store/sqlite/writer.ts';
import { WriterWorker } from '../../src/store/sqlite/writer-work.ts';
import type { WriterAnswer } from '../../src/store/sqlite/writer-protocol.ts';

function fixture(answer: WriterAnswer = { kind: 'done', value: 7 }) {
  const asked: unknown[] = [];
  const parts: CallParts = {
    change: async (call) => {
      asked.push(call);
      return valueOf(answer);
    },
    read: async (call) => {
      asked.push(call);
      return [];
    },
    time: { now: () => 5 as never },
    random: (n) => randomBytes(n),
  };
  return { asked, subjects: subjectsOf(parts) };
}

test('only methods of the classes may be called', () => {
  const callables = new Callables(CHANGES);
  assert.equal(typeof callables.of({ object: 'operators', method: 'add' }), 'function');
  for (const [object, method] of [
    ['operators', 'constructor'],
    ['operators', 'toString'],
    ['operators', '__proto__'],
    ['operators', 'list'],
    ['constructor', 'add'],
    ['__proto__', 'add'],
    ['nobody', 'add'],
  ] as const)
    assert.throws(() => callables.of({ object, method }), /Nothing may be called as/, `${object}.${method}`);
});

test('no method of a subject is in two tables, and all are generators that take their ground first', () => {
  const tables: readonly Readonly<Record<string, object>>[] = [CHANGES, MAIL_CHANGES, READS];
  const names = tables.flatMap((objects) =>
    Object.entries(objects).flatMap(([subject, object]) =>
      [...methodsOf(object).keys()].map((method) => `${subject}.${method}`),
    ),
  );
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
  );
  const generator = Object.getPrototypeOf(function* () {
    yield 0;
  }) as object;
  for (const objects of tables)
    for (const [subject, object] of Object.entries(objects))
      for (const name of methodsOf(object).keys()) {
        const method = (Object.getPrototypeOf(object) as Record<string, (...args: never[]) => unknown>)[name]!;
        assert.ok(Object.getPrototypeOf(method) === generator, `${subject}.${name} is not a generator`);
      }
});

test('a change goes to the writer with its time and salt, a read to the reader; awaiting a subject calls nothing', async () => {
  const { subjects, asked } = fixture();
  assert.equal(await subjects.operators.end('op', { name: 'test' }), 7);
  await subjects.operators.list();
  const { salt, ...work } = asked[0] as Call & { salt: Uint8Array };
  assert.equal(salt.length, 32);
  assert.deepEqual(work, {
    object: 'operators',
    method: 'end',
    args: ['op', { name: 'test' }],
    at: 5,
  });
  assert.deepEqual(asked[1], { object: 'operators', method: 'list', args: [], at: 5 });
  assert.equal(await Promise.resolve(subjects.operators), subjects.operators);
  assert.equal(asked.length, 2);
});

test('the writer’s own objects are called without a time and a salt, and a piece of a body gives its memory away', async () => {
  const asked: unknown[] = [];
  const own = ownCallsOf({
    call: async (work, transfer) => {
      asked.push([work, transfer]);
      return 3;
    },
  });
  assert.equal(await own.trail.erasePersonal([1, 2], null), 3);
  const sealed = new Uint8Array(9);
  const chunk = { id: 1n, n: 0, sealed, tag: new Uint8Array(16), day: '2026-11-25', at: 1, account: 1 };
  await own.mail.chunk(chunk);
  assert.deepEqual(asked[0], [{ object: 'trail', method: 'erasePersonal', args: [[1, 2], null] }, undefined]);
  assert.deepEqual(asked[1], [{ object: 'mail', method: 'chunk', args: [chunk] }, sealed]);
});

test('a refusal keeps its class, kind and text; a fault says that nothing was changed', async () => {
  const remove = (answer: WriterAnswer) => fixture(answer).subjects.operators.end('op', { name: 'test' });
  await assert.rejects(
    remove({ kind: 'refused', error: 'ended', message: 'it is over' }),
    (error: unknown) => error instanceof RegistryError && error.kind === 'ended' && error.message === 'it is over',
  );
  await assert.rejects(remove({ kind: 'error', message: 'no such table' }), /nothing was changed: no such table/);
  await assert.rejects(remove({ kind: 'full' }), /disk of the store is full/);
});

test('what would not arrive as it was given is refused before it goes', async () => {
  const { subjects, asked } = fixture();
  const given = [
    () => 1,
    { name: 'x', reason: Symbol('x') },
    new Map(),
    new URL('https://mail.test'),
    [[new Error('x')]],
  ];
  for (const one of given) await assert.rejects(subjects.operators.end('op', one as never), TypeError);
  let deep: unknown = 1;
  for (let n = 0; n < 20; n += 1) deep = [deep];
  assert.throws(() => checkCrossing(deep), /more than 12 deep/);
  assert.equal(asked.length, 0);
  checkCrossing([1, 'a', 2n, null, undefined, new Date(0), Buffer.from('x'), { a: [{ b: true }] }]);
});

interface Sample {
  fine(context: object, n: bigint, list: readonly { readonly a?: string }[]): Change<Uint8Array | undefined>;
  givesFunction(context: object): Change<() => void>;
  takesInstance(context: object, map: ReadonlyMap<string, string>): Change<void>;
}

test('the compiler refuses methods whose arguments or results cannot go over', () => {
  type IsNever<T> = [T] extends [never] ? true : false;
  const refused: readonly [IsNever<Remote<Sample>['givesFunction']>, IsNever<Remote<Sample>['takesInstance']>] = [
    true,
    true,
  ];
  const fine: IsNever<Remote<Sample>['fine']> = false;
  assert.deepEqual([refused, fine], [[true, true], false]);
  const call = (sample: Remote<Sample>): Promise<Uint8Array | undefined> => sample.fine(1n, [{ a: 'x' }]);
  assert.equal(typeof call, 'function');
});

test('a change with an effect beside its steps is found where each runs twice', (t: TestContext) => {
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  let kept = 0;
  t.mock.method(OperatorChanges.prototype, 'rule', function* () {
    yield* [];
    kept += 1;
    return [String(kept)];
  });
  const work = new WriterWorker(db, 0, { changesTwice: true });
  const call = (method: string, args: readonly unknown[]) =>
    work.apply({ object: 'operators', method, args, at: 1, salt: randomBytes(32) });
  db.exec('BEGIN');
  const actor = { name: 'test' };
  const key = { name: 'op', role: 'read', key: { fingerprint: 'f', publicKey: Buffer.from('k') } };
  assert.equal(call('add', [key, actor]).kind, 'done');
  assert.deepEqual([work.audit.head.seq, db.prepare('SELECT count(*) FROM audit').pluck().get()], [1, 1]);
  assert.equal(call('add', [key, actor]).kind, 'refused');
  assert.throws(() => call('rule', [[], actor]), /did something else when it ran again/);
});

test("the reader's own methods are called by the same rules, and a listing takes its memory along", () => {
  const db = new Database(':memory:');
  migrate(db, knownMigrations(), 0, true);
  const insert = db.prepare('INSERT INTO entry (account, uid, message, octets, uidl) VALUES (1, ?, ?, 7, ?)');
  for (const uid of [1, 2, 3]) insert.run(uid, uid, randomBytes(16));
  const work = new ReaderWorker(db, {} as KeyFolder);
  const call = (object: string, method: string, args: readonly unknown[] = [], at?: number) => {
    const out = new Outgoing();
    return { out, value: work.run({ object, method, args, ...(at === undefined ? {} : { at }) }, out) };
  };
  const { out, value } = call('listings', 'list', [1, 3, 2]);
  const { count, uids, sizes, uidls, flags } = value as ListingData;
  assert.deepEqual([count, [...uids], [...sizes]], [2, [1, 2], [7, 7]]);
  assert.deepEqual(
    out.transfer.map((buffer) => [uids, sizes, uidls, flags].findIndex((array) => array.buffer === buffer)),
    [0, 1, 2, 3],
  );
  // A read has a moment, and what is the reader's own has none.
  assert.deepEqual(call('operators', 'list', [], 5).value, []);
  for (const [object, method, at] of [
    ['operators', 'list', undefined],
    ['listings', 'list', 5],
    ['listings', 'constructor', undefined],
    ['contents', '__proto__', undefined],
    ['contents', 'chunk', undefined],
  ] as const)
    assert.throws(() => call(object, method, [], at), /Nothing may be called as/, `${object}.${method}`);
  db.close();
});
