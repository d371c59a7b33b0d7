/** Reads of passkeys, and of who is logged in to the web console. */
import { MAX_CONSOLE_SESSIONS, MAX_PASSKEYS, type Means } from '../../domain/console.ts';
import { MAX_OPERATORS } from '../../domain/second-person.ts';
import type { HeldPasskey, HeldSession, PasskeyRecord, SessionRecord, SessionTimes } from '../console.ts';
import { type Column, as, bytes, flag, int, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { holderOf } from './operators.ts';

const TRANSPORTS: Column<readonly string[]> = {
  type: 'text',
  read: (raw) => (raw === '' ? [] : (raw as string).split(' ')),
};
const HELD = {
  id: text,
  holder: int,
  credential: bytes,
  publicKey: bytes,
  counter: int,
  transports: TRANSPORTS,
  model: text,
  synced: flag,
};
const PASSKEY = {
  id: text,
  operator: text,
  transports: TRANSPORTS,
  model: text,
  synced: flag,
  addedAt: time,
  lastUsedAt: optional(time),
  endedAt: optional(time),
};
const SESSION = {
  id: text,
  operator: text,
  means: as<Means>(text),
  passkey: optional(text),
  network: text,
  madeAt: time,
  seenAt: time,
  provenAt: time,
};
/** Columns of the tables `k` and `s`. */
const HELD_COLUMNS = words(
  'k.id, k.operator AS holder, k.credential, k.public_key, k.counter, k.transports, k.model, k.synced',
);
const SESSION_COLUMNS = words(
  's.id, o.name AS operator, s.means, s.passkey, s.network, s.made_at, s.seen_at, s.proven_at',
);

export class ConsoleReads {
  /**
   * A passkey by its id at the authenticator; undefined: it belongs to nobody who may do anything
   * now.
   */
  *passkey({ at }: Now, credential: Uint8Array): Change<HeldPasskey | undefined> {
    const row = yield* sql.first(HELD)`
      SELECT ${HELD_COLUMNS} FROM operator_passkey k JOIN operator o ON o.id = k.operator AND o.ended_at IS NULL
       WHERE k.credential = ${credential} AND k.ended_at IS NULL`;
    if (row === undefined) return undefined;
    const holder = yield* holderOf(row.holder);
    return holder.endsAt === undefined || holder.endsAt > at ? { ...row, holder } : undefined;
  }

  /** Passkeys of registered operators, valid and ended; newest first. */
  *passkeys(_now: Now): Change<readonly PasskeyRecord[]> {
    return yield* sql.all(PASSKEY)`
      SELECT k.id, o.name AS operator, k.transports, k.model, k.synced, k.added_at, k.last_used_at, k.ended_at
        FROM operator_passkey k JOIN operator o ON o.id = k.operator
       WHERE o.ended_at IS NULL ORDER BY k.added_at DESC, k.id LIMIT ${MAX_OPERATORS * MAX_PASSKEYS}`;
  }

  /** Ids, at their authenticators, of an operator's valid passkeys. */
  *credentials(
    _now: Now,
    operator: string,
  ): Change<readonly { credential: Uint8Array; transports: readonly string[] }[]> {
    return yield* sql.all({ credential: bytes, transports: TRANSPORTS })`
      SELECT k.credential, k.transports FROM operator_passkey k JOIN operator o ON o.id = k.operator AND o.ended_at IS NULL
       WHERE o.name = ${operator} AND k.ended_at IS NULL ORDER BY k.id LIMIT ${MAX_PASSKEYS}`;
  }

  /**
   * A session by SHA-256 of what the browser has; undefined: it is no longer valid, or its operator
   * may do nothing now.
   */
  *session({ at }: Now, hash: Uint8Array, { idle, longest }: SessionTimes): Change<HeldSession | undefined> {
    const row = yield* sql.first({ ...SESSION, holder: int })`
      SELECT ${SESSION_COLUMNS}, s.operator AS holder
        FROM console_session s JOIN operator o ON o.id = s.operator AND o.ended_at IS NULL
       WHERE s.hash = ${hash} AND s.ended_at IS NULL AND s.seen_at > ${at - idle} AND s.made_at > ${at - longest}
         AND (s.ends_at IS NULL OR s.ends_at > ${at})`;
    if (row === undefined) return undefined;
    const holder = yield* holderOf(row.holder);
    return holder.endsAt === undefined || holder.endsAt > at ? { ...row, holder } : undefined;
  }

  /** Valid sessions, newest first. */
  *sessions({ at }: Now, { idle, longest }: SessionTimes): Change<readonly SessionRecord[]> {
    return yield* sql.all(SESSION)`
      SELECT ${SESSION_COLUMNS} FROM console_session s JOIN operator o ON o.id = s.operator AND o.ended_at IS NULL
       WHERE s.ended_at IS NULL AND s.seen_at > ${at - idle} AND s.made_at > ${at - longest}
         AND (s.ends_at IS NULL OR s.ends_at > ${at})
       ORDER BY s.made_at DESC, s.id LIMIT ${MAX_OPERATORS * MAX_CONSOLE_SESSIONS}`;
  }
}
