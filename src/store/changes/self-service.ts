/**
 * How accounts get into their own pages; each change with its audit row. The caller judges the
 * password (auth/). Judged here, in the transaction that lets somebody in: that a code counts once,
 * and how often it was guessed.
 */
import { timingSafeEqual } from 'node:crypto';
import { grouped } from '../../crypto/keys/base32.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import {
  MAILED_KEPT,
  MAILED_LIFE,
  MAX_MAILED_CODES,
  MAX_MAILED_TRIES,
  MAX_SELF_SERVICE_SESSIONS,
  SELF_SERVICE_KEPT,
} from '../../domain/self-service.ts';
import type { Instant } from '../../domain/units.ts';
import type { Actor } from '../actor.ts';
import type { NewSession } from '../console.ts';
import type { MailedCode, MailedTried, ShownLogIn, TriedCode } from '../self-service.ts';
import { as, bytes, int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

export class SelfServiceChanges {
  /** Makes a code. False: as many were made for this account within the hour as are allowed. */
  *makeCode(context: ChangeContext, { browser, account, password, passwordAt, code }: MailedCode): Change<boolean> {
    const { at } = context;
    // Locks the row of the account, so that two codes at the same time count one after the other.
    const { login } = yield* sql.one({ login: text })`SELECT login FROM account WHERE id = ${account} ${locked}`;
    yield* sql.run`
      DELETE FROM self_service_code WHERE browser IN (
        SELECT browser FROM self_service_code WHERE made_at < ${at - MAILED_KEPT} ORDER BY made_at LIMIT 100)`;
    const { n } = yield* sql.one({ n: int })`
      SELECT count(*) AS n FROM self_service_code WHERE account = ${account} AND made_at > ${at - MAILED_KEPT}`;
    if (n >= MAX_MAILED_CODES) return false;
    yield* sql.run`
      INSERT INTO self_service_code (browser, account, password, password_at, code, made_at)
      VALUES (${browser}, ${account}, ${password}, ${passwordAt}, ${code}, ${at})`;
    yield* context.record('self-service.code-made', account, { name: login }, {}, {});
    return true;
  }

  /** Uses the code up: whoever shows it is logged in. A wrong one is counted. */
  *logIn(context: ChangeContext, { browser, code }: TriedCode, session: NewSession): Change<MailedTried> {
    const row = yield* sql.first(CODE)`
      SELECT c.account, c.password, c.password_at, c.code, c.tries, c.made_at, c.used_at FROM self_service_code c
       WHERE c.browser = ${browser} ${locked}`;
    if (row === undefined) return { kind: 'refused', why: 'unknown' };
    if (row.tries >= MAX_MAILED_TRIES) return { kind: 'refused', why: 'spent' };
    if (!timingSafeEqual(row.code, code)) {
      yield* sql.run`UPDATE self_service_code SET tries = tries + 1 WHERE browser = ${browser}`;
      return { kind: 'refused', why: 'wrong' };
    }
    if (row.usedAt !== null || row.madeAt <= context.at - MAILED_LIFE) return { kind: 'refused', why: 'ended' };
    yield* sql.run`UPDATE self_service_code SET used_at = ${context.at} WHERE browser = ${browser}`;
    yield* begin(context, row, session, undefined);
    return { kind: 'in' };
  }

  /** Logs in with the password and the client certificate with this fingerprint. */
  *logInByCertificate(
    context: ChangeContext,
    shown: ShownLogIn,
    session: NewSession,
    certificate: string,
  ): Change<void> {
    yield* begin(context, shown, session, certificate);
  }

  /** Notes that a session is used, at most once a minute. */
  *seen(_context: ChangeContext, session: string, at: Instant): Change<void> {
    yield* sql.run`UPDATE self_service_session SET seen_at = ${at} WHERE id = ${session} AND seen_at < ${at}`;
  }

  /** Ends a session; false: it had ended. */
  *endSession(context: ChangeContext, id: string, actor: Actor): Change<boolean> {
    const row = yield* sql.first({ account: as<AccountId>(int) })`
      SELECT account FROM self_service_session WHERE id = ${id} AND ended_at IS NULL ${locked}`;
    if (row === undefined) return false;
    yield* sql.run`UPDATE self_service_session SET ended_at = ${context.at} WHERE id = ${id}`;
    yield* context.record('self-service.logged-out', row.account, actor, {}, { session: grouped(id) });
    return true;
  }
}

const CODE = {
  account: as<AccountId>(int),
  password: text,
  passwordAt: time,
  code: bytes,
  tries: int,
  madeAt: time,
  usedAt: orNull(time),
};

function* begin(
  context: ChangeContext,
  { account, password, passwordAt }: ShownLogIn,
  { id, hash, network }: NewSession,
  certificate: string | undefined,
): Change<void> {
  const { at } = context;
  const { login } = yield* sql.one({ login: text })`SELECT login FROM account WHERE id = ${account}`;
  yield* sql.run`
    DELETE FROM self_service_session WHERE id IN (
      SELECT id FROM self_service_session WHERE seen_at < ${at - SELF_SERVICE_KEPT} ORDER BY seen_at LIMIT 100)`;
  // Beyond the limit the oldest sessions end.
  yield* sql.run`
    UPDATE self_service_session SET ended_at = ${at} WHERE id IN (
      SELECT id FROM self_service_session WHERE account = ${account} AND ended_at IS NULL
       ORDER BY made_at DESC, id LIMIT 100 OFFSET ${MAX_SELF_SERVICE_SESSIONS - 1})`;
  yield* sql.run`
    INSERT INTO self_service_session (id, hash, account, password, password_at, certificate, network, made_at, seen_at)
    VALUES (${id}, ${hash}, ${account}, ${password}, ${passwordAt}, ${certificate ?? null}, ${network}, ${at}, ${at})`;
  const facts = { session: grouped(id), password, ...defined({ certificate }) };
  yield* context.record('self-service.logged-in', account, { name: login }, { network }, facts);
}
