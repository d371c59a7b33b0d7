/**
 * Receives the log of a server with pg_receivewal, each time up to what the primary had flushed
 * when it was asked: a program that ends by itself, so that none is left behind by a gateway that
 * dies. Between two times a slot of the server keeps what is to come; of several gateways that
 * receive at once the slot lets one.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../domain/effects.ts';
import { type Instant, minutes, seconds } from '../../domain/units.ts';
import { CopyFailed, type LogKept, type ReceivedLog } from '../copies.ts';
import { int, long, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { placeOf } from './access.ts';
import { type CopyingOptions, caughtUp, environmentOf, withServer } from './copy-access.ts';
import { programFor, run } from './programs.ts';
import { SLOT, type SlotSeen, type Slots, slotsOf } from './slots.ts';
import { type Standstill, stateOf } from './standstill.ts';

const CATCH_UP = seconds(30);
/**
 * Longest run: after some days without one there are hours of log to receive; what was received
 * stays.
 */
const PATIENCE = minutes(60);
/**
 * What the primary has flushed is there to be sent: nothing of it in that time is a server that
 * hangs.
 */
const NOTHING_WITHIN = minutes(5);

/**
 * Words of the server by which what comes next is gone, or lies on a timeline that it never had.
 */
const GONE =
  /has already been removed|has been invalidated|can no longer|is not in this server's history|ahead of the (WAL )?flush position/;

export interface ReceivingParts {
  readonly clock: Clock;
  readonly flushed: () => Promise<{ readonly at: Instant; readonly end: bigint }>;
}

export async function receiveLog(
  options: CopyingOptions,
  folder: string,
  { clock, flushed }: ReceivingParts,
): Promise<ReceivedLog> {
  const { at, end } = await flushed();
  const { version, fileOctets, slot } = await withServer(options, async (ask) => {
    await caughtUp(options, () => ask(received()), { end, within: CATCH_UP });
    return { ...(await ask(shape())), slot: ownIn(await ask(slotsOf())) };
  });
  const path = await programFor('pg_receivewal', version, options.programs);
  const standstill: Standstill = {
    clock,
    server: placeOf(options.server),
    within: NOTHING_WITHIN,
    brought: () => stateOf(folder, '.partial'),
  };
  const call = async (...words: readonly string[]): Promise<void> => {
    const args = ['--slot', SLOT, '--no-password', ...words];
    await run(path, { arguments: args, env: environmentOf(options), within: PATIENCE, standstill });
  };
  await removeUnfinished(folder, fileOctets);
  // A slot that was cut off keeps nothing any more, though it can still be used.
  if (slot?.lost === true) await call('--drop-slot');
  if (slot?.lost !== false) await call('--create-slot', '--if-not-exists');
  try {
    // It stops behind the octet that it is given. Without --synchronous the slot is told of nothing
    // within ten seconds.
    await call('--directory', folder, '--endpos', positionText(end - 1n), '--no-loop', '--synchronous');
  } catch (error) {
    if (!(error instanceof CopyFailed) || !GONE.test(error.message)) throw error;
    // The slot was cut off meanwhile, or belongs to an earlier time: the next run makes a new one.
    await call('--drop-slot').catch(() => undefined);
    throw new CopyFailed(error.message, { gap: true, cause: error });
  }
  return { at, end, fileOctets, server: placeOf(options.server) };
}

/**
 * A file that was made when the disk was full is shorter than all others, and pg_receivewal goes on
 * behind none of those: it fills a file with zeros before it writes the first octet that it
 * received, so nothing is lost with it.
 */
async function removeUnfinished(folder: string, fileOctets: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.partial') && (await stat(path)).size !== fileOctets) await rm(path);
  }
}

/**
 * What the slot keeps at present; undefined if there is none, because it was cut off or somebody
 * dropped it.
 */
export const keptFor = (options: CopyingOptions): Promise<LogKept> =>
  withServer(options, async (ask) => {
    const { limit, ...seen } = await ask(slotsOf());
    const slot = ownIn(seen);
    if (slot === undefined || slot.lost) return { kept: 0, left: 0 };
    return { kept: slot.kept, ...(limit === undefined ? {} : { left: Math.max(0, limit - slot.kept) }) };
  });

const ownIn = ({ slots }: Pick<Slots, 'slots'>): SlotSeen | undefined => slots.find(({ name }) => name === SLOT);

function* received(): Change<bigint> {
  const { end } = yield* sql.one({ end: long })`
    SELECT CAST(CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                     ELSE pg_current_wal_flush_lsn() END - '0/0' AS bigint) AS "end"`;
  return end;
}

function* shape(): Change<{ readonly version: string; readonly fileOctets: number }> {
  return yield* sql.one({ version: text, fileOctets: int })`
    SELECT current_setting('server_version') AS version,
           (SELECT CAST(setting AS bigint) FROM pg_settings WHERE name = 'wal_segment_size') AS file_octets`;
}

/** A position as PostgreSQL writes it: `1/2A000148`. */
const positionText = (position: bigint): string =>
  `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`.toUpperCase();
