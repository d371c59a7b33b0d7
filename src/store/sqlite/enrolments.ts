/** The rows of one-time codes, inside the writer's transactions: what a code is good for, and why it is not. */
import { timingSafeEqual } from 'node:crypto';
import { foldLogin } from '../../domain/registry.ts';
import {
  type EnrolmentFault,
  type EnrolmentUse,
  type NewEnrolment,
  type WantedUse,
  wantedUse,
} from '../certificates.ts';
import { RegistryError } from '../registry.ts';
import type { Statements } from './statements.ts';

export interface EnrolmentRow {
  readonly id: string;
  readonly hash: Uint8Array;
  readonly account: number;
  readonly login: string;
  readonly use: EnrolmentUse;
  readonly not_after: number | null;
  readonly expires_at: number;
  readonly tries_left: number;
  readonly replaces: string | null;
  readonly password: string | null;
  readonly others: number;
  readonly collected: string | null;
}

/** What whoever shows a code says besides. */
export interface Shown {
  readonly hash: Uint8Array;
  readonly for: WantedUse;
  readonly login: string | null;
}

/** A code that nobody has used, and that might still be. */
const OPEN = 'account = ? AND collected IS NULL AND tries_left > 0 AND expires_at > ?';

/** Ends every open code of an account; how many it were. */
export const voidCodes = (sql: Statements, account: number, at: number): number =>
  sql.run(`UPDATE enrolment SET tries_left = 0 WHERE ${OPEN}`, account, at).changes;

export class Enrolments {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  add(account: number, enrolment: NewEnrolment, at: number): void {
    const { id, hash, use, notAfter, expiresAt, tries } = enrolment;
    if (this.#sql.get('SELECT 1 FROM enrolment WHERE id = ?', id) !== undefined)
      throw new RegistryError('exists', `There is an enrolment "${id}" already; ask for the code again`);
    const replaces = enrolment.use === 'password' ? undefined : enrolment.replaces;
    const password = enrolment.use === 'password' ? enrolment.password : undefined;
    // Two codes for one renewal would fetch two certificates.
    if (replaces !== undefined) this.#sql.run('UPDATE enrolment SET tries_left = 0 WHERE replaces = ?', replaces);
    // A letter that is asked for again is the one that counts: the first may lie somewhere.
    if (password !== undefined)
      this.#sql.run(`UPDATE enrolment SET tries_left = 0 WHERE ${OPEN} AND password = ?`, account, at, password);
    this.#sql.run(
      `INSERT INTO enrolment (id, hash, account, use, not_after, replaces, password, others, expires_at, tries_left, created_at)
         VALUES (?,?,?,?,?,?,?,?,?,?,?)`,
      ...[id, hash, account, use, notAfter ?? null, replaces ?? null, password ?? null],
      enrolment.use === 'password' && enrolment.others ? 1 : 0,
      ...[expiresAt, tries, at],
    );
  }

  /** Of an account that may log in. */
  find(id: string, at: number): EnrolmentRow | undefined {
    return this.#sql.get(
      `SELECT e.id, e.hash, e.account, a.login, e.use, e.not_after, e.replaces, e.password, e.others, e.expires_at, e.tries_left, e.collected
         FROM enrolment e JOIN account a ON a.id = e.account AND a.state = 'active' AND (a.ends_at IS NULL OR a.ends_at > ?)
         JOIN organisation o ON o.id = a.organisation AND o.state = 'active' WHERE e.id = ?`,
      at,
      id,
    ) as EnrolmentRow | undefined;
  }

  /** Why not, or undefined. A wrong secret counts also for a code that is over: nothing in the answer tells the two apart. */
  fault(row: EnrolmentRow | undefined, { hash, login, for: wanted }: Shown, at: number): EnrolmentFault | undefined {
    if (row === undefined) return 'unknown';
    if (row.tries_left <= 0) return 'too-many-tries';
    if (hash.length !== row.hash.length || !timingSafeEqual(hash, row.hash)) return 'wrong';
    if (row.collected !== null) return 'used';
    if (row.expires_at <= at) return 'expired';
    if (wantedUse(row.use) !== wanted) return 'other-use';
    return login !== null && foldLogin(login) !== row.login ? 'other-login' : undefined;
  }

  missed(id: string): void {
    this.#sql.run('UPDATE enrolment SET tries_left = tries_left - 1 WHERE id = ?', id);
  }

  use(id: string, by: string): void {
    this.#sql.run('UPDATE enrolment SET collected = ? WHERE id = ?', by, id);
  }

  /** The row of a code that holds. Throws RegistryError `ended`. */
  holding(id: string, shown: Shown, at: number): EnrolmentRow {
    const row = this.find(id, at);
    if (row === undefined || this.fault(row, shown, at) !== undefined)
      throw new RegistryError('ended', 'The enrolment code is no longer valid; ask for a new one');
    return row;
  }
}
