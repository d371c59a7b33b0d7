/**
 * Files that are held between the look and the press: bounded in number, octets and time, and gone
 * when they were used.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { AdminError } from '../../src/admin/error.ts';
import { HOLD, HeldImports, MAX_FILE, textOf } from '../../src/console/parts/held-imports.ts';
import type { HeldImport } from '../../src/console/parts/held-imports.ts';
import type { GivenFile } from '../../src/http/file-form.ts';
import { FakeClock } from '../support/clock.ts';

const fileOf = (...pieces: readonly (string | Buffer)[]): GivenFile => {
  const all = pieces.map((piece) => Buffer.from(piece));
  return { pieces: all, size: all.reduce((sum, { length }) => sum + length, 0) };
};
const scene = () => {
  const clock = new FakeClock();
  const imports = new HeldImports(clock, randomBytes);
  const hold = (session: string, file = fileOf('account\n')): Promise<HeldImport> =>
    imports.hold({ path: '/imports/x', session, input: {} }, file);
  return { imports, clock, hold };
};
const kind = (wanted: string) => (error: unknown) => error instanceof AdminError && error.kind === wanted;
const RIGHT = { kind: 'right', result: {} } as const;

test('a file is its session’s and its page’s, and is there for half an hour', async () => {
  const { imports, clock, hold } = scene();
  const one = await hold('els');
  one.state = RIGHT;
  assert.equal(imports.of(one.id, '/imports/x', 'els'), one);
  assert.equal(imports.of(one.id, '/imports/x', 'piet'), undefined);
  assert.equal(imports.of(one.id, '/imports/y', 'els'), undefined);
  clock.advance(HOLD - 1);
  assert.equal(imports.of(one.id, '/imports/x', 'els'), one);
  clock.advance(1);
  assert.equal(imports.of(one.id, '/imports/x', 'els'), undefined);
  assert.equal(one.file, undefined);
  assert.equal(clock.waiting, 0);
});

test('work that takes longer is there to be read, and the next file of a session takes the place of the one before', async () => {
  const { imports, clock, hold } = scene();
  const one = await hold('els');
  clock.advance(HOLD);
  assert.equal(imports.of(one.id, '/imports/x', 'els'), one, 'it is worked on');
  await assert.rejects(hold('els'), kind('conflict'));
  one.state = { kind: 'done', result: {}, letters: { made: 0, without: [] } };
  const next = await hold('els');
  assert.equal(imports.of(one.id, '/imports/x', 'els'), undefined);
  assert.equal(imports.of(next.id, '/imports/x', 'els'), next);
});

test('no more is held than there is room for, in octets and in number', async () => {
  const { clock, hold } = scene();
  const large = { pieces: [], size: MAX_FILE };
  for (const session of ['a', 'b', 'c']) (await hold(session, large)).state = RIGHT;
  await assert.rejects(hold('d', fileOf('x')), kind('unavailable'));
  clock.advance(HOLD);
  const all = await Promise.all(Array.from({ length: 16 }, (_, n) => hold(`s${n}`)));
  for (const one of all) one.state = RIGHT;
  await assert.rejects(hold('more'), kind('unavailable'));
  // One that was refused makes room.
  all[3]!.state = { kind: 'wrong', text: '', lines: [] };
  await hold('more');
});

test('the hash is of the file as operations read it, whatever it is cut into; the loop has its turns', async () => {
  const text = '\ufeffaccount,naam\nanna,Käthe\n';
  const octets = Buffer.from(text);
  const hash = createHash('sha256').update(octets).digest('hex');
  for (const at of [1, 2, 3, 20, 21]) {
    const file = fileOf(octets.subarray(0, at), octets.subarray(at));
    assert.equal((await scene().hold('els', file)).sha256, hash);
    let read = '';
    for await (const piece of textOf(file)) read += piece;
    assert.equal(read, text);
  }
  let turns = 0;
  let goesOn = true;
  const turn = (): void => {
    turns += 1;
    if (goesOn) setImmediate(turn);
  };
  turn();
  await scene().hold('els', fileOf(...Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024, 97))));
  goesOn = false;
  assert(turns >= 64, `${turns} turns for 64 pieces`);
});
