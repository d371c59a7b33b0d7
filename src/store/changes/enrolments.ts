/**
 * Changes to one-time codes; each with its audit row. A code's secret is compared in constant time.
 */
import { timingSafeEqual } from 'node:crypto';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import { foldLogin } from '../../domain/registry.ts';
import { type Instant, instant } from '../../domain/units.ts';
import {
  type Enrolment,
  type EnrolmentFault,
  type EnrolmentTry,
  type EnrolmentUse,
  type KeptCertificate,
  type NewEnrolment,
  type TriedEnrolment,
  type WantedUse,
  wantedUse,
} from '../certificates.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, as, bytes, flag, int, optional, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { addTo, holder } from './certificates.ts';
import type { ChangeContext } from './change-context.ts';
import { accountIn, accountsNamed } from './registered.ts';

const NEW = {
  id: text,
  hash: bytes,
  account: int,
  use: as<EnrolmentUse>(text),
  notAfter: optional(time),
  replaces: optional(text),
  password: optional(text),
  others: flag,
  expiresAt: time,
  triesLeft: int,
  createdAt: time,
};
type NewRow = Row<typeof NEW>;

const CODE = {
  hash: bytes,
  account: int,
  login: text,
  use: as<EnrolmentUse>(text),
  notAfter: optional(time),
  replaces: optional(text),
  password: orNull(text),
  others: flag,
  expiresAt: time,
  triesLeft: int,
  collected: orNull(text),
};
type Code = Row<typeof CODE>;

/** What is shown with a code, besides its id. */
interface Shown {
  readonly hash: Uint8Array;
  readonly for: WantedUse;
  readonly login?: string;
}

export class EnrolmentChanges {
  /**
   * Adds enrolments, all or none. An earlier code for the same `replaces`, or for the same
   * password, is void from then on.
   */
  *addEnrolments(context: ChangeContext, enrolments: readonly NewEnrolment[], actor: Actor): Change<void> {
    const { at } = context;
    const accounts = yield* accountsNamed(
      at,
      enrolments.map(({ login }) => login),
    );
    const there = yield* sql.all({ id: text })`
      SELECT id FROM enrolment WHERE id ${among(
        text,
        enrolments.map(({ id }) => id),
      )}`;
    const ids = new Set(there.map(({ id }) => id));
    const rows = enrolments.map((enrolment) => {
      const row = rowOf(enrolment, holder(accountIn(accounts, enrolment.login), enrolment.login), at);
      if (ids.has(row.id))
        throw new RegistryError('exists', `There is an enrolment "${row.id}" already; ask for the code again`);
      ids.add(row.id);
      return row;
    });
    yield* voidEarlier(at, rows);
    // Of two codes for the same purpose in one list the later one counts.
    const last = new Map(rows.map((row) => [purposeOf(row), row]));
    const made = rows.map((row) => (last.get(purposeOf(row)) === row ? row : { ...row, triesLeft: 0 }));
    yield* sql.run`
      INSERT INTO enrolment (id, hash, account, use, not_after, replaces, password, others, expires_at, tries_left, created_at)
      SELECT given.id, given.hash, given.account, given.use, given.not_after, given.replaces, given.password,
             given.others, given.expires_at, given.tries_left, given.created_at FROM ${rowsOf(NEW, made)}`;
    for (const enrolment of enrolments)
      yield* recordNew(context, holder(accountIn(accounts, enrolment.login), enrolment.login), enrolment, actor);
  }

  /** Tries a code. A wrong code with a known id uses up one of its tries. */
  *tryEnrolment(context: ChangeContext, id: string, hash: Uint8Array, shown: EnrolmentTry): Change<TriedEnrolment> {
    const code = yield* codeOf(context, id);
    const why = faultOf(code, { ...shown, hash }, context);
    if (code !== undefined && why === undefined) return { kind: 'valid', enrolment: enrolmentOf(code) };
    if (why === 'wrong') yield* sql.run`UPDATE enrolment SET tries_left = tries_left - 1 WHERE id = ${id}`;
    const refused = { kind: 'refused', why: why ?? 'unknown' } as const;
    if (shown.actor !== undefined) {
      const event = shown.for === 'password' ? 'password.code-refused' : 'certificate.enrolment-refused';
      const facts = { enrolment: id, why: refused.why };
      yield* context.record(event, code?.account ?? null, shown.actor, {}, facts, 'failure');
    }
    return { ...refused, ...defined({ account: code?.account as AccountId | undefined }) };
  }

  /**
   * Uses the code up and adds the certificate, in one transaction. Throws RegistryError `ended`
   * when the code is no longer valid.
   */
  *collectEnrolment(
    context: ChangeContext,
    id: string,
    hash: Uint8Array,
    certificate: KeptCertificate,
    actor: Actor,
  ): Change<void> {
    const { fingerprint } = certificate;
    const { account } = yield* useCode(context, id, { hash, for: 'certificate' }, fingerprint);
    yield* addTo(context, account, certificate, 'issued', actor);
    yield* context.record('certificate.enrolment-collected', account, actor, {}, { enrolment: id, fingerprint });
  }
}

/** Uses a code up: it fetched `by`. Throws RegistryError `ended` if it is not valid. */
export function* useCode(context: ChangeContext, id: string, shown: Shown, by: string): Change<Code> {
  const code = yield* codeOf(context, id);
  if (code === undefined || faultOf(code, shown, context) !== undefined)
    throw new RegistryError('ended', 'The enrolment code is no longer valid; ask for a new one');
  yield* sql.run`UPDATE enrolment SET collected = ${by} WHERE id = ${id}`;
  return code;
}

/** Ends every open code of these accounts. Returns the account of each. */
export function* voidCodes({ at }: ChangeContext, accounts: readonly number[]): Change<readonly number[]> {
  const rows = yield* sql.all({ account: int })`
    UPDATE enrolment SET tries_left = 0
     WHERE account ${among(int, accounts)} AND collected IS NULL AND tries_left > 0 AND expires_at > ${at} RETURNING account`;
  return rows.map(({ account }) => account);
}

/**
 * Voids earlier codes for the same purpose: two codes for one renewal would fetch two certificates,
 * and a letter that is asked for again may lie somewhere.
 */
function* voidEarlier(at: Instant, rows: readonly NewRow[]): Change<void> {
  const replaced = rows.flatMap(({ replaces }) => replaces ?? []);
  if (replaced.length > 0) yield* sql.run`UPDATE enrolment SET tries_left = 0 WHERE replaces ${among(text, replaced)}`;
  const passwords = rows.flatMap(({ account, password }) => (password === undefined ? [] : [{ account, password }]));
  const accounts = passwords.map(({ account }) => account);
  if (passwords.length > 0)
    yield* sql.run`
      UPDATE enrolment SET tries_left = 0
       WHERE account ${among(int, accounts)} AND collected IS NULL AND tries_left > 0 AND expires_at > ${at}
         AND (account, password) IN (SELECT given.account, given.password FROM ${rowsOf(PASSWORD, passwords)})`;
}
const PASSWORD = { account: int, password: text };

const purposeOf = ({ id, account, replaces, password }: NewRow): string =>
  replaces ?? (password === undefined ? id : `${account} ${password}`);

function rowOf(enrolment: NewEnrolment, account: number, createdAt: Instant): NewRow {
  const { id, hash, use, notAfter, expiresAt, tries: triesLeft } = enrolment;
  const row = { id, hash, account, use, expiresAt, triesLeft, createdAt };
  return enrolment.use === 'password'
    ? { ...row, password: enrolment.password, others: enrolment.others, ...defined({ notAfter }) }
    : { ...row, others: false, ...defined({ notAfter, replaces: enrolment.replaces }) };
}

function* recordNew(context: ChangeContext, account: number, enrolment: NewEnrolment, actor: Actor): Change<void> {
  const { id, login, use, expiresAt } = enrolment;
  if (enrolment.use === 'password') {
    const { password, others, by } = enrolment;
    const facts = { enrolment: id, by, expiresAt, others: others ? 'go' : 'stay' };
    yield* context.record('password.code-issued', account, actor, { login, password }, facts);
  } else yield* context.record('certificate.enrolment-added', account, actor, {}, { enrolment: id, use, expiresAt });
}

/** A code of an account that may log in. */
function* codeOf({ at }: ChangeContext, id: string): Change<Code | undefined> {
  return yield* sql.first(CODE)`
    SELECT e.hash, e.account, a.login, e.use, e.not_after, e.replaces, e.password, e.others, e.expires_at, e.tries_left, e.collected
      FROM enrolment e JOIN account a ON a.id = e.account AND a.state = 'active' AND (a.ends_at IS NULL OR a.ends_at > ${at})
      JOIN organisation o ON o.id = a.organisation AND o.state = 'active' WHERE e.id = ${id} ${locked}`;
}

/**
 * Why a code is not accepted, or undefined. A wrong secret counts also for a code that is over:
 * nothing in the answer tells the two apart.
 */
function faultOf(
  code: Code | undefined,
  { hash, login, for: wanted }: Shown,
  { at }: ChangeContext,
): EnrolmentFault | undefined {
  if (code === undefined) return 'unknown';
  if (code.triesLeft <= 0) return 'too-many-tries';
  if (hash.length !== code.hash.length || !timingSafeEqual(hash, code.hash)) return 'wrong';
  if (code.collected !== null) return 'used';
  if (code.expiresAt <= at) return 'expired';
  if (wantedUse(code.use) !== wanted) return 'other-use';
  return login !== undefined && foldLogin(login) !== code.login ? 'other-login' : undefined;
}

function enrolmentOf({ login, use, password, ...row }: Code): Enrolment {
  const { notAfter, replaces } = row;
  return use === 'password'
    ? { login, use, password: password ?? '', ...defined({ notAfter }) }
    : { login, use, notAfter: notAfter ?? instant(0), ...defined({ replaces }) };
}
