/**
 * Base backups by pg_basebackup, or by the operator's own program, while mail goes on. They are
 * taken from one server, best the standby at the third place: it is waited for until it has what
 * the primary had at the begin, so whatever was acknowledged before is in the copy.
 *
 *   base/base.tar, base/pg_wal.tar   the data folder, and the log that makes it whole
 *   base/backup_manifest             the SHA-256 of each file in it, as the server sent it
 *   operators.json                   who may approve a restore
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintOfCheck } from '../../crypto/keys/key-fingerprint.ts';
import { lanesHash } from '../../crypto/trail/audit-lanes.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock } from '../../domain/effects.ts';
import type { Instant } from '../../domain/units.ts';
import { minutes } from '../../domain/units.ts';
import {
  CopyFailed,
  type CopyFacts,
  type CopyHead,
  type LogSource,
  type ServerFacts,
  type StoreCopy,
} from '../copies.ts';
import { countsOf } from '../core/copy-proof.ts';
import { OperatorReads } from '../reads/operators.ts';
import { TrailReads } from '../reads/trail.ts';
import { flag, int, long, time } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { StoreUnavailable } from '../store.ts';
import { placeOf } from './access.ts';
import { logEndOf, logRanges, refuseShortLog } from './base-log.ts';
import { type CopyingOptions, caughtUp, environmentOf, withServer } from './copy-access.ts';
import { keptFor, receiveLog } from './copy-log.ts';
import { DATABASE_NOW } from './lease-rows.ts';
import { programFor, run } from './programs.ts';
import { stateOf } from './standstill.ts';
import { storeFacts } from './store-facts.ts';

/** A line of 100 Mbit/s moves 400 GB in that time. */
const PATIENCE = 12 * 3600 * 1000;
/**
 * Before the first octet a server writes what it has in memory, and behind the last one the disk
 * here does.
 */
const NOTHING_WITHIN = minutes(15);
const CATCH_UP = minutes(1);
export const BASE = 'base';

export interface Reading {
  /** Reads on the primary. */
  readonly read: <T>(change: Change<T>) => Promise<T>;
  readonly clock: Clock;
}

/** The end of the primary's log, and the moment by its own clock. */
export function* flushedAt(): Change<{ readonly at: Instant; readonly end: bigint }> {
  return yield* sql.one({ at: time, end: long })`
    SELECT ${DATABASE_NOW} AS at, CAST(pg_current_wal_flush_lsn() - '0/0' AS bigint) AS "end"`;
}

export class CopySource {
  readonly #options: CopyingOptions;
  readonly #read: Reading['read'];
  readonly #clock: Clock;
  readonly log: LogSource | undefined;

  constructor(options: CopyingOptions, { read, clock }: Reading) {
    this.#options = options;
    this.#read = read;
    this.#clock = clock;
    const own = options.log && options.commands === undefined;
    this.log = own
      ? {
          receive: (folder) =>
            explained(() => receiveLog(options, folder, { clock, flushed: () => read(flushedAt()) })),
          kept: () => explained(() => keptFor(options)),
        }
      : undefined;
  }

  async size(): Promise<number> {
    if (this.#options.commands !== undefined) return 0;
    return (
      await this.#read(
        sql.one({ octets: int })`SELECT CAST(sum(pg_database_size(oid)) AS bigint) AS octets FROM pg_database`,
      )
    ).octets;
  }

  async copyTo(folder: string, told: (octets: number) => void): Promise<StoreCopy> {
    return await explained(async () => {
      const options = this.#options;
      const facts = await this.#factsFor(folder);
      const its = options.commands === undefined ? await this.#base(folder, facts, told) : await this.#label();
      const { version, fileOctets: _of, ...copied } = facts;
      const names = ['operators.json', ...its.names];
      return {
        facts: { ...copied, postgres: { version, server: placeOf(options.server), ...its.facts } },
        files: names.map((name) => ({ name })),
        logOctets: 0,
      };
    });
  }

  /** What the server has of the store, and who may approve its restoring, as a file. */
  async #factsFor(folder: string): Promise<ServersFacts> {
    const { end, at } = await this.#read(flushedAt());
    const options = this.#options;
    return await withServer(options, async (ask) => {
      await caughtUp(options, () => ask(replayed()), { end, within: CATCH_UP });
      await ask(refuseTablespaces());
      const reads = new OperatorReads();
      const ends = new Map((await ask(reads.list({ at }))).map(({ name, endsAt }) => [name, endsAt]));
      const rows = (await ask(reads.signers({ at }))).map(({ publicKey, ...of }) => ({
        ...of,
        publicKey: Buffer.from(publicKey).toString('hex'),
        ...defined({ endsAt: ends.get(of.name) }),
      }));
      await writeFile(join(folder, 'operators.json'), `${JSON.stringify(rows, null, 2)}\n`, {
        mode: 0o600,
        flag: 'wx',
      });
      return await ask(factsOfServer());
    });
  }

  async #base(folder: string, { version, fileOctets }: ServersFacts, told: (octets: number) => void): Promise<Its> {
    const options = this.#options;
    const path = await programFor('pg_basebackup', version, options.programs);
    await run(path, {
      arguments: [
        ...['--pgdata', join(folder, BASE), '--format', 'tar', '--wal-method', 'stream', '--checkpoint', 'fast'],
        ...['--manifest-checksums', 'SHA256', '--no-password', '--progress', '--label', 'sluis'],
      ],
      env: environmentOf(options),
      said: (words) => {
        const kilobytes = [...words.matchAll(/(\d+)\/\d+ kB/g)].at(-1)?.[1];
        if (kilobytes !== undefined) told(Number(kilobytes) * 1024);
      },
      within: PATIENCE,
      standstill: {
        clock: this.#clock,
        server: placeOf(options.server),
        within: NOTHING_WITHIN,
        brought: () => stateOf(join(folder, BASE)),
      },
    });
    const names = await readdir(join(folder, BASE));
    const ranges = await logRanges(join(folder, BASE, 'backup_manifest'));
    await refuseShortLog(join(folder, BASE, 'pg_wal.tar'), ranges, fileOctets);
    return { names: names.sort().map((name) => `${BASE}/${name}`), facts: logEndOf(ranges, fileOctets) };
  }

  async #label(): Promise<Its> {
    const { commands } = this.#options;
    if (commands === undefined) throw new CopyFailed('no program takes backups');
    const { printed } = await runCommand(commands.take, []);
    const label = printed.trimEnd().split('\n').at(-1)?.trim() ?? '';
    if (!/^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,199}$/.test(label))
      throw new CopyFailed(
        `"${commands.take[0] ?? ''}" did not say which backup it took: its last line is "${label.slice(0, 60)}", expected the name that check-command and restore-command know it by`,
      );
    await runCommand(commands.check, [label]);
    return { names: [], facts: { label } };
  }

  /** Rejects with CopyFailed if the operator's own program does not find the backup whole. */
  async check(label: string): Promise<void> {
    const { commands } = this.#options;
    if (commands === undefined)
      throw new CopyFailed('the program that took it is no longer in the configuration (backup.check-command)');
    await runCommand(commands.check, [label]);
  }
}

type ServersFacts = Omit<CopyFacts, 'postgres'> & { readonly version: string; readonly fileOctets: number };

interface Its {
  /** Names of files in the copy. */
  readonly names: readonly string[];
  readonly facts: Pick<ServerFacts, 'start' | 'startOctets' | 'label'>;
}

export const runCommand = ([program = '', ...words]: readonly string[], more: readonly string[]) =>
  run(program, { arguments: [...words, ...more], within: PATIENCE });

/** Turns an error of a server into CopyFailed. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new CopyFailed(error.message, { cause: error });
  }
}

function* replayed(): Change<bigint> {
  const { end } = yield* sql.one({ end: long })`
    SELECT CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0' AS bigint) AS "end"`;
  return end;
}

function* refuseTablespaces(): Change<void> {
  const { there } = yield* sql.one({ there: flag })`
    SELECT EXISTS (SELECT 1 FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')) AS there`;
  if (there)
    throw new CopyFailed(
      'the server has tablespaces of its own, which a base backup here does not take; move what is in them to pg_default, or let another program take backups (backup.take-command)',
    );
}

function* factsOfServer(): Change<ServersFacts> {
  const { storeId = '', keyCheck, serverVersion } = yield* storeFacts();
  const { schema, fileOctets } = yield* sql.one({ schema: int, fileOctets: int })`
    SELECT (SELECT max(version) FROM migration) AS schema,
           (SELECT CAST(setting AS bigint) FROM pg_settings WHERE name = 'wal_segment_size') AS file_octets`;
  return {
    storeId,
    ...(keyCheck === undefined ? {} : { masterKey: fingerprintOfCheck(keyCheck) }),
    schema,
    fileOctets,
    version: serverVersion,
    counts: yield* countsOf(),
    audit: yield* headOfLanes(),
  };
}

const LANES = 1000;

/** The chains of the trail that go on. */
function* headOfLanes(): Change<CopyHead> {
  const reads = new TrailReads();
  const { at } = yield* sql.one({ at: time })`SELECT ${DATABASE_NOW} AS at`;
  const open = [];
  for (let after = -1; ;) {
    const page = yield* reads.lanes({ at }, { after, endedSince: Number.MAX_SAFE_INTEGER, limit: LANES });
    open.push(...page);
    after = page.at(-1)?.lane ?? after;
    if (page.length < LANES) break;
  }
  const { seq } = yield* reads.head({ at });
  return {
    seq,
    hash: hex(lanesHash(open)),
    lanes: open.map(({ lane, place, hash }) => ({ lane, place, hash: hex(hash) })),
  };
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
