/**
 * How the client of one session deviates. Before the login each deviation is remembered; at the
 * login the account is judged by them, and from then on at each one.
 */
import { type Quirk, tolerates } from '../domain/quirks.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import type { MaildropStore } from '../pickup/maildrop.ts';
import { type Trouble, quirkTrouble } from './replies.ts';

export class SessionQuirks {
  readonly #quirks: MaildropStore['quirks'];
  #owner: { readonly account: Account; readonly organisation: Organisation } | undefined;
  readonly #met = new Set<Quirk>();
  readonly #refused = new Set<Quirk>();

  constructor(quirks: MaildropStore['quirks']) {
    this.#quirks = quirks;
  }

  /** The answer that a deviation gets instead of its own; undefined: the command may go on. */
  meet(quirk: Quirk): Trouble | undefined {
    const owner = this.#owner;
    if (owner === undefined || this.#met.has(quirk) || tolerates(owner.account, owner.organisation, quirk)) {
      this.#met.add(quirk);
      return undefined;
    }
    return this.#refuse(owner.account, quirk);
  }

  /** Judges what was remembered; undefined: it is this account's session from now on. */
  logIn(account: Account, organisation: Organisation): Trouble | undefined {
    for (const quirk of this.#met) if (!tolerates(account, organisation, quirk)) return this.#refuse(account, quirk);
    this.#owner = { account, organisation };
    return undefined;
  }

  /** Forgets what was said before STLS: it may have come from somebody on the way. */
  forget(): void {
    this.#met.clear();
  }

  /** Counts each deviation once for the session. */
  end(): void {
    if (this.#owner === undefined) return;
    for (const quirk of this.#met) this.#quirks.note(this.#owner.account.id, quirk, 'tolerated');
  }

  #refuse(account: Account, quirk: Quirk): Trouble {
    if (!this.#refused.has(quirk)) this.#quirks.note(account.id, quirk, 'refused');
    this.#refused.add(quirk);
    return quirkTrouble(quirk);
  }
}
