/**
 * How one mail transaction deviates: what the account may do, what is refused, and what is counted.
 */
import { type Quirk, quirkRefusal, tolerates } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import type { MetQuirk } from '../domain/tested-message.ts';
import type { Quirks } from '../store/quirks.ts';

/** How the protocol layer and the reader of the content ask about deviations and report them. */
export interface QuirkGuard {
  tolerates(quirk: Quirk): boolean;
  /** Notes that a tolerated deviation was met `count` times in this message. */
  meet(quirk: Quirk, count?: number): void;
  /** Notes that a deviation was met and refused. */
  refused(quirk: Quirk): void;
}

export class TransactionQuirks implements QuirkGuard {
  readonly #quirks: Pick<Quirks, 'note'>;
  readonly #account: Account;
  readonly #organisation: Organisation;
  readonly #met = new Map<Quirk, number>();
  readonly #refused = new Set<Quirk>();
  /**
   * Set for a message to the test address: every deviation is tolerated and reported, and nothing
   * is counted.
   */
  testing = false;

  constructor(
    quirks: Pick<Quirks, 'note'>,
    { account, organisation }: { readonly account: Account; readonly organisation: Organisation },
  ) {
    this.#quirks = quirks;
    this.#account = account;
    this.#organisation = organisation;
  }

  /** Names of the deviations, for the trace. */
  get names(): string {
    return [...this.#met.keys()].join(' ');
  }

  /** The deviations that were met, for the report of the test address. */
  get met(): readonly MetQuirk[] {
    return [...this.#met].map(([quirk, count]) => ({ quirk, count, allowed: this.#allows(quirk) }));
  }

  tolerates(quirk: Quirk): boolean {
    return this.testing || this.#allows(quirk);
  }

  #allows(quirk: Quirk): boolean {
    return quirk === 'lf-only' || tolerates(this.#account, this.#organisation, quirk);
  }

  meet(quirk: Quirk, count = 1): void {
    this.#met.set(quirk, count);
  }

  /** Judges what was met so far, and `more`, which is kept only where all of it is tolerated. */
  refusalOf(more: Iterable<Quirk>): Refusal | undefined {
    for (const quirks of [this.#met.keys(), more])
      for (const quirk of quirks)
        if (!this.tolerates(quirk)) {
          this.refused(quirk);
          return quirkRefusal(quirk);
        }
    for (const quirk of more) this.meet(quirk);
    return undefined;
  }

  /** Notes a refused deviation, counted once for the transaction. */
  refused(quirk: Quirk | undefined): void {
    if (quirk === undefined || this.#refused.has(quirk)) return;
    this.#refused.add(quirk);
    this.#quirks.note(this.#account.id, quirk, 'refused');
  }

  /** The message was filed. `client`: what the program calls itself. */
  filed(client: string | undefined): void {
    if (this.testing) return;
    for (const quirk of this.#met.keys()) this.#quirks.note(this.#account.id, quirk, 'tolerated', client);
  }
}
