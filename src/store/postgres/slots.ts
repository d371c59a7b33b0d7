/**
 * Slots of a server: each keeps the log that whoever it is for has not received yet. Where that one
 * stays away and nothing bounds it, the disk of the server fills, and with it mail stops; where
 * something does, the slot is cut off, and what it was for must begin again.
 */
import type { Milliseconds } from '../../domain/units.ts';
import { as, flag, int, optional, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

/** The slot by which the log behind base backups is received (copy-log.ts). */
export const SLOT = 'sluis_backup';

export interface SlotSeen {
  readonly name: string;
  /** Somebody receives by it at this moment. */
  readonly active: boolean;
  /** Octets of the log that it keeps. */
  readonly kept: number;
  /** True: the server has cut the slot off, which keeps no log from now on. */
  readonly lost: boolean;
  /** How long nobody has received by it. Absent: somebody does, or the server is older than 17. */
  readonly idle?: Milliseconds;
}

export interface Slots {
  readonly slots: readonly SlotSeen[];
  readonly standby: boolean;
  /** Octets that a slot may keep (max_slot_wal_keep_size). Absent: any number. */
  readonly limit?: number;
}

const MB = 1024 * 1024;

/**
 * Of the server that is asked, but for those that end with their connection; every role may ask. A
 * standby says nothing of use about how much is left, so that is reckoned from the limit.
 */
export function* slotsOf(): Change<Slots> {
  const { standby, limit } = yield* sql.one({ standby: flag, limit: int })`
    SELECT pg_is_in_recovery() AS standby, (SELECT CAST(setting AS bigint) FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS "limit"`;
  const slots = yield* sql.all({
    name: text,
    active: flag,
    lost: flag,
    kept: int,
    idle: optional(as<Milliseconds>(int)),
  })`
    SELECT CAST(slot_name AS text) AS name, active, coalesce(wal_status = 'lost', false) AS lost,
           CAST(greatest(CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                              ELSE pg_current_wal_flush_lsn() END - restart_lsn, 0) AS bigint) AS kept,
           CAST(extract(epoch FROM clock_timestamp() - CAST(to_jsonb(s) ->> 'inactive_since' AS timestamptz)) * 1000 AS bigint) AS idle
      FROM pg_replication_slots s WHERE NOT temporary ORDER BY slot_name`;
  return { standby, slots, ...(limit < 0 ? {} : { limit: limit * MB }) };
}
