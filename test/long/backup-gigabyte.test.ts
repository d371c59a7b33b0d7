/**
 * A gigabyte of mail in base backups of PostgreSQL's own program, each restored at once with every
 * proof: while mail and rounds of the log go on, and with a receiver of the log that is held back
 * until the base backup is over.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Manifest } from '../../src/backup/manifest.ts';
import { MiB } from '../../src/domain/units.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { between } from '../support/chance.ts';
import { DEBIAN, baseBackups, failure, withoutPrograms } from '../support/base-backups.ts';
import { childOf } from '../support/children.ts';
import { ACCESS, addressOf } from '../support/lone-postgres.ts';
import { PostgresStores } from '../support/postgres-store.ts';
import { addAccount, deliver } from '../support/store.ts';
import { until } from '../support/until.ts';

process.env.SLUIS_PGBIN = DEBIAN;
const MESSAGES = 100;
const ROUNDS = 6;

test(
  `a gigabyte of mail comes back whole from each of ${ROUNDS} base backups, however far the log had come when it was restored`,
  { skip: withoutPrograms() },
  async (context) => {
    // What began last ends first: stores before their server.
    const ends: (() => Promise<void> | void)[] = [];
    const t = { after: (one: () => Promise<void> | void): void => void ends.push(one) };
    context.after(async () => {
      for (const one of ends.toReversed()) await one();
    });
    // One of the log's files is filled by three messages.
    const stores = await PostgresStores.start(t, { max_wal_size: '512MB' });
    const first = await stores.open(t);
    await first.server.ask('CREATE ROLE sluis_backup LOGIN REPLICATION');
    const copying = {
      ...{ server: addressOf(first.server), access: { ...ACCESS, database: first.database }, name: 'sluis/gw1' },
      ...{ log: true, programs: DEBIAN, replicator: { user: 'sluis_backup' } },
    };
    const here = await first.reopen({ copying });
    const { backups, at, restore } = baseBackups(t, here);
    await addAccount(here.store, 'anna');
    const message = randomBytes(10 * MiB);
    let filed = 0;
    const file = async (octets: Buffer): Promise<void> => {
      await patiently(() => deliver(here.store, octets, 'anna@group.test'));
      filed += 1;
    };
    const begun = performance.now();
    for (let n = 0; n < MESSAGES; n += 1) await file(message);
    context.diagnostic(`${MESSAGES} messages of 10 MiB filed in ${((performance.now() - begun) / 1000).toFixed(1)} s`);

    for (let round = 0; round < ROUNDS; round += 1) {
      // In turn: nothing goes on; mail does; and the receiver is held back in the middle of the
      // backup.
      const [mail, held] = [round % 3 > 0, round % 3 === 2];
      let taking = true;
      const goesOn = (): boolean => taking;
      const others = [
        (async () => {
          while (goesOn() && mail) {
            await file(randomBytes(20_000));
            await pause(between(20, 200));
          }
        })(),
        (async () => {
          for (let turn = 0; goesOn(); turn += 1) {
            // A backup has a round in front of it, which would wait for this one.
            if (held) await until('the base backup has begun', () => !goesOn() || begunIn(at('backups')), 60_000, 1);
            if (!goesOn()) break;
            const received = backups.log.round();
            const receiver = held ? await heldBack() : undefined;
            if (receiver !== undefined) {
              // What is removed behind a backup waits for the round as well.
              const over = (): boolean => childOf(process.pid, 'pg_basebackup') === undefined;
              await until('the base backup is over', over, 120_000, 5).finally(() => process.kill(receiver, 'SIGCONT'));
            }
            await received;
            await pause(between(50, 500));
          }
        })(),
      ];
      const before = filed;
      const { path } = await backups.take({ actor: { name: 'test' } });
      taking = false;
      await Promise.all(others);
      const done = await restore(path, at('restored'), { sample: 20 });
      assert.ok(done.passed, failure(done));
      const { start, startOctets } =
        (JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest).store.postgres ?? {};
      const log = done.steps.find(({ step }) => step === 'log')?.found ?? 'no log behind it';
      const { found } = done.steps.find(({ step }) => step === 'counts')!;
      context.diagnostic(
        `round ${round + 1}${mail ? ', mail' : ''}${held ? ', receiver held' : ''}: ${before} filed before; whole in ${start} at ${startOctets}; ${log}; ${found}`,
      );
      rmSync(at('restored'), { recursive: true });
    }
  },
);

/** Again where the servers of a busy machine did not answer in time: nothing was filed then. */
async function patiently(work: () => Promise<unknown>): Promise<void> {
  for (let turn = 1; ; turn += 1)
    try {
      await work();
      return;
    } catch (error) {
      if (turn === 50 || !(error instanceof StoreUnavailable)) throw error;
      await pause(200);
    }
}

/** Octets of the server have come: it has noted where in its log the backup begins. */
const begunIn = (folder: string): boolean =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.partial'))
    .some((name) => (statSync(join(folder, name, 'base', 'base.tar'), { throwIfNoEntry: false })?.size ?? 0) > 0);

/** Each program is first asked for its version. */
const childStarted = async (name: string, word: string): Promise<number | undefined> => {
  for (const end = performance.now() + 2000; performance.now() < end; await pause(1)) {
    const child = childOf(process.pid, name, word);
    if (child !== undefined) return child;
  }
  return undefined;
};

/** The receiver of this process, standing still; undefined if it was over before. */
async function heldBack(): Promise<number | undefined> {
  const receiver = await childStarted('pg_receivewal', '--endpos');
  try {
    if (receiver !== undefined) process.kill(receiver, 'SIGSTOP');
    return receiver;
  } catch {
    return undefined;
  }
}
