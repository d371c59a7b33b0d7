/**
 * MAIL, RCPT and DATA of a session that somebody logged in to, up to the 354: from there on the
 * content has the line (content.ts).
 *
 * RFC 5321 sections 4.1.1.2 to 4.1.1.4. Each command is read here and judged by `submission`.
 */
import { decodeText } from '../auth/client-text.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Submission } from '../submission/submission.ts';
import type { MailParameters, RecipientParameters } from '../submission/transaction.ts';
import { readMail, readRecipient } from './envelope.ts';
import { replies, successes } from './replies.ts';
import type { Answer, Begun, Reply, Wire } from './wire.ts';

export class Transaction {
  readonly #submission: Submission;
  /** How the commands of the session deviate. */
  readonly #quirks: ReadonlySet<Quirk>;
  /** The listener accepts messages of clients that end lines in LF alone. */
  readonly #lfOnly: boolean;
  readonly #wire: Pick<Wire, 'greeting'>;
  /** RCPT commands of the open transaction that were refused. */
  #refusedRecipients = 0;

  constructor(submission: Submission, quirks: ReadonlySet<Quirk>, lfOnly: boolean, wire: Pick<Wire, 'greeting'>) {
    this.#submission = submission;
    this.#quirks = quirks;
    this.#lfOnly = lfOnly;
    this.#wire = wire;
  }

  /** The account or partner that submits. */
  get submitter(): Submission['submitter'] {
    return this.#submission.submitter;
  }

  /** MAIL was accepted. */
  get open(): boolean {
    return this.#submission.open;
  }

  reset(): void {
    this.#submission.reset();
    this.#refusedRecipients = 0;
  }

  mail(command: Buffer): Answer {
    if (this.open) return replies.nestedMail;
    const read = readMail(decodeText(command));
    return read.ok ? this.#mail(read.value.path, read.value.parameters) : read.error;
  }

  async #mail(path: string, parameters: MailParameters): Promise<Reply> {
    return (await this.#submission.mail(path, this.#withQuirks(parameters))) ?? successes.senderTaken;
  }

  rcpt(command: Buffer): Answer {
    if (!this.open) return replies.needMail;
    const read = readRecipient(decodeText(command));
    return read.ok ? this.#rcpt(read.value.path, read.value.parameters) : this.#refuseRecipient(read.error);
  }

  async #rcpt(path: string, parameters: RecipientParameters): Promise<Reply> {
    const taken = await this.#submission.recipient(path, this.#withQuirks(parameters));
    if (!taken.ok) return this.#refuseRecipient(taken.error);
    return { ...successes.recipientTaken, text: taken.value.note ?? successes.recipientTaken.text };
  }

  data(command: Buffer): Reply | Begun {
    if (!this.open) return replies.needMail;
    if (command.toString('latin1').trim().length > 4) return replies.noArgument;
    if (this.#submission.recipients === 0)
      return this.#refusedRecipients > 0 ? replies.noRecipient : replies.needRecipient;
    const begun = this.#submission.begin();
    return begun.ok ? { delivery: begun.value, lfOnly: this.#mayBeLfOnly } : begun.error;
  }

  #refuseRecipient(refusal: Refusal): Refusal {
    this.#refusedRecipients += 1;
    return refusal;
  }

  /** Deviations of the session count for each of its messages. */
  #withQuirks<P extends MailParameters | RecipientParameters>(parameters: P): P {
    const met = [...this.#quirks, ...(this.#wire.greeting.verb === 'HELO' ? (['helo'] as const) : [])];
    if (met.length === 0) return parameters;
    const known = met.map((quirk) => (quirk === 'command-lf' && this.#mayBeLfOnly ? 'lf-only' : quirk));
    return { ...parameters, quirks: [...known, ...(parameters.quirks ?? [])] };
  }

  /**
   * A partner's mail server passes on what others wrote, so it could be made to smuggle a second
   * message (smtp/lf-decoder.ts).
   */
  get #mayBeLfOnly(): boolean {
    return this.#lfOnly && this.submitter.account.kind !== 'partner';
  }
}
