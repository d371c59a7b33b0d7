/**
 * What the gateway does by itself: backups when they are due, copies elsewhere that are read back,
 * and what it says when that fails.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { Backups } from '../../src/backup/backups.ts';
import { tooMany } from '../../src/backup/folder.ts';
import type { DrillReport } from '../../src/backup/drill.ts';
import { dueAt, startSchedule } from '../../src/backup/schedule.ts';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { addAccount, deliver } from '../support/store.ts';
import { testBackups } from './support.ts';

const at = (text: string) => instant(Date.parse(text));

test('a backup is due by its rhythm: after so long, or at a time of day in Amsterdam, whatever was taken by hand', () => {
  const noon = at('2026-11-25T12:00:00Z');
  assert.equal(dueAt({ every: hours(6) }, undefined), 0, 'without one it is due at once');
  assert.equal(dueAt({ every: hours(6) }, noon), noon + hours(6));
  const nightly = { every: days(1), at: minutes(150) };
  const shown = (every: number, last: string) =>
    new Date(dueAt({ ...nightly, every: days(every) }, at(last))).toISOString();
  assert.equal(shown(1, '2026-11-25T01:30:00Z'), '2026-11-26T01:30:00.000Z');
  assert.equal(shown(1, '2026-11-25T01:29:00Z'), '2026-11-25T01:30:00.000Z');
  assert.equal(shown(1, '2026-11-25T14:00:00Z'), '2026-11-26T01:30:00.000Z');
  assert.equal(shown(7, '2026-11-25T01:30:00Z'), '2026-12-02T01:30:00.000Z');
  assert.equal(shown(1, '2026-07-25T12:00:00Z'), '2026-07-26T00:30:00.000Z', 'summer time');
});

test('a note that a copy stands elsewhere counts only with the signature of the gateway, for its own backup', async (t) => {
  const { parts, clock, folder, at: path } = await testBackups(t);
  mkdirSync(path('elsewhere'));
  const backups = new Backups({ ...parts, offsite: { folder: path('elsewhere') } });
  await backups.round();
  const before = (await backups.list())[0]!;
  const noteOf = (backup: string): string => join(folder, backup, 'offsite.json');
  const [note, signature] = [readFileSync(noteOf(before.backup)), readFileSync(`${noteOf(before.backup)}.sig`)];
  assert.notEqual((await backups.state()).offsite, undefined);
  const holds = async (): Promise<boolean> => (await backups.list()).at(-1)?.offsite !== undefined;

  writeFileSync(noteOf(before.backup), note.toString('utf8').replace('elsewhere', 'nowhere'));
  assert.equal(await holds(), false, 'changed');
  writeFileSync(noteOf(before.backup), note);
  assert.equal(await holds(), true, 'the control');
  rmSync(`${noteOf(before.backup)}.sig`);
  assert.equal(await holds(), false, 'unsigned');

  // The next one is not copied; the note of the one before is put beside it.
  const alone = new Backups(parts);
  clock.advance(days(1));
  await alone.round();
  const next = (await alone.list()).at(-1)!;
  assert.notEqual(next.backup, before.backup);
  writeFileSync(noteOf(next.backup), note);
  writeFileSync(`${noteOf(next.backup)}.sig`, signature);
  assert.equal(await holds(), false, 'of another backup');
  assert.equal((await backups.state()).offsite, undefined);
});

test('a round in which nothing is due reads the folder of backups once', async (t) => {
  const { parts, folder, at: path } = await testBackups(t);
  mkdirSync(path('elsewhere'));
  const backups = new Backups({ ...parts, offsite: { folder: path('elsewhere') } });
  await backups.round();
  const looks = t.mock.method(promises, 'readdir');
  syncBuiltinESMExports();
  t.after(() => {
    looks.mock.restore();
    syncBuiltinESMExports();
  });
  await backups.round();
  assert.deepEqual(
    looks.mock.calls.map(({ arguments: [looked] }) => looked),
    [folder],
  );
});

test('rounds take what is due, copy it elsewhere and read it back; a restart forgets nothing; old ones go in both places', async (t) => {
  const { parts, clock, folder, at: path, log, store } = await testBackups(t);
  mkdirSync(path('elsewhere'));
  const rules = { ...parts, keep: { count: 2 }, offsite: { folder: path('elsewhere') } };
  const first = new Backups(rules);
  await first.round();
  const taken = (await first.list())[0]!;
  assert.equal(taken.offsite?.where, join(path('elsewhere'), taken.backup));
  await first.round();
  assert.equal((await first.list()).length, 1, 'nothing is due yet');

  // Another process, the same folder.
  const second = new Backups(rules);
  assert.equal((await second.state()).newest, at(taken.begun));
  clock.advance(days(1));
  await second.round();
  clock.advance(days(1));
  await second.round();
  assert.equal((await second.list()).length, 2);
  assert.deepEqual(
    readdirSync(path('elsewhere')).sort(),
    (await second.list()).map(({ backup }) => backup),
  );
  const state = await second.state();
  assert.equal(state.offsite, state.newest);
  assert.equal(log.names.filter((name) => name === 'backup.copied').length, 3);
  const rows = (await store.audit.read({ limit: 100 })).map(({ event }) => event);
  assert.ok(rows.includes('backup.taken') && rows.includes('backup.copied'));
  assert.equal(existsSync(join(folder, taken.backup)), false);
});

test('a place elsewhere that is missing is a failure that the operator is told of, and the copy is made good when it is back', async (t) => {
  const { parts, told, at: path, log, clock } = await testBackups(t);
  const backups = new Backups({ ...parts, offsite: { folder: path('mount') } });
  await assert.rejects(
    backups.round(),
    /Cannot copy backup .* elsewhere: ".*mount" is missing; mount or make it\. The backup itself stands/,
  );
  assert.equal((await backups.list()).length, 1, 'the backup itself stands');
  assert.deepEqual(
    told.map(({ step }) => step),
    ['offsite'],
  );
  assert.ok(log.names.includes('backup.failed'));
  assert.deepEqual(backups.failures.read(), [{ labels: { step: 'offsite' }, value: 1 }]);
  assert.equal((await backups.state()).offsite, undefined);
  mkdirSync(path('mount'));
  clock.advance(minutes(5));
  await backups.round();
  assert.equal((await backups.state()).offsite, (await backups.state()).newest);
});

test('by commands: what the other side tells or gives back is compared with the manifest, and one wrong octet is found', async (t) => {
  const { parts, at: path, told } = await testBackups(t);
  const script = (name: string, text: string): string => {
    writeFileSync(path(name), `#!/bin/sh\nset -e\n${text}\n`);
    chmodSync(path(name), 0o700);
    return path(name);
  };
  mkdirSync(path('far'));
  const copy = [script('copy', `cp -r "$1" "${path('far')}/"`)];
  const verify = [script('verify', `cd "${path('far')}/$1" && find . -type f -exec sha256sum {} +`)];
  const read = [script('read', `cat "${path('far')}/$1/$2"`)];
  const damage = [
    script(
      'damage',
      `cp -r "$1" "${path('far')}/"; printf X | dd of="${path('far')}/$(basename "$1")/sluis.db" bs=1 seek=9000 conv=notrunc 2>/dev/null`,
    ),
  ];

  const [told1, read1] = [
    { copy, verify },
    { copy, read },
  ];
  for (const offsite of [told1, read1]) {
    const backups = new Backups({ ...parts, folder: path(`by-${Object.keys(offsite)[1] ?? ''}`), offsite });
    await backups.round();
    assert.equal((await backups.state()).offsite, (await backups.state()).newest, JSON.stringify(offsite));
    rmSync(path('far'), { recursive: true });
    mkdirSync(path('far'));
  }
  for (const offsite of [
    { copy: damage, verify },
    { copy: damage, read },
  ]) {
    const backups = new Backups({ ...parts, folder: path(`bad-${Object.keys(offsite)[1] ?? ''}`), offsite });
    await assert.rejects(backups.round(), /"sluis\.db" there has SHA-256 [0-9a-f]{64}, the manifest says/);
    assert.equal((await backups.state()).offsite, undefined);
    rmSync(path('far'), { recursive: true });
    mkdirSync(path('far'));
  }
  const silent = new Backups({
    ...parts,
    folder: path('silent'),
    offsite: { copy: ['/bin/true'], verify: ['/bin/true'] },
  });
  await assert.rejects(silent.round(), /was not told of/);
  const failing = new Backups({ ...parts, folder: path('failing'), offsite: { copy: ['/bin/false'] } });
  await assert.rejects(failing.round(), /the command "\/bin\/false" failed/);
  const unverified = new Backups({ ...parts, folder: path('unverified'), offsite: { copy } });
  await unverified.round();
  assert.equal((await unverified.state()).offsite, undefined, 'a copy that nobody read back is not counted on');
  assert.equal(told.length, 4);
});

test('one at a time, and no room is said before anything is written', async (t) => {
  const { backups, parts, at: path, store } = await testBackups(t);
  const [first, second] = await Promise.allSettled([
    backups.take({ actor: { name: 'a' } }),
    backups.take({ actor: { name: 'b' } }),
  ]);
  assert.equal(first.status, 'fulfilled');
  assert.ok(second.status === 'rejected');
  assert.match(String(second.reason), /a backup is being taken; try again when it has ended/);
  const full = new Backups({ ...parts, folder: path('full'), free: () => Promise.resolve(10 * 1024 * 1024) });
  await assert.rejects(
    full.take({ actor: { name: 'c' } }),
    /10 MiB are free there, and \d+ are needed for a database of \d+; free some space/,
  );
  assert.deepEqual(readdirSync(path('full')), []);
  assert.equal(store.health().failed, false);
});

test('a disk that fills under a copy leaves nothing behind, and the next one works', async (t) => {
  const { parts, at: path, store } = await testBackups(t);
  const broken = new Backups({
    ...parts,
    folder: path('broken'),
    store: {
      id: store.id,
      log: undefined,
      checkCopy: () => Promise.resolve(),
      copySize: () => store.copySize(),
      copyTo: async (to) => {
        writeFileSync(join(to, 'sluis.db'), 'half a database');
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    },
  });
  await assert.rejects(
    broken.take({ actor: { name: 'a' } }),
    /the disk is full; free some space there.*the gateway continues/,
  );
  assert.deepEqual(readdirSync(path('broken')), []);
  await new Backups({ ...parts, folder: path('broken') }).take({ actor: { name: 'a' } });
});

test('in the folder elsewhere only backups of this store go, and none of another', async (t) => {
  const { parts, at: path, clock, store } = await testBackups(t);
  const other = await new Backups(parts).take({ folder: path('elsewhere'), actor: { name: 'a' } });
  const manifest = join(other.path, 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replaceAll(store.id, 'another'));
  clock.advance(days(1));
  const backups = new Backups({ ...parts, keep: { count: 1 }, offsite: { folder: path('elsewhere') } });
  for (let n = 0; n < 3; n += 1) {
    await backups.round();
    clock.advance(days(2));
  }
  const own = (await backups.list()).map((known) => known.backup);
  assert.equal(own.length, 1);
  assert.deepEqual(readdirSync(path('elsewhere')).sort(), [other.backup, ...own]);
});

test('a mistake of whoever asks is told to them alone; of the gateway by itself to the operator', async (t) => {
  const { backups, parts, told } = await testBackups(t);
  const folder = join(parts.keyFolder, 'backups');
  const expected = /it is in the key folder: backups must not be beside the keys that open them/;
  await assert.rejects(backups.take({ folder, actor: { name: 'a' } }), expected);
  assert.deepEqual([backups.failures.read(), told], [[], []]);
  const wrong = new Backups({ ...parts, folder });
  await assert.rejects(wrong.round(), expected);
  assert.deepEqual(wrong.failures.read(), [{ labels: { step: 'backup' }, value: 1 }]);
  assert.deepEqual(
    told.map(({ step }) => step),
    ['backup'],
  );
});

test('what is kept: so many, none older than that, and always the newest', () => {
  const backup = (day: number) =>
    ({ path: `b${day}`, manifest: { begun: new Date(days(day)).toISOString() } }) as never;
  const all = [1, 2, 3, 4].map(backup) as { path: string }[];
  const gone = (count: number, age?: number): string[] =>
    tooMany(all as never, { count, ...(age === undefined ? {} : { age }) }, days(10)).map(({ path }) => path);
  assert.deepEqual(gone(2), ['b1', 'b2']);
  assert.deepEqual(gone(10, days(7)), ['b1', 'b2']);
  assert.deepEqual(gone(10, days(1)), ['b1', 'b2', 'b3']);
  assert.deepEqual(gone(4), []);
});

test('the schedule looks soon after a start and each minute; after failures ever less often, up to two hours', async () => {
  const clock = new FakeClock();
  let rounds = 0;
  let failing = false;
  const schedule = startSchedule({
    clock,
    round: () => {
      rounds += 1;
      return failing ? Promise.reject(new Error('no')) : Promise.resolve();
    },
  });
  const pass = async (time: number): Promise<number> => {
    const before = rounds;
    for (let left = time; left > 0; left -= minutes(1)) {
      clock.advance(minutes(1));
      await schedule.settled();
      await Promise.resolve();
    }
    return rounds - before;
  };
  assert.equal(await pass(minutes(1)), 0);
  assert.equal(await pass(minutes(10)), 10);
  failing = true;
  assert.equal(await pass(minutes(1)), 1);
  assert.equal(await pass(minutes(4)), 0);
  assert.equal(await pass(minutes(1)), 1);
  assert.equal(await pass(hours(10)), 7, 'after 10, 20, 40, 80, 120, 120 and 120 minutes');
  schedule.stop();
  assert.equal(clock.waiting, 0);
});

test('a round that another gateway does is looked at each minute, and done here when that one is gone', async () => {
  const clock = new FakeClock();
  let [rounds, mine] = [0, false];
  const schedule = startSchedule({
    clock,
    mine: () => mine,
    round: () => {
      rounds += 1;
      return Promise.resolve();
    },
  });
  for (let minute = 0; minute < 20; minute += 1) {
    mine = minute >= 10;
    clock.advance(minutes(1));
    await schedule.settled();
    await Promise.resolve();
    assert.equal(rounds, Math.max(0, minute - 9));
  }
  schedule.stop();
});

test('a drill proves the newest backup, leaves no scratch, and its signed report counts for the age of the last good one', async (t) => {
  const { backups, store, folder, clock, log } = await testBackups(t);
  await addAccount(store, 'anna');
  for (let i = 0; i < 3; i += 1) await deliver(store, Buffer.from(`message ${i}\r\n`), 'anna@group.test');
  await deliver(store, Buffer.alloc(600_000, 'large\r\n'), 'anna@group.test');
  await assert.rejects(
    backups.drills.restore({ actor: { name: 'auditor' } }),
    /Cannot find a backup in .*take one with "sluis backup take"/,
  );
  await backups.take({ actor: { name: 'a' } });
  const report = await backups.drills.restore({ actor: { name: 'auditor', reason: 'yearly' } });
  assert.deepEqual([report.passed, report.opened, report.by, report.reason], [true, 4, 'auditor', 'yearly']);
  assert.deepEqual(
    report.steps.map(({ step }) => step),
    ['manifest', 'checksums', 'pages', 'schema', 'counts', 'trail', 'keys', 'content', 'place'],
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
  const written = JSON.parse(readFileSync(report.file, 'utf8')) as DrillReport;
  assert.equal(written.backup, report.backup);
  assert.equal((await backups.state()).drill, clock.now());
  assert.equal(existsSync(`${report.file}.sig`), true);

  clock.advance(days(1));
  const database = join(folder, report.backup, 'sluis.db');
  const octets = readFileSync(database);
  octets[20_000] = (octets[20_000] ?? 0) ^ 1;
  writeFileSync(database, octets);
  const damaged = await backups.drills.restore({ actor: { name: 'auditor' } });
  assert.equal(damaged.passed, false);
  assert.match(damaged.steps.at(-1)?.found ?? '', /is not what the manifest says/);
  assert.equal((await backups.state()).drill, clock.now() - days(1), 'a failed drill is none');
  assert.ok(log.names.includes('backup.drill-failed'));
  const rows = await store.audit.read({ limit: 1000 });
  assert.deepEqual(
    rows.filter(({ event }) => event === 'backup.drilled').map(({ outcome }) => outcome),
    ['success', 'failure'],
  );
});
