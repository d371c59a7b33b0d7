/**
 * Changes to how operators get into the web console; each with its audit row. The caller judges
 * what a browser shows (console/login). Judged here, in the transaction that lets somebody in: that
 * a challenge is answered once, a code is used once, and passkey and operator are still valid.
 *
 * They throw RegistryError: `exists`, `unknown` and `ended` as in the registry.
 */
import { timingSafeEqual } from 'node:crypto';
import { grouped } from '../../crypto/keys/base32.ts';
import {
  CONSOLE_CODE_LIFE,
  CONSOLE_KEPT,
  MAX_CONSOLE_CODE_TRIES,
  MAX_CONSOLE_SESSIONS,
  MAX_PASSKEYS,
  type Means,
  PROOF_KEPT,
} from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import { type Instant, instant, iso } from '../../domain/units.ts';
import type { Actor } from '../actor.ts';
import type { CodeTried, NewPasskey, NewSession } from '../console.ts';
import { holderOf } from '../reads/operators.ts';
import { RegistryError } from '../registry.ts';
import { bytes, int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { currentOperator, notEnded, refuseFederated } from './operator-row.ts';

/** A code as it is shown: its id, and SHA-256 of the whole. */
interface ShownCode {
  readonly id: string;
  readonly hash: Uint8Array;
}

export class ConsoleChanges {
  /**
   * Makes a new one-time code for an operator; the previous one is void. Returns until when it is
   * valid.
   */
  *makeCode(context: ChangeContext, name: string, { id, hash }: ShownCode, actor: Actor): Change<Instant> {
    const { id: operator } = yield* currentOperator(context, name);
    yield* refuseFederated(name, operator, 'a passkey would let him in without them');
    const endsAt = instant(context.at + CONSOLE_CODE_LIFE);
    yield* sql.run`
      INSERT INTO operator_code (id, operator, hash, made_at, ends_at) VALUES (${id}, ${operator}, ${hash}, ${context.at}, ${endsAt})
      ON CONFLICT (operator) DO UPDATE
         SET id = excluded.id, hash = excluded.hash, tries = 0, made_at = excluded.made_at, ends_at = excluded.ends_at`;
    yield* context.record('operator.code-made', null, actor, { operator: name }, { ends: iso(endsAt) });
    return endsAt;
  }

  /** Finds the operator whose code it is. A wrong code with a known id is counted. */
  *tryCode(context: ChangeContext, code: ShownCode): Change<CodeTried> {
    const tried = yield* judgeCode(context, code);
    if (tried.kind === 'refused' && tried.why === 'wrong')
      yield* sql.run`UPDATE operator_code SET tries = tries + 1 WHERE id = ${code.id}`;
    return tried;
  }

  /**
   * Uses the code up: the passkey is valid from now on, and its owner is logged in. Returns who it
   * is.
   */
  *register(
    context: ChangeContext,
    code: ShownCode,
    passkey: NewPasskey,
    session: NewSession,
    proof: Uint8Array,
  ): Change<string> {
    const tried = yield* judgeCode(context, code);
    if (tried.kind === 'refused') throw new RegistryError('ended', 'The code is no longer valid; ask for a new one');
    const { name } = tried.holder;
    const { id: operator } = yield* currentOperator(context, name);
    yield* spend(context, proof);
    const { n } = yield* sql.one({ n: int })`
      SELECT count(*) AS n FROM operator_passkey WHERE operator = ${operator} AND ended_at IS NULL`;
    if (n >= MAX_PASSKEYS)
      throw new RegistryError('exists', `Operator "${name}" has ${n} passkeys, the most there can be; end one first`);
    const same = yield* sql.first({ id: text })`
      SELECT id FROM operator_passkey WHERE credential = ${passkey.credential} ${locked}`;
    if (same !== undefined)
      throw new RegistryError('exists', 'This passkey is registered already; register another one');
    yield* sql.run`DELETE FROM operator_code WHERE id = ${code.id}`;
    const { id, credential, publicKey, counter, transports, model, synced } = passkey;
    yield* sql.run`
      INSERT INTO operator_passkey (id, operator, credential, public_key, counter, transports, model, synced, added_at, last_used_at)
      VALUES (${id}, ${operator}, ${credential}, ${publicKey}, ${counter}, ${transports.join(' ')}, ${model}, ${synced}, ${context.at}, ${context.at})`;
    const facts = { passkey: grouped(id), model, synced };
    yield* context.record(
      'operator.passkey-added',
      null,
      { name },
      { operator: name, network: session.network },
      facts,
    );
    yield* beginSession(context, { name, operator, means: 'passkey', passkey: id }, session);
    return name;
  }

  /** Logs in whoever answered the challenge with this passkey. Returns who it is. */
  *logIn(
    context: ChangeContext,
    passkey: string,
    counter: number,
    session: NewSession,
    proof: Uint8Array,
  ): Change<string> {
    const { name, operator } = yield* heldPasskey(context, passkey);
    yield* spend(context, proof);
    yield* used(context, passkey, counter);
    yield* beginSession(context, { name, operator, means: 'passkey', passkey }, session);
    return name;
  }

  /** The passkey of the session was used again. */
  *prove(context: ChangeContext, session: string, passkey: string, counter: number, proof: Uint8Array): Change<void> {
    const { name, operator } = yield* heldPasskey(context, passkey);
    yield* spend(context, proof);
    yield* used(context, passkey, counter);
    yield* proveSession(context, session, { name, operator, means: 'passkey', passkey });
  }

  /** Notes that a session is used, at most once a minute. */
  *seen(_context: ChangeContext, session: string, at: Instant): Change<void> {
    yield* sql.run`UPDATE console_session SET seen_at = ${at} WHERE id = ${session} AND seen_at < ${at}`;
  }

  /** Ends a session. False: it had ended. Throws `unknown` if there is no such session. */
  *endSession(context: ChangeContext, id: string, actor: Actor): Change<boolean> {
    const row = yield* sql.first({ operator: text, endedAt: orNull(time) })`
      SELECT o.name AS operator, s.ended_at FROM console_session s JOIN operator o ON o.id = s.operator WHERE s.id = ${id} ${locked}`;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no session "${grouped(id)}"; "sluis operator session list" shows those there are`,
      );
    if (row.endedAt !== null) return false;
    yield* sql.run`UPDATE console_session SET ended_at = ${context.at} WHERE id = ${id}`;
    yield* context.record('console.logged-out', null, actor, { operator: row.operator }, { session: grouped(id) });
    return true;
  }

  /** Ends a passkey for good, and the sessions that it began. */
  *endPasskey(context: ChangeContext, id: string, actor: Actor): Change<void> {
    const row = yield* sql.first({ operator: text, holder: int, endedAt: orNull(time) })`
      SELECT o.name AS operator, k.operator AS holder, k.ended_at FROM operator_passkey k JOIN operator o ON o.id = k.operator WHERE k.id = ${id} ${locked}`;
    const { operator, holder } = notEnded(row, 'passkey', id);
    yield* sql.run`UPDATE operator_passkey SET ended_at = ${context.at} WHERE id = ${id}`;
    yield* sql.run`
      UPDATE console_session SET ended_at = ${context.at} WHERE operator = ${holder} AND passkey = ${id} AND ended_at IS NULL`;
    yield* context.record('operator.passkey-ended', null, actor, { operator }, { passkey: grouped(id) });
  }
}

/**
 * A login to the console: who, and by which means. `endsAt`: an end that comes before that of other
 * sessions.
 */
export interface Entering {
  readonly name: string;
  readonly operator: number;
  readonly means: Means;
  readonly passkey?: string;
  /** SHA-256 of the client certificate that was the second factor. */
  readonly certificate?: string;
  readonly endsAt?: Instant;
}

export function* beginSession(
  context: ChangeContext,
  { name, operator, means, passkey, certificate, endsAt }: Entering,
  { id, hash, network }: NewSession,
): Change<void> {
  yield* sweep(context);
  // Beyond the limit the oldest sessions end.
  yield* sql.run`
    UPDATE console_session SET ended_at = ${context.at} WHERE id IN (
      SELECT id FROM console_session WHERE operator = ${operator} AND ended_at IS NULL
       ORDER BY made_at DESC, id LIMIT ${MAX_PASSKEYS * MAX_CONSOLE_SESSIONS} OFFSET ${MAX_CONSOLE_SESSIONS - 1})`;
  yield* sql.run`
    INSERT INTO console_session (id, hash, operator, means, passkey, network, made_at, seen_at, proven_at, ends_at)
    VALUES (${id}, ${hash}, ${operator}, ${means}, ${passkey ?? null}, ${network}, ${context.at}, ${context.at}, ${context.at}, ${endsAt ?? null})`;
  const facts = {
    session: grouped(id),
    means,
    ...defined({ passkey: passkey && grouped(passkey), certificate }),
  };
  yield* context.record('console.logged-in', null, { name }, { network }, facts);
}

/** The holder of the session has proved again that it is he. */
export function* proveSession(
  context: ChangeContext,
  session: string,
  { name, operator, means, passkey }: Entering,
): Change<void> {
  const held = yield* sql.first({ id: text })`
    SELECT id FROM console_session WHERE id = ${session} AND operator = ${operator} AND ended_at IS NULL ${locked}`;
  if (held === undefined) throw new RegistryError('ended', 'The session has ended; log in again');
  yield* sql.run`UPDATE console_session SET proven_at = ${context.at}, seen_at = ${context.at} WHERE id = ${session}`;
  const facts = { session: grouped(session), means, ...(passkey !== undefined && { passkey: grouped(passkey) }) };
  yield* context.record('console.proven', null, { name }, {}, facts);
}

/** Ends the sessions of an operator whose rights have changed, or who has ended. */
export function* endSessionsOf({ at }: ChangeContext, operator: number): Change<void> {
  yield* sql.run`UPDATE console_session SET ended_at = ${at} WHERE operator = ${operator} AND ended_at IS NULL`;
}

/** Ends passkeys and sessions of an operator who has ended. */
export function* endAccessOf(context: ChangeContext, operator: number): Change<void> {
  yield* endSessionsOf(context, operator);
  yield* sql.run`UPDATE operator_passkey SET ended_at = ${context.at} WHERE operator = ${operator} AND ended_at IS NULL`;
  yield* sql.run`DELETE FROM operator_code WHERE operator = ${operator}`;
  yield* sql.run`DELETE FROM break_glass WHERE operator = ${operator}`;
}

/** A valid passkey with its operator. Throws RegistryError `ended`. */
export function* heldPasskey(
  context: ChangeContext,
  id: string,
): Change<{ readonly name: string; readonly operator: number; readonly organisation: number | null }> {
  const row = yield* sql.first({ name: text })`
    SELECT o.name FROM operator_passkey k JOIN operator o ON o.id = k.operator AND o.ended_at IS NULL
     WHERE k.id = ${id} AND k.ended_at IS NULL ${locked}`;
  if (row === undefined) throw new RegistryError('ended', 'The passkey has ended; ask for a new code');
  const { id: operator, organisation } = yield* currentOperator(context, row.name);
  return { name: row.name, operator, organisation };
}

function* judgeCode({ at }: ChangeContext, { id, hash }: ShownCode): Change<CodeTried> {
  const row = yield* sql.first({ operator: int, hash: bytes, tries: int, endsAt: time })`
    SELECT operator, hash, tries, ends_at FROM operator_code WHERE id = ${id} ${locked}`;
  if (row === undefined) return { kind: 'refused', why: 'unknown' };
  const holder = yield* holderOf(row.operator);
  const refused = (why: 'wrong' | 'spent' | 'ended'): CodeTried => ({ kind: 'refused', why, operator: holder.name });
  if (row.tries >= MAX_CONSOLE_CODE_TRIES) return refused('spent');
  if (!timingSafeEqual(row.hash, hash)) return refused('wrong');
  if (row.endsAt <= at || (holder.endsAt !== undefined && holder.endsAt <= at)) return refused('ended');
  return { kind: 'valid', holder };
}

/** Uses a challenge up, so that its answer serves nobody again. */
export function* spend({ at }: ChangeContext, proof: Uint8Array): Change<void> {
  const spent = yield* sql.first({ at: time })`SELECT at FROM console_proof WHERE hash = ${proof} ${locked}`;
  if (spent !== undefined) throw new RegistryError('ended', 'That answer was given before; begin again');
  yield* sql.run`INSERT INTO console_proof (hash, at) VALUES (${proof}, ${at})`;
}

/** Notes a use. The counter of a passkey that is copied between devices stays 0. */
export function* used({ at }: ChangeContext, passkey: string, counter: number): Change<void> {
  yield* sql.run`UPDATE operator_passkey SET counter = ${counter}, last_used_at = ${at} WHERE id = ${passkey}`;
}

/** Removes what is past its time, a few rows at each login. */
function* sweep({ at }: ChangeContext): Change<void> {
  yield* sql.run`
    DELETE FROM console_proof WHERE hash IN (SELECT hash FROM console_proof WHERE at < ${at - PROOF_KEPT} ORDER BY at LIMIT 100)`;
  yield* sql.run`
    DELETE FROM console_session WHERE id IN (
      SELECT id FROM console_session WHERE seen_at < ${at - CONSOLE_KEPT} ORDER BY seen_at LIMIT 100)`;
}
