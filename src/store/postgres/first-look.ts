/**
 * What a new connection is set to, and what must be true of its server: asked in one round trip.
 */
import type { ConnectFailure } from './connect-problem.ts';

const OLDEST = 16;

/**
 * Set here, whatever the server, the database or the role has: a time-out that ends the wait for a
 * standby would let an acknowledgement pass, and so would `synchronous_commit` below `on`; above
 * `warning` the notices stay away that tell of it. `transaction_timeout` came with 17.
 *
 * One time-out there is: a transaction whose gateway says nothing for ten seconds is undone. A
 * gateway that hangs held the rows that it had locked, and with them every other gateway, for as
 * long as its connections stood. It counts between two statements alone, so it never ends a COMMIT
 * that waits.
 */
const settings = (lockWithin: number): readonly (readonly [name: string, value: string])[] => [
  ['client_min_messages', 'warning'],
  ['synchronous_commit', 'on'],
  ['statement_timeout', '0'],
  ['idle_in_transaction_session_timeout', '10s'],
  ['idle_session_timeout', '0'],
  ['lock_timeout', String(lockWithin)],
  ['bytea_output', 'hex'],
  ['TimeZone', 'UTC'],
];

/**
 * Of the log that a primary writes. The number is in the first eight hexadecimal digits of the name
 * of a file of the log.
 */
export const TIMELINE = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int";
/** The timeline of a primary; 0 on a server in recovery. */
export const TIMELINE_IF_PRIMARY = `CASE WHEN pg_is_in_recovery() THEN 0 ELSE ${TIMELINE} END`;

export const firstLook = (lockWithin: number): string => `
  SELECT pg_backend_pid(), current_setting('server_version_num'), pg_is_in_recovery(), current_setting('default_transaction_read_only'),
         ${TIMELINE_IF_PRIMARY},
         ${settings(lockWithin)
           .map(([name, value]) => `set_config('${name}', '${value}', false)`)
           .join(', ')},
         CASE WHEN current_setting('server_version_num')::int >= 170000 THEN set_config('transaction_timeout', '0', false) END`;

export interface Facts {
  /** Number of the server's process that serves this connection. */
  readonly pid: number;
  /** Version as a number: 170012 is 17.12. */
  readonly version: number;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  /**
   * Timeline of the server's log; 0 in recovery. It stays the same as long as the connection lives.
   */
  readonly timeline: number;
}

export const factsOf = ([pid, version, inRecovery, readOnly, timeline]: readonly unknown[]): Facts => ({
  pid: Number(pid),
  version: Number(version),
  inRecovery: inRecovery === true,
  readOnly: readOnly === 'on',
  timeline: Number(timeline),
});

/**
 * What is wrong with it, if anything. A pooler gives each of its clients a number of process of its
 * own making, while a server, asked behind it, says the one that it has: whoever may give our next
 * transaction to another process is told by that.
 */
export function unfit(
  { pid, version, inRecovery, readOnly }: Facts,
  toldPid: number | null,
  standby: boolean,
): ConnectFailure | undefined {
  if (pid !== toldPid)
    return [
      'pooler',
      'a pooler stands between: it said another number of process than the server behind it',
      'name the server itself in "hosts" of [store]; a pooler hides what a commit is worth',
    ];
  if (version < OLDEST * 10_000)
    return [
      'version',
      `it is version ${Math.floor(version / 10_000)}, expected ${OLDEST} or newer`,
      'bring it up to 17 or 18 with pg_upgrade',
    ];
  if (standby) return undefined;
  if (inRecovery) return ['read-only', 'it is a standby', 'name the primary in "hosts" too, or promote this one'];
  if (readOnly)
    return ['read-only', 'it is read-only', 'take default_transaction_read_only back where it was set to on'];
  return undefined;
}
