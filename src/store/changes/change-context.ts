/**
 * The context of a change: its moment, the rows that it leaves in the trail, and whom it touched.
 * Made again for each run of a change, so that a run that is rolled back has reported nothing.
 */
import { hash } from 'node:crypto';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Instant } from '../../domain/units.ts';
import { joinSmall } from '../../platform/bytes.ts';
import type { Actor } from '../actor.ts';
import { int } from '../sql/columns.ts';
import { among } from '../sql/parts.ts';
import { type Change, ask, sql } from '../sql/sql.ts';
import { type ChangeScope, ChangeEffects, type Effects, type Invalidation } from './changed.ts';

/** Appends a row to the trail, as its caller made it; returns its number. */
export const append = (item: AuditItem): Change<number> => ask({ audit: item });

/** An audit row that is still to be written: changes of many at once write one row for each. */
export interface TrailRow {
  readonly event: string;
  readonly account: number | null;
  readonly personal?: Readonly<Record<string, string>>;
  readonly facts?: object;
}

/**
 * More touched accounts than this are reported as "many", and everything is forgotten: that costs
 * less than a list of them.
 */
const MANY = 100;

export class ChangeContext {
  /** The moment of the change. */
  readonly at: Instant;
  /** Mail that the change touched. */
  readonly changed = new ChangeEffects();
  readonly #salt: Uint8Array;
  #salted = 0;
  readonly #accounts = new Set<number>();
  #scope: ChangeScope | undefined;
  readonly #mail = new Set<string>();
  #many = false;
  #trust = false;

  /** `salt`: 32 random octets, from which those of its audit rows are made. */
  constructor(at: Instant, salt: Uint8Array) {
    this.at = at;
    this.#salt = salt;
  }

  /**
   * Leaves a row in the trail, and tells its number. `personal` can be erased later; `facts` stay,
   * and must not tell who somebody is.
   */
  *record(
    event: string,
    account: number | null,
    actor: Actor,
    personal: Readonly<Record<string, string>>,
    facts: object = {},
    outcome: 'success' | 'failure' = 'success',
    message: bigint | null = null,
  ): Change<number> {
    const { name, reason } = actor;
    return yield* ask<number>({
      audit: {
        at: this.at,
        event,
        outcome,
        message,
        account,
        facts: JSON.stringify(facts),
        personal: JSON.stringify({ actor: name, ...(reason === undefined ? {} : { reason }), ...personal }),
        salt: this.#nextSalt(),
      },
    });
  }

  *recordAll(rows: Iterable<TrailRow>, actor: Actor): Change<void> {
    for (const { event, account, personal = {}, facts } of rows)
      yield* this.record(event, account, actor, personal, facts);
  }

  #nextSalt(): Uint8Array {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(this.#salted++);
    return hash('sha256', joinSmall([this.#salt, index]), 'buffer');
  }

  /**
   * Notes a change of this account: its version rises, and memories of it are forgotten after the
   * commit.
   */
  *touch(account: number, scope: ChangeScope = 'registry'): Change<void> {
    yield* this.touchAll([account], scope);
  }

  *touchAll(accounts: readonly number[], scope: ChangeScope = 'registry'): Change<void> {
    this.tell(accounts, scope);
    yield* sql.run`UPDATE account SET version = version + 1 WHERE id ${among(int, accounts)}`;
  }

  /** Memories of these accounts are forgotten after the commit. */
  tell(accounts: Iterable<number>, scope: ChangeScope = 'registry'): void {
    for (const account of accounts) {
      this.#accounts.add(account);
      this.#scope = this.#scope === undefined || this.#scope === scope ? scope : 'registry';
    }
  }

  /** Memories of all accounts are forgotten after the commit. */
  tellMany(scope: ChangeScope = 'registry'): void {
    this.#many = true;
    this.#scope = this.#scope === undefined || this.#scope === scope ? scope : 'registry';
  }

  /** Other certificates or keys are valid for mail to these addresses (folded). */
  tellMail(keys: Iterable<string>): void {
    for (const key of keys) this.#mail.add(key);
  }

  /** Authorities changed, or which certificates are revoked. */
  tellTrust(): void {
    this.#trust = true;
  }

  /** Something is due for a partner. */
  tellDue(partner: number): void {
    this.changed.due.add(partner);
  }

  /** The account has more deleted mail than it may. */
  tellCrowded(account: number): void {
    this.changed.crowded.push(account);
  }

  /** What was touched; undefined: nothing that anybody remembers. */
  get told(): Invalidation | undefined {
    if (this.#scope === undefined && this.#mail.size === 0 && !this.#trust) return undefined;
    const accounts = this.#many || this.#accounts.size > MANY ? 'many' : [...this.#accounts];
    return { accounts, scope: this.#scope ?? 'registry', mail: [...this.#mail], trust: this.#trust };
  }

  /** All effects of the change on what others remember or wait for; undefined: none. */
  get effects(): Effects | undefined {
    const { told } = this;
    const { effects } = this.changed;
    return told === undefined ? effects : { ...effects, told };
  }
}
