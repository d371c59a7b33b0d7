/**
 * Programs of PostgreSQL that bring nothing any more, as where the server that they are connected
 * to hangs: they are stopped, with all that they began.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, after, test } from 'node:test';
import { milliseconds, minutes } from '../../src/domain/units.ts';
import { type CopyFailed } from '../../src/store/copies.ts';
import { run } from '../../src/store/postgres/programs.ts';
import { type Standstill, StandstillWatch, stateOf } from '../../src/store/postgres/standstill.ts';
import { isRunning } from '../support/children.ts';
import { FakeClock } from '../support/clock.ts';
import { ACCESS, addressOf } from '../support/lone-postgres.ts';
import { PostgresStores } from '../support/postgres-store.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});

const folderFor = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-standstill-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Minutes go by in steps in which the watch looks. */
async function pass(clock: FakeClock, many: number, over: () => boolean = () => false): Promise<void> {
  for (const end = clock.monotonic() + minutes(many); clock.monotonic() < end && !over();) {
    await until('it looks again', () => over() || clock.waiting > 0);
    clock.advance(Math.min(30_000, end - clock.monotonic()));
  }
  await until('it has looked', () => over() || clock.waiting > 0);
}

/** Says its process and that of a child which holds on to its output, and does nothing more. */
function hanging(folder: string, name: string): string {
  const path = join(folder, name);
  const script = `#!/bin/sh
case "$1" in --version) echo "${name} (PostgreSQL) 99"; exit;; esac
case "$*" in *--create-slot*) exit;; esac
sleep 1000 &
echo "$$ $! " >&2
echo "$$ $!" >"${folder}/pids.new"; mv "${folder}/pids.new" "${folder}/pids"
wait
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

const pidsIn = (folder: string): readonly number[] =>
  readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ').map(Number);

function watched(t: TestContext, brought: Standstill['brought']) {
  const [clock, ended] = [new FakeClock(), [] as string[]];
  const parts: Standstill = { clock, server: 'db3:5432', within: minutes(5), brought };
  const watch = new StandstillWatch(parts, (why) => ended.push(why));
  t.after(() => watch.stop());
  return { clock, ended, watch };
}

test('who brings nothing and says nothing for five minutes stands still, and is told of once', async (t) => {
  const { clock, ended } = watched(t, () => Promise.resolve('as before'));
  await pass(clock, 5);
  assert.deepEqual(ended, [], 'what it had brought before the first look is no reason');
  await pass(clock, 1, () => ended.length > 0);
  assert.match(
    ended[0]!,
    /^nothing came from db3:5432 for 5 minutes, so it was stopped; see whether that server hangs/,
  );
  assert.equal(clock.waiting, 0);
});

test('who goes on bringing, or saying, does not stand still, however long it takes; nor does one that has ended', async (t) => {
  let octets = 0;
  const bringing = watched(t, () => Promise.resolve(String(octets)));
  for (; octets < 10; octets += 1) await pass(bringing.clock, 4);
  const saying = watched(t, () => Promise.reject(new Error('no such folder')));
  for (let words = 0; words < 10; words += 1) {
    await pass(saying.clock, 4);
    saying.watch.said();
  }
  saying.watch.stop();
  saying.clock.advance(minutes(60));
  assert.deepEqual([bringing.ended, saying.ended, saying.clock.waiting], [[], [], 0]);

  let looked: ((brought: string) => void) | undefined;
  const ending = watched(t, () => new Promise((resolve) => (looked = resolve)));
  ending.clock.advance(minutes(6));
  ending.watch.stop();
  looked?.('');
  await new Promise(setImmediate);
  assert.deepEqual([ending.ended, ending.clock.waiting], [[], 0], 'it ended while the watch looked');
});

test('a file that is written over in its full size is progress, and another folder’s files are none', async (t) => {
  const folder = folderFor(t);
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('0001.partial', 'ab');
  const states = new Set([await stateOf(folder, '.partial')]);
  write('index.json', 'a');
  assert.equal((states.add(await stateOf(folder, '.partial')), states.size), 1);
  await until('its time is another', async () => {
    write('0001.partial', 'cd');
    return states.add(await stateOf(folder, '.partial')).size > 1;
  });
});

test('a program that is stopped leaves no child of its own, which would keep its slot on the server and the caller waiting', async (t) => {
  const folder = folderFor(t);
  const path = hanging(folder, 'pg_basebackup');
  const late = run(path, { arguments: [], within: 50 });
  await assert.rejects(late, /failed: it had not ended after 0.05 seconds, and was stopped/);
  const clock = new FakeClock();
  const standstill = { clock, server: 'db3:5432', within: minutes(5), brought: () => Promise.resolve('') };
  let said = '';
  let failed: CopyFailed | undefined;
  const stalled = run(path, { arguments: [], within: 600_000, standstill, said: (text) => (said += text) });
  const over = stalled.catch((error: unknown) => (failed = error as CopyFailed));
  await until('it says something', () => / \d+ $/m.test(said));
  const pids = said.trim().split(' ').map(Number);
  assert.deepEqual(pids.map(isRunning), [true, true]);
  await pass(clock, 6, () => failed !== undefined);
  await over;
  assert.match(
    String(failed),
    /"[^"]*pg_basebackup" failed: nothing came from db3:5432 for 5 minutes, so it was stopped/,
  );
  assert.deepEqual(pids.map(isRunning), [false, false]);
  assert.equal(clock.waiting, 0);
});

test('a program that says something now and then is left to go on', async () => {
  const clock = new FakeClock();
  const standstill = { clock, server: 'db3:5432', within: minutes(5), brought: () => Promise.resolve('') };
  let said = '';
  async function* words(): AsyncGenerator<Uint8Array> {
    for (const word of ['one', 'two', 'three']) {
      await pass(clock, 4);
      yield Buffer.from(word);
      await until('it says the word', () => said.endsWith(word));
    }
  }
  const options = { within: 600_000, standstill, input: words(), said: (text: string) => (said += text) };
  const ended = await run('sh', { ...options, arguments: ['-c', 'cat >&2'] });
  assert.deepEqual([ended.said, clock.waiting], ['onetwothree', 0]);
});

test('log and base backup of a server that hangs end after 5 and 15 minutes, and not after hours', async (t) => {
  const stores = await PostgresStores.start({ after: (close) => closers.push(close) });
  const first = await stores.open(t);
  const { server, database } = first;
  const programs = folderFor(t);
  await server.ask('GRANT pg_read_all_stats TO sluis');
  const { store, clock } = await first.reopen({
    copying: {
      ...{ server: addressOf(server), access: { ...ACCESS, database }, name: 'sluis/gw1', log: true, programs },
      replicator: { user: 'sluis_backup' },
    },
  });
  const ends = async (name: string, limit: number, work: (folder: string) => Promise<unknown>): Promise<void> => {
    hanging(programs, name);
    rmSync(join(programs, 'pids'), { force: true });
    const folder = folderFor(t);
    mkdirSync(join(folder, 'base'));
    let failed: Error | undefined;
    const over = work(folder).catch((error: unknown) => (failed = error as Error));
    await until('it hangs', () => failed !== undefined || readdirSync(programs).includes('pids'));
    const pids = pidsIn(programs);
    const running = (): boolean => pids.some(isRunning);
    for (let gone = 0; gone < limit; gone += 1) {
      clock.advance(minutes(1));
      // What the watch looks at is on a disk.
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
      if (gone < limit - 1) assert.equal(running(), true, `after ${gone + 1} minutes`);
    }
    await until('it is stopped', () => {
      clock.advance(milliseconds(1000));
      return failed !== undefined;
    });
    await over;
    assert.match(String(failed), new RegExp(`${name}" failed: nothing came from .* for ${limit} minutes`));
    assert.equal(running(), false);
  };
  await ends('pg_receivewal', 5, (folder) => store.log!.receive(folder));
  await ends('pg_basebackup', 15, (folder) => store.copyTo(folder, () => undefined));
});
