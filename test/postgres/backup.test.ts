/**
 * Base backups of a store on PostgreSQL, and the log behind them: taken, proved, brought back to a
 * moment, and what goes wrong. With Debian's 17, which has the programs.
 */
// @release: base backups of real servers, a minute of them; backup-places and cli/backup try what is made of them.
// @beside
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BackupParts, Backups } from '../../src/backup/backups.ts';
import { LOG, numberOf } from '../../src/backup/log-files.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import { restoreBackup } from '../../src/backup/restore.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import { dayOf } from '../../src/domain/utc-day.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { type Instant, MiB, days, instant, minutes, seconds } from '../../src/domain/units.ts';
import { startBackups } from '../../src/gateway/backup.ts';
import { operatorsIn } from '../../src/gateway/stopped-store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { LogSource } from '../../src/store/copies.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { postgresCopies } from '../../src/store/postgres/copies.ts';
import type { CopyingOptions } from '../../src/store/postgres/copy-access.ts';
import {
  type BaseBackups,
  DEBIAN,
  baseBackups,
  databaseNow,
  failure,
  withoutPrograms,
} from '../support/base-backups.ts';
import { ACCESS, addressOf } from '../support/lone-postgres.ts';
import { MemoryLog } from '../support/log.ts';
import { PostgresStores, type PostgresTestStore, sessionsOf } from '../support/postgres-store.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { freePort } from '../support/instance.ts';
import { mayMount, present } from '../support/require.ts';
import { addAccount, deliver, messagesIn } from '../support/store.ts';
import { until } from '../support/until.ts';

process.env.SLUIS_PGBIN = DEBIAN;
const skip = withoutPrograms();

const closers: (() => Promise<void> | void)[] = [];
test.after(async () => {
  for (const close of closers.toReversed()) await close();
});
let stores: Promise<PostgresStores> | undefined;

interface Scene extends PostgresTestStore, BaseBackups {
  readonly anna: AccountId;
  readonly copying: CopyingOptions;
}

async function scene(
  t: TestContext,
  changes: { copying?: Partial<CopyingOptions>; parts?: Partial<BackupParts> } = {},
): Promise<Scene> {
  stores ??= PostgresStores.start({ after: (close) => closers.push(close) });
  const first = await (await stores).open(t);
  const { server, database } = first;
  await server.ask(
    'DO $$ BEGIN CREATE ROLE sluis_backup LOGIN REPLICATION; EXCEPTION WHEN duplicate_object THEN NULL; END $$',
  );
  await server.ask('GRANT pg_read_all_stats TO sluis');
  const copying: CopyingOptions = {
    ...{ server: addressOf(server), access: { ...ACCESS, database }, name: 'sluis/gw1', log: true, programs: DEBIAN },
    replicator: { user: 'sluis_backup' },
    ...changes.copying,
  };
  const opened = await first.reopen({ copying });
  const anna = await addAccount(opened.store, 'anna');
  return { ...opened, ...baseBackups(t, opened, changes.parts), anna, copying };
}

const ACTOR = { name: 'test' };
/** Starts a server on a restored folder, and the store on it. */
async function served(t: TestContext, scene: Scene, data: string): Promise<PostgresTestStore['store']> {
  const server = new PostgresServer('restored', await freePort(), data, { fsync: 'off' });
  await server.start();
  const { keyFolder, masterKey, clock, database } = scene;
  const log = new MemoryLog();
  const store = await openPostgresStore({
    ...{ keyFolder, masterKey, hostname: 'mail.test', clock, log, node: 'gw1', site: 'noord', programVersion: 'test' },
    sessions: sessionsOf(server, database, log),
    testing: { now: () => clock.now(), watching: systemClock },
  });
  t.after(async () => {
    await store.close();
    await server.stop();
  });
  return store;
}

test(
  'a store comes back as it was at a moment: its mail, ids that none had, rights of nobody; what came after is named',
  { skip },
  async (t) => {
    const here = await scene(t);
    const { store, backups, at, anna, restore, clock } = here;
    const [small, large] = [Buffer.from('small\r\n'), randomBytes(700_000)];
    await deliver(store, small, 'anna@group.test');
    // What a server judges by its own clock.
    const ends = instant(systemClock.now() + days(1));
    for (const [name, more] of [
      ['els', {}],
      ['piet', { endsAt: ends }],
    ] as const) {
      const key = { fingerprint: randomBytes(32).toString('hex'), publicKey: randomBytes(44) };
      await store.operators.add({ name, role: 'owner', key, ...more }, ACTOR);
    }
    const taken = await backups.take({ actor: ACTOR });
    assert.equal(taken.messages, 1);
    // Whose time is over since the backup was taken approves no restore.
    const approving = async (now: Instant): Promise<readonly string[]> =>
      (await operatorsIn(join(taken.path, 'operators.json'), now)).map(({ name }) => name);
    assert.deepEqual(await approving(instant(ends - 1)), ['els', 'piet']);
    assert.deepEqual(await approving(ends), ['els']);
    assert.equal((await backups.check(taken.path)).whole, true);
    await deliver(store, large, 'anna@group.test');
    await here.ask("INSERT INTO maildrop_lease VALUES (1, 7, 0, 1, 's', 'n', 0, 99999999999999, false)");
    const moment = await databaseNow(here.server);
    const before = await messagesIn(store, anna);
    await new Promise((resolve) => setTimeout(resolve, 20));
    clock.advance(seconds(1));
    const lost = await deliver(store, Buffer.from('after\r\n'), 'anna@group.test');
    await backups.log.round();

    const done = await restore(taken.path, at('moment'), { until: moment });
    assert.ok(done.passed, failure(done));
    assert.deepEqual(
      done.steps.map(({ step }) => step),
      ['manifest', 'checksums', 'log', 'pages', 'schema', 'counts', 'trail', 'keys', 'content', 'place'],
    );
    assert.ok(Date.parse(done.moment ?? '') <= moment);
    assert.equal(done.proof?.opened, 2);

    await store.close();
    const restored = await served(t, here, at('moment'));
    assert.deepEqual(await messagesIn(restored, anna), before);
    assert.equal((await restored.audit.verify()).kind, 'intact');
    const rows = await restored.audit.read({ limit: 1000 });
    assert.ok(rows.some(({ event }) => event === 'backup.restored'));
    const next = await deliver(restored, Buffer.from('new\r\n'), 'anna@group.test');
    assert.notEqual(next.id, lost.id);
    assert.notEqual(await restored.lockMaildrop(anna, { session: 'x', network: 'n' }), 'in-use');
  },
);

test(
  'a drill restores base and log into a scratch folder, proves them, and leaves nothing but its report; two at once are told',
  { skip },
  async (t) => {
    const { store, backups, parts, at } = await scene(t);
    await deliver(store, Buffer.from('one\r\n'), 'anna@group.test');
    // Another gateway with the same folder, whose own process knows nothing of this one.
    const other = new Backups(parts);
    const [first, second] = await Promise.allSettled([backups.take({ actor: ACTOR }), other.take({ actor: ACTOR })]);
    const refused = [first, second].find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    assert.match(String(refused.reason), /a backup is being taken; try again when it has ended/);
    await deliver(store, Buffer.from('two\r\n'), 'anna@group.test');
    await backups.log.round();
    const report = await backups.drills.restore({ actor: ACTOR, all: true });
    assert.ok(report.passed, JSON.stringify(report.steps));
    assert.equal(report.opened, 2, 'what came after the base backup is in the log');
    assert.deepEqual(
      readdirSync(at('backups')).filter((name) => name.startsWith('.')),
      ['.now'],
    );
    assert.notEqual((await backups.state()).logged, undefined);
  },
);

test(
  'a log that has come only into the middle of the file in which a backup ends takes nothing from that backup, and leads on from it later',
  { skip },
  async (t) => {
    const here = await scene(t);
    const { store, backups, parts, at, restore } = here;
    await deliver(store, Buffer.from('one\r\n'), 'anna@group.test');
    const { path } = await backups.take({ actor: ACTOR });
    const { start = '', startOctets = 0 } =
      (JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest).store.postgres ?? {};
    // As after a round in the middle of the base backup, which knew only of what was flushed then:
    // the last record of the backup is missing.
    const { log: whole } = parts.store;
    const receive: LogSource['receive'] = async (folder) => {
      const received = await whole!.receive(folder);
      const { fileOctets } = received;
      return { ...received, end: BigInt(numberOf(start, fileOctets)! * fileOctets + startOctets - 24) };
    };
    const { id } = parts.store;
    const source = { id, copyTo: () => assert.fail(), copySize: () => assert.fail(), checkCopy: () => assert.fail() };
    const log = { receive, kept: () => whole!.kept() };
    await new Backups({ ...parts, store: { ...source, log } }).log.round();
    const early = await restore(path, at('early'));
    assert.ok(early.passed, failure(early));
    assert.equal(early.proof?.opened, 1);
    assert.match(
      early.steps.find(({ step }) => step === 'log')?.found ?? '',
      /^the log in .* has not come to the end of this backup yet/,
    );
    await assert.rejects(
      restore(path, at('moment'), { until: (await backups.state()).logged! }),
      /the log in .* has not come to the end of it yet; wait for its next round/,
    );
    // Of a backup that does not say where it ends the server's own manifest does: before a server
    // is started on it.
    const manifest = join(path, 'manifest.json');
    const signed = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, signed.replace(/"startOctets": \d+,?/, '').replace(/,(\s*\})/, '$1'));
    const without = await restore(path, at('without'), { unsigned: true });
    assert.match(failure(without), /^the log does not reach the end of the backup at 0\/.*\(--without-log\)/s);
    writeFileSync(manifest, signed);
    await deliver(store, Buffer.from('two\r\n'), 'anna@group.test');
    await backups.log.round();
    const later = await restore(path, at('later'));
    assert.ok(later.passed, failure(later));
    assert.equal(later.proof?.opened, 2);
  },
);

test('what was erased since the backup stays erased, and the rest of the store opens', { skip }, async (t) => {
  const here = await scene(t);
  const { store, backups, at, anna, restore, clock, keyFolder, masterKey } = here;
  await deliver(store, Buffer.from('old\r\n'), 'anna@group.test');
  clock.advance(days(1));
  await deliver(store, Buffer.from('new\r\n'), 'anna@group.test');
  const { path } = await backups.take({ actor: ACTOR });
  new KeyFolder(keyFolder, masterKey).erase(dayOf(instant(clock.now() - days(1))));
  await backups.log.round();
  const done = await restore(path, at('erased'), {});
  assert.ok(done.passed, failure(done));
  assert.deepEqual([done.proof?.opened, done.proof?.erased], [1, 1]);
  assert.deepEqual([done.settled?.erasedDays, done.settled?.erasedMessages], [1, 1]);
  await store.close();
  assert.equal((await messagesIn(await served(t, here, at('erased')), anna)).length, 1);
});

test(
  'what is not as it was signed is put nowhere: base, manifest, log, a gap, a store of somebody else',
  { skip },
  async (t) => {
    const here = await scene(t);
    const { store, backups, at, restore, server, anna } = here;
    await deliver(store, Buffer.from('one\r\n'), 'anna@group.test');
    const { path } = await backups.take({ actor: ACTOR });
    for (let n = 0; n < 3; n += 1) {
      await deliver(store, Buffer.from(`${n}\r\n`), 'anna@group.test');
      await server.ask('SELECT pg_switch_wal()');
    }
    await here.ask('CREATE TABLE IF NOT EXISTS another (a int)');
    await backups.log.round();
    assert.ok(anna > 0);
    const log = at('backups/log');
    const whole = readdirSync(log)
      .filter((name) => /^[0-9A-F]{24}$/.test(name))
      .sort();
    const spoilt = async (file: string, spoil: () => void, expected: RegExp): Promise<void> => {
      const kept = readFileSync(file);
      spoil();
      const done = await restore(path, at('never')).catch((error: unknown) => error as Error);
      writeFileSync(file, kept);
      assert.match(done instanceof Error ? done.message : failure(done), expected, file);
      assert.deepEqual([existsSync(at('never')), existsSync(at('never.restoring'))], [false, false], file);
    };
    const flip = (file: string, offset: number) => () => {
      const octets = readFileSync(file);
      octets[offset]! ^= 1;
      writeFileSync(file, octets);
    };
    const tar = join(path, 'base/base.tar');
    await spoilt(tar, flip(tar, 2_000_000), /base\.tar" is not what the manifest says/);
    const manifest = join(path, 'manifest.json');
    await spoilt(
      manifest,
      () => writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('mail.test', 'nail.test')),
      /its signature is not one of the audit trail's key/,
    );
    const segment = join(log, whole.at(-1)!);
    await spoilt(segment, flip(segment, 100_000), /is not what was signed/);
    await spoilt(segment, () => rmSync(segment), /ENOENT|cannot be read/);
    const index = join(log, 'index.json');
    await spoilt(index, flip(index, 40), /index\.json" is not signed by the key of the audit trail, or was changed/);
    await assert.rejects(
      restore(path, at('never'), { until: instant(0) }),
      /it was whole at .* only; name an earlier backup/,
    );
    await assert.rejects(
      restore(path, at('never'), { until: instant(Date.now() + days(1)) }),
      /its log in .* goes to .*; name an earlier moment/,
    );
    mkdirSync(at('never.restoring'));
    await assert.rejects(restore(path, at('never')), /another restore is under way, or one was cut off/);
    rmSync(at('never.restoring'), { recursive: true });
    const done = await restore(path, at('control'));
    assert.ok(done.passed, failure(done));
    assert.equal(done.proof?.opened, 4, 'the control');

    // A file of the log goes: what is left is put aside, and the next round of backups begins
    // another.
    rmSync(segment);
    await assert.rejects(
      backups.log.round(),
      /The log in .* cannot continue: 1 file of the log went, such as .* a base backup begins another one/,
    );
    assert.deepEqual(
      readdirSync(at('backups'))
        .filter((name) => name.startsWith('log'))
        .map((name) => name.slice(0, 9)),
      ['log-ended'],
    );
    await backups.round();
    assert.equal((await backups.list()).length, 2, 'taken at once, and not when it is due');
    await backups.round();
    assert.equal((await backups.list()).length, 2);
    assert.ok(here.told.includes('log'));
  },
);

test(
  'a server that has dropped what comes next ends the log; the log goes with the backups that need it',
  { skip },
  async (t) => {
    const { backups, at, server, store } = await scene(t);
    const walled = async (): Promise<void> => {
      await deliver(store, randomBytes(1000), 'anna@group.test');
      await server.ask('SELECT pg_switch_wal()');
      await backups.log.round();
    };
    await backups.take({ actor: ACTOR });
    await walled();
    const first = readdirSync(join(at('backups'), LOG)).sort()[0];
    for (let n = 0; n < 2; n += 1) {
      await walled();
      await backups.take({ actor: ACTOR });
    }
    const names = readdirSync(join(at('backups'), LOG)).sort();
    assert.ok(names[0]! > first!, 'what the backup that went needed went with it');
    await server.ask("SELECT pg_drop_replication_slot('sluis_backup')");
    for (let n = 0; n < 3; n += 1)
      await server.ask('SELECT pg_switch_wal() FROM pg_logical_emit_message(true, $1, $2)', ['t', 'x']);
    await server.ask('CHECKPOINT');
    await server.ask('CHECKPOINT');
    await assert.rejects(
      backups.log.round(),
      /The log in .* cannot continue: .*already been removed.* What it has was kept/,
    );
    await backups.log.round();
  },
);

test(
  'who cannot take one says so in one line, and nothing is left: no such role, no right, no program, no server, a store of another',
  { skip },
  async (t) => {
    const refused = async (copying: Partial<CopyingOptions>, expected: RegExp): Promise<void> => {
      const { backups, at, store } = await scene(t, { copying: { log: false, ...copying } });
      await assert.rejects(backups.take({ actor: ACTOR }), expected);
      assert.deepEqual(
        readdirSync(at('backups')).filter((name) => !name.startsWith('.')),
        [],
      );
      assert.equal(store.health().failed, false);
    };
    await refused(
      { replicator: { user: 'nobody_here' } },
      /Cannot back up to .*role "nobody_here" does not exist.*Nothing was left there, and the gateway continues/s,
    );
    await refused(
      { replicator: { user: 'sluis', password: () => 'secret' } },
      /permission denied to start WAL sender|must be superuser or replication role/,
    );
    await refused(
      { programs: '/nowhere' },
      /"\/nowhere\/pg_basebackup" failed: it is not there; install it, or name its folder in backup\.programs/,
    );
    await refused({ server: { host: '127.0.0.1', port: 1 } }, /PostgreSQL at 127\.0\.0\.1:1: nothing listens there/);
    const { backups, at } = await scene(t);
    await backups.take({ actor: ACTOR });
    const other = await scene(t, { parts: { folder: at('backups') } });
    Object.defineProperty(other.parts.store, 'id', { value: 'another' });
    await assert.rejects(other.backups.take({ actor: ACTOR }), /it holds backup .* of another store/);
  },
);

test(
  "another program's backup: its name stands in the manifest, it is asked for it, and what it brings back is proved",
  { skip },
  async (t) => {
    const here = await scene(t);
    const { at, store, restore } = here;
    await deliver(store, Buffer.from('one\r\n'), 'anna@group.test');
    const script = (name: string, text: string): readonly string[] => {
      writeFileSync(at(name), `#!/bin/sh\nset -e\n${text}\n`, { mode: 0o755 });
      return [at(name)];
    };
    const { port } = here.server;
    const commands = {
      take: script(
        'take',
        `${DEBIAN}/pg_basebackup -h 127.0.0.1 -p ${port} -U sluis_backup -D ${at('theirs')} -c fast 1>&2; echo noise; echo L1`,
      ),
      check: script('check', `[ "$1" = L1 ] && ${DEBIAN}/pg_verifybackup -q ${at('theirs')}`),
      restore: script(
        'bring',
        `[ "$1" = L1 ] && cp -a ${at('theirs')}/. "$3" && chown -R postgres "$3" 2>/dev/null || true`,
      ),
    };
    await store.close();
    const theirs = await here.reopen({ copying: { ...here.copying, commands } });
    const backups = new Backups({ ...here.parts, store: theirs.store, audit: theirs.store.audit });
    const { path } = await backups.take({ actor: ACTOR });
    assert.equal((await backups.check(path)).whole, true);
    const copies = postgresCopies({ database: here.database, user: 'sluis', programs: DEBIAN, commands });
    const parts = { ...(await here.parts.restore()), copies };
    const wishes = { anchors: [], sample: 0, queue: 'hold' as const, actor: ACTOR };
    const done = await restoreBackup(parts, path, at('brought'), wishes, {
      step: () => undefined,
      octets: () => undefined,
    });
    assert.ok(done.passed, failure(done));
    assert.equal(done.proof?.opened, 1);
    await assert.rejects(
      restore(path, at('not')),
      /another program has this backup, as "L1", and the configuration does not say how it is brought back/,
    );
    writeFileSync(at('theirs/PG_VERSION'), '16\n');
    const checked = await backups.check(path);
    assert.deepEqual([checked.whole, checked.files.at(-1)?.name], [false, 'L1']);
  },
);

test(
  'what the server keeps is told; a slot that was cut off is made anew, and a base backup is due',
  { skip },
  async (t) => {
    const { backups, store, server, told } = await scene(t);
    await backups.take({ actor: ACTOR });
    await backups.log.round();
    const before = await backups.log.waiting();
    assert.equal(before?.left, undefined);
    await server.set({ max_slot_wal_keep_size: '32MB' });
    t.after(() => server.set({ max_slot_wal_keep_size: '-1' }));
    for (let n = 0; n < 5; n += 1)
      await server.ask('SELECT pg_switch_wal() FROM pg_logical_emit_message(true, $1, $2)', ['t', 'x']);
    const behind = await backups.log.waiting();
    assert.equal(behind?.left, 0);
    // The last of what a round received is told with the next one.
    assert.ok(behind.kept - (before?.kept ?? 0) > 64 * MiB);
    await server.ask('CHECKPOINT');
    const [slot] = await server.ask("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'sluis_backup'");
    assert.equal(slot?.wal_status, 'lost');
    assert.deepEqual(await backups.log.waiting(), { kept: 0, left: 0 });

    await assert.rejects(backups.log.round(), /The log in .* cannot continue: .*already been removed/);
    assert.deepEqual(told, ['log']);
    await deliver(store, Buffer.from('x'), 'anna@group.test');
    await backups.round();
    await backups.log.round();
    assert.equal((await backups.list()).length, 2);
    const [anew] = await server.ask("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'sluis_backup'");
    assert.equal(anew?.wal_status, 'reserved');
  },
);

test('of two gateways one takes what is due, and the other goes on when that one has gone', { skip }, async (t) => {
  const here = await scene(t);
  const { clock } = here;
  const two = await here.beside('gw2');
  const logs = [new MemoryLog(), new MemoryLog()] as const;
  const [one, other] = [
    here.another({ store: here.store, clock, log: logs[0] }),
    here.another({ store: two.store, clock, log: logs[1] }),
  ];
  const schedules = [startBackups(one, clock, here.store.jobs), startBackups(other, clock, two.store.jobs)];
  t.after(() => schedules.forEach((schedule) => schedule.stop()));
  const pass = async (time: number): Promise<void> => {
    for (const end = clock.now() + time; clock.now() < end;) {
      clock.advance(seconds(15));
      for (const schedule of schedules) await schedule.settled();
    }
  };
  const took = (): readonly number[] => logs.map(({ names }) => names.filter((name) => name === 'backup.taken').length);
  await pass(minutes(4));
  assert.deepEqual(took(), [1, 0]);
  const logged = (await one.state()).logged ?? 0;
  assert.ok(logged > 0);

  // The next is due a minute later; whoever would have taken it ends.
  clock.advance(days(1) - minutes(5));
  await here.store.close();
  await until('the other one has its work', () => two.store.jobs.runs('backups'), 10_000, 20);
  await pass(minutes(4));
  assert.deepEqual(took(), [1, 1]);
  assert.equal((await other.list()).length, 2);
  assert.ok(((await other.state()).logged ?? 0) > logged);
});

/** What it resolves to takes it away again. */
const mount = (folder: string, size: string): (() => void) => {
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]).status, 0);
  return () => assert.equal(spawnSync('umount', ['--lazy', folder]).status, 0);
};

test(
  'a full disk at the place of the backups: nothing of what was begun counts, mail goes on, and when there is room the log has no gap',
  {
    skip:
      skip === false ? present('the right to mount a small tmpfs', mayMount('/mnt'), 'run the suite as root') : skip,
  },
  async (t) => {
    // Whatever the disk said before: somebody else may fill it meanwhile.
    const here = await scene(t, { parts: { free: () => Promise.resolve(1e12) } });
    const { backups, at, store, server, restore } = here;
    const unmount = mount(at('backups'), '200m');
    try {
      await deliver(store, Buffer.from('one'), 'anna@group.test');
      const { path } = await backups.take({ actor: ACTOR });
      await deliver(store, Buffer.from('two'), 'anna@group.test');
      const there = readdirSync(at('backups')).sort();

      const fill = (left: number): void => {
        const { bavail, bsize } = statfsSync(at('backups'));
        const count = Math.ceil((bavail * bsize) / MiB) - left;
        spawnSync('dd', ['if=/dev/zero', `of=${at(`backups/hog-${left}`)}`, 'bs=1M', `count=${count}`]);
      };
      // In the middle of the base backup, and before its first octet.
      for (const [left, what] of [
        [
          10,
          /^Cannot back up to .*: the disk is full; free some space there, or name another folder\. Nothing was left there, and the gateway continues$/,
        ],
        [0, /^Cannot work in .*: the disk is full; free some space there, or name another folder$/],
      ] as const) {
        fill(left);
        await assert.rejects(backups.take({ actor: ACTOR }), { message: what });
        await server.ask('SELECT pg_switch_wal()');
        await deliver(store, Buffer.from('more'), 'anna@group.test');
        await assert.rejects(backups.log.round(), {
          message:
            /^Cannot bring the log in .* up to date: the disk is full; free some space there\. The server keeps what is not there yet, and it is tried again$/,
        });
      }
      const failed = here.log.names.filter((name) => name === 'backup.failed').length;
      assert.equal(failed, 2);
      for (const left of [10, 0]) rmSync(at(`backups/hog-${left}`));
      assert.deepEqual(readdirSync(at('backups')).sort(), there);
      assert.deepEqual(
        (await backups.list()).map((one) => one.path),
        [path],
      );

      await deliver(store, Buffer.from('last'), 'anna@group.test');
      await backups.log.round();
      const done = await restore(path, at('restored'));
      assert.ok(done.passed, failure(done));
      assert.equal(done.proof?.opened, 5);
    } finally {
      unmount();
    }
  },
);
