/** Who is logged in to the pages of accounts. */
import type { AccountId } from '../../domain/ids.ts';
import type { SessionTimes } from '../console.ts';
import type { SelfServiceSession } from '../self-service.ts';
import { as, int, optional, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const SESSION = {
  id: text,
  account: as<AccountId>(int),
  login: text,
  password: text,
  passwordAt: time,
  certificate: optional(text),
  network: text,
  madeAt: time,
  seenAt: time,
};

export class SelfServiceReads {
  /**
   * A session by SHA-256 of what the browser has; undefined: it is no longer valid. The registry
   * says whether its login still stands.
   */
  *session({ at }: Now, hash: Uint8Array, { idle, longest }: SessionTimes): Change<SelfServiceSession | undefined> {
    return yield* sql.first(SESSION)`
      SELECT s.id, s.account, a.login, s.password, s.password_at, s.certificate, s.network, s.made_at, s.seen_at
        FROM self_service_session s JOIN account a ON a.id = s.account
       WHERE s.hash = ${hash} AND s.ended_at IS NULL AND s.seen_at > ${at - idle} AND s.made_at > ${at - longest}`;
  }
}
