/** Drills that open the backup with the copy of the key folder, by hand and by themselves. */
// @release: drills of whole stores; backup/rounds and cli/backup restore one at every merge.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { Backups } from '../../src/backup/backups.ts';
import type { DrillReport } from '../../src/backup/drill.ts';
import { drillsIn } from '../../src/backup/reports.ts';
import { backupName } from '../../src/backup/folder.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { type Milliseconds, days, hours, minutes } from '../../src/domain/units.ts';
import { startBackups } from '../../src/gateway/backup.ts';
import { addAccount, deliver } from '../support/store.ts';
import { testBackups } from './support.ts';

async function withCopy(t: Parameters<typeof testBackups>[0], drillEvery?: Milliseconds) {
  const made = await testBackups(t);
  const { parts, at, options, store } = made;
  const { keyFolder, masterKey } = options;
  const places = { keyFolder, to: at('keys-copy'), fingerprint: keyFingerprint(masterKey) };
  mkdirSync(places.to);
  mkdirSync(at('elsewhere'));
  const backups = new Backups({
    ...{ ...parts, keyCopy: () => Promise.resolve(places), offsite: { folder: at('elsewhere') } },
    ...(drillEvery === undefined ? {} : { drillEvery }),
  });
  await addAccount(store, 'anna');
  await deliver(store, Buffer.from('a message\r\n'), 'anna@group.test');
  return { ...made, backups, places, copy: join(places.to, places.fingerprint) };
}

const contentsOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, 'base64')]),
  );
const dayKeyIn = (folder: string): string => readdirSync(folder).find((name) => /^\d{4}-.*\.key$/.test(name)) ?? '';
const actor = { name: 'auditor' };

test('a drill with the copy of the keys works with nothing else, changes nothing there, and its report says so', async (t) => {
  const { backups, places, copy } = await withCopy(t);
  await backups.take({ actor });
  const before = contentsOf(places.to);
  for (const keysFrom of [places.to, copy]) {
    const report = await backups.drills.restore({ actor, keysFrom });
    assert.equal(report.passed, true, JSON.stringify(report.steps));
    assert.equal(report.keysFrom, copy);
    assert.equal(report.opened, 1);
    assert.equal(report.steps[0]?.step, 'key-copy');
  }
  assert.deepEqual(contentsOf(places.to), before);
});

test('a copy that lacks or garbles the day key fails the drill, while the key folder itself passes it', async (t) => {
  const { backups, copy, places } = await withCopy(t);
  await backups.take({ actor });
  const key = join(copy, dayKeyIn(copy));
  const good = readFileSync(key);
  rmSync(key);
  const lacking = await backups.drills.restore({ actor, keysFrom: places.to });
  assert.equal(lacking.passed, false);
  assert.ok(
    lacking.steps.some(({ step, passed }) => step === 'keys' && !passed),
    JSON.stringify(lacking.steps),
  );
  writeFileSync(key, Buffer.alloc(good.length, 1));
  const garbled = await backups.drills.restore({ actor, keysFrom: places.to });
  assert.equal(garbled.passed, false);
  assert.match(garbled.steps[0]?.found ?? '', /is not what the key folder is: 1 file, such as "\d{4}-/);
  assert.equal((await backups.drills.restore({ actor })).passed, true);
  assert.equal((await backups.drills.restore({ actor })).keysFrom, undefined);
});

test('a copy without the key of the audit trail fails too: a gateway could not start from it', async (t) => {
  const { backups, copy, places } = await withCopy(t);
  await backups.take({ actor });
  rmSync(join(copy, 'audit', 'anchor.key'));
  const report = await backups.drills.restore({ actor, keysFrom: places.to });
  assert.equal(report.passed, false);
  assert.match(report.steps[0]?.found ?? '', /such as "audit\/anchor\.key"/);
});

test('what is no copy is refused by name: the key folder itself, a folder of other things, one that is not there', async (t) => {
  const { backups, places, at, folder } = await withCopy(t);
  await backups.take({ actor });
  const refused = (keysFrom: string): Promise<unknown> => backups.drills.restore({ actor, keysFrom });
  await assert.rejects(refused(places.keyFolder), /that is the key folder itself; name the copy of it/);
  await assert.rejects(
    refused(at('elsewhere')),
    new RegExp(`is not a copy of a key folder, and has none of the master key ${places.fingerprint}`),
  );
  await assert.rejects(refused(at('nowhere')), /there is no such folder; name the folder of keys\.copy-to/);
  assert.equal(existsSync(join(folder, 'drills')), false, 'nothing was tried');
});

test('by themselves: a drill after the first backup, the next one when it is due, from the copy elsewhere and with the copied keys', async (t) => {
  const { backups, clock, copy, folder, store } = await withCopy(t, days(2));
  const schedule = startBackups(backups, clock);
  t.after(() => schedule.stop());
  const pass = async (time: number, step: Milliseconds = minutes(1)): Promise<void> => {
    for (let left = time; left > 0; left -= step) {
      clock.advance(step);
      await schedule.settled();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const reports = (): string[] =>
    existsSync(join(folder, 'drills')) ? readdirSync(join(folder, 'drills')).filter((n) => n.endsWith('.json')) : [];
  await pass(minutes(1));
  assert.deepEqual(reports(), []);
  await pass(minutes(3));
  assert.equal(reports().length, 1);
  const [row] = (await store.audit.read({ limit: 100 })).filter(({ event }) => event === 'backup.drilled');
  assert.equal(row?.outcome, 'success');
  assert.equal(row.personal?.actor, 'gateway');
  assert.equal(row.facts?.copiedKeys, true);
  const report = JSON.parse(readFileSync(join(folder, 'drills', reports()[0] ?? ''), 'utf8')) as { keysFrom: string };
  assert.equal(report.keysFrom, copy);
  await pass(days(1), hours(6));
  assert.equal(reports().length, 1, 'not yet due');
  await pass(days(1), hours(6));
  // The backup of that day goes first.
  await pass(minutes(3));
  assert.equal(reports().length, 2);
});

test('a drill that is due while somebody takes a backup is no failure: it comes with the next look', async (t) => {
  const { backups, told, log, folder } = await withCopy(t, days(2));
  await backups.take({ actor });
  // It looks, and then finds the folder taken.
  const round = backups.drills.round();
  await Promise.all([round, backups.take({ actor })]);
  assert.deepEqual([told, log.names.filter((name) => name === 'backup.drill-failed')], [[], []]);
  await backups.drills.round();
  assert.ok(existsSync(join(folder, 'drills')));
});

test('two rounds of the keys at once write each file once', async (t) => {
  const { backups, copy, told } = await withCopy(t);
  await Promise.all([backups.keys.round(), backups.keys.round(), backups.keys.round()]);
  assert.ok(existsSync(join(copy, 'store')));
  assert.deepEqual(told, []);
});

test('a drill by itself that fails is told by mail, tried ever less often, and counted as the last one', async (t) => {
  const { backups, clock, at, told, log } = await withCopy(t, days(7));
  await backups.take({ actor });
  const database = join(at('elsewhere'), readdirSync(at('elsewhere'))[0] ?? '', 'sluis.db');
  writeFileSync(database, readFileSync(database).subarray(0, 30_000));
  const schedule = startBackups(backups, clock);
  t.after(() => schedule.stop());
  let tried = 0;
  for (let minute = 0; minute < 60; minute += 1) {
    clock.advance(minutes(1));
    await schedule.settled();
    await new Promise((resolve) => setImmediate(resolve));
    tried = log.names.filter((name) => name === 'backup.drill-failed').length;
  }
  assert.equal(tried, 4, 'after 2, 7, 17 and 37 minutes');
  assert.ok(told.length > 0 && told.every(({ step }) => step === 'drill'));
  assert.match(told[0]?.why ?? '', /elsewhere.*is not what the manifest says/);
  const { drill, lastDrill } = await backups.state();
  assert.equal(drill, undefined);
  assert.equal(lastDrill?.passed, false);
  clock.advance(minutes(1));
  assert.equal((await backups.drills.restore({ actor })).passed, true, 'the backup here is whole');
});

test('a report that a crash left half is passed over', async (t) => {
  const { backups, folder } = await withCopy(t);
  await backups.take({ actor });
  await backups.drills.restore({ actor });
  writeFileSync(join(folder, 'drills', 'drill-2999-01-01T000000Z.json'), '{"passed": tr');
  const { drill, lastDrill } = await backups.state();
  assert.equal(lastDrill?.passed, true);
  assert.equal(drill, lastDrill.at);
});

test('a report that is unsigned, changed, signed by somebody else or renamed counts for nothing', async (t) => {
  const { backups, folder, parts } = await withCopy(t);
  await backups.take({ actor });
  const { file } = await backups.drills.restore({ actor });
  const { drill: good } = await backups.state();
  const [text, signature] = [readFileSync(file, 'utf8'), readFileSync(`${file}.sig`)];
  const { at } = JSON.parse(text) as DrillReport;
  const later = Date.parse(at) + days(1);
  const forged = join(folder, 'drills', `drill-${backupName(later)}.json`);
  const reports = (dated: number, passed: boolean): string =>
    text.replace(at, new Date(dated).toISOString()).replace('"passed": true', `"passed": ${passed}`);
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const own = (await parts.keys()).privateKey;
  const forgeries: readonly (readonly [what: string, text: string, signature: Buffer | undefined])[] = [
    ['unsigned', reports(later, true), undefined],
    ['changed', reports(later, true), signature],
    ['signed by somebody else', reports(later, true), sign(null, Buffer.from(reports(later, true)), stranger)],
    ['an older one under a newer name', text, signature],
    ['unsigned, of a drill that failed', reports(later, false), undefined],
    ['something else that the gateway signed', text.replace('drill 1', 'other 1'), undefined],
  ];
  for (const [what, written, signed] of forgeries) {
    writeFileSync(forged, written);
    rmSync(`${forged}.sig`, { force: true });
    if (signed !== undefined) writeFileSync(`${forged}.sig`, signed);
    const { drill, lastDrill } = await backups.state();
    assert.deepEqual([drill, lastDrill], [good, { at: good, passed: true }], what);
    assert.deepEqual((await drillsIn(join(folder, 'drills'), [(await parts.keys()).publicKey])).unproven, [
      basename(forged),
    ]);
  }
  // The control: the same report with the gateway's own signature counts.
  writeFileSync(forged, reports(later, false));
  writeFileSync(`${forged}.sig`, sign(null, Buffer.from(reports(later, false)), own));
  assert.deepEqual((await backups.state()).lastDrill, { at: later, passed: false });
  rmSync(forged);
  writeFileSync(file, reports(Date.parse(at), false));
  const { drill, lastDrill } = await backups.state();
  assert.deepEqual([drill, lastDrill], [undefined, undefined], 'the only one was changed');
});

test('a backup whose manifest is unsigned or changed is not the newest: the next one is taken when it is due', async (t) => {
  const { backups, folder, clock } = await withCopy(t);
  const { path, backup, begun } = await backups.take({ actor });
  const { newest } = await backups.state();
  const later = clock.now() + days(30);
  const forged = join(folder, backupName(later));
  mkdirSync(forged);
  const text = readFileSync(join(path, 'manifest.json'), 'utf8').replaceAll(begun, new Date(later).toISOString());
  writeFileSync(join(forged, 'manifest.json'), text);
  assert.equal((await backups.state()).newest, newest);
  writeFileSync(join(forged, 'manifest.json.sig'), readFileSync(join(path, 'manifest.json.sig')));
  assert.equal((await backups.state()).newest, newest);
  clock.advance(days(2));
  await backups.round();
  const taken = (await backups.list()).map((known) => known.backup);
  assert.ok(
    taken.some((id) => id !== backup && id > backup && id < basename(forged)),
    taken.join(' '),
  );
});

test('no drill by itself is made of a backup that is about to be replaced', async (t) => {
  const { backups, clock, folder } = await withCopy(t, days(1));
  await backups.take({ actor });
  clock.advance(days(1));
  await backups.drills.round();
  assert.equal(existsSync(join(folder, 'drills')), false);
  await backups.take({ actor });
  await backups.drills.round();
  assert.equal(existsSync(join(folder, 'drills')), true);
});

test('a relevant change makes a drill due; the next one by itself tries it, a day after the last at the earliest', async (t) => {
  const { parts, clock, folder } = await withCopy(t, days(30));
  let marks = await parts.marks();
  const backups = new Backups({ ...parts, drillEvery: days(30), marks: () => Promise.resolve(marks) });
  const reports = (): number => readdirSync(join(folder, 'drills')).filter((name) => name.endsWith('.json')).length;
  const passDay = async (): Promise<void> => {
    clock.advance(days(1));
    await backups.take({ actor });
    await backups.drills.round();
  };
  await backups.take({ actor });
  assert.deepEqual(await backups.drills.due(), [], 'that there was none yet is told by its age');
  await backups.drills.round();
  assert.equal(reports(), 1);
  await passDay();
  assert.deepEqual([reports(), await backups.drills.due()], [1, []], 'nothing has changed');

  marks = { ...marks, schema: 2, listeners: ['api (https)'] };
  assert.deepEqual(
    (await backups.drills.due()).map(({ drill, why }) => [drill, why]),
    [
      ['restore', 'schema'],
      ['restore', 'listener'],
    ],
  );
  await passDay();
  assert.deepEqual([reports(), await backups.drills.due()], [2, []]);
  marks = { ...marks, keys: { 'master key': 'second' } };
  clock.advance(hours(1));
  await backups.drills.round();
  assert.equal(reports(), 2, 'not twice a day');
  assert.equal((await backups.drills.due())[0]?.text, 'another key is in use: master key');
  clock.advance(days(400));
  assert.deepEqual(
    (await backups.drills.due()).map(({ why }) => why),
    ['age', 'key'],
  );
});

test('a drill of a site: its report counts as that of a restore does, and for sites alone', async (t) => {
  const { parts, clock, folder, store } = await withCopy(t);
  const backups = new Backups({ ...parts, sites: true });
  const there = clock.now();
  clock.advance(hours(1));
  const wish = {
    ...{ from: 'noord', to: 'zuid', there, back: clock.now(), people: ['J. Smit'], outage: 3, lost: 0 },
    ...{ failed: [], notTried: ['loss of a site without warning'] },
    measuredBy: 'watch' as const,
  };
  await assert.rejects(
    new Backups(parts).drills.site(wish, actor),
    /Cannot write down a drill of a site: .* no sites; /,
  );
  await assert.rejects(
    backups.drills.site({ ...wish, back: (clock.now() + 1) as typeof there }, actor),
    /that is to come/,
  );
  assert.deepEqual(
    (await backups.drills.due()).map(({ drill, why }) => [drill, why]),
    [['site', 'never']],
  );

  const lost = await backups.drills.site({ ...wish, lost: 1 }, actor);
  assert.equal(lost.passed, false);
  assert.deepEqual(
    (await backups.drills.due()).map(({ why }) => why),
    ['never'],
    'one that failed is none',
  );
  for (const change of [{ back: undefined }, { failed: ['the address did not move'] }])
    assert.equal((await backups.drills.site({ ...wish, ...change }, actor)).passed, false);
  clock.advance(minutes(1));
  const { file, ...report } = await backups.drills.site(wish, { ...actor, reason: 'yearly' });
  const written = readFileSync(file, 'utf8');
  const { sha256, ...told } = JSON.parse(written) as Readonly<Record<string, unknown>>;
  assert.deepEqual(told, report);
  // With it whoever checks the file tells a changed report from a changed signature.
  const before = written.slice(0, written.indexOf('  "sha256": '));
  assert.equal(written, `${before}  "sha256": "${String(sha256)}"\n}\n`);
  assert.equal(sha256, createHash('sha256').update(before).digest('hex'));
  assert.deepEqual(
    [report.passed, report.by, report.reason, report.outage],
    [true, 'auditor', 'yearly', { seconds: 3, by: 'watch' }],
  );
  assert.deepEqual(await backups.drills.due(), []);
  assert.equal((await backups.state()).drill, undefined, 'no backup was restored by it');
  const rows = (await store.audit.read({ limit: 100 })).filter(({ event }) => event === 'site.drilled');
  assert.deepEqual(
    rows.map(({ outcome }) => outcome),
    ['failure', 'failure', 'failure', 'success'],
  );
  assert.deepEqual(rows.at(-1)?.personal, { actor: 'auditor', people: ['J. Smit'], reason: 'yearly' });

  writeFileSync(file, readFileSync(file, 'utf8').replace('"lost": 0', '"lost": 9'));
  assert.deepEqual(
    (await backups.drills.due()).map(({ why }) => why),
    ['never'],
    'what was changed proves nothing',
  );
  assert.match(basename(file), /^site-/);
  assert.equal(basename(folder), 'backups');
});
