/**
 * Refused mail in the audit trail: which account, from and to which addresses, and why; never its
 * content.
 */
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { MessageId } from '../domain/ids.ts';
import type { Refusal } from '../domain/refusal.ts';
import { minutes } from '../domain/units.ts';
import { Tally, type Whose } from '../platform/tally.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Submitter } from './submitter.ts';

export type RefusedAt = 'mail' | 'recipient' | 'content';

export interface Refused {
  readonly at: RefusedAt;
  readonly refusal: Refusal;
  /** The sender as given, unchecked. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly message?: MessageId;
}

/** Keys that one minute holds; beyond it the minute is reported early. */
const KEYS = 10_000;
/** Recipients that one row names. */
const NAMED = 100;
/** A path may have 256 octets (RFC 5321 section 4.5.3.1.3); what is longer was refused for that. */
const LONGEST_PATH = 320;

export class RefusalNotes {
  readonly #audit: Pick<AuditTrail, 'note'>;
  readonly #counted: Tally<AuditEvent>;

  constructor(audit: Pick<AuditTrail, 'note'>, clock: Clock) {
    this.#audit = audit;
    this.#counted = new Tally(clock, minutes(1), KEYS, (event, count) =>
      this.#audit.note({ ...event, facts: { ...event.facts, count } }),
    );
  }

  refused(submitter: Submitter, refused: Refused): void {
    const event = eventOf(submitter, refused);
    if (refused.at === 'content') return this.#audit.note(event);
    const { refusal, recipients } = refused;
    this.#counted.add([submitter.account.id, submitter.address, refusal.status, recipients[0] ?? ''].join('\0'), event);
  }

  /** Writes the counted refusals that one request for the trail asks about. */
  flushOf(whose: Whose): void {
    this.#counted.flushOf(({ account, personal }) => whose(account, String(personal?.network ?? '')));
  }

  /** Writes all refusals that are only counted so far. */
  flush(): void {
    this.#counted.flush();
  }
}

const shown = (path: string): string => path.slice(0, LONGEST_PATH);

const eventOf = (
  { account, address, tls }: Submitter,
  { at, refusal, sender, recipients, message }: Refused,
): AuditEvent => ({
  event: 'message.refused',
  outcome: 'failure',
  account: account.id,
  ...defined({ message }),
  facts: { at, reply: refusal.reply, status: refusal.status, recipients: recipients.length, tls },
  // The text of a refusal may name an address.
  personal: {
    sender: shown(sender),
    recipients: recipients.slice(0, NAMED).map(shown),
    why: refusal.text,
    network: address,
  },
});
