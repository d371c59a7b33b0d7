/**
 * MAIL, RCPT and DATA of a session that somebody logged in to, up to the 354: from there on the content has the line (smtp/content-phase.ts).
 *
 * RFC 5321 sections 4.1.1.2 to 4.1.1.4. Each command is read here and judged by `submission`. A method that resolves to nothing has answered;
 * one that returns nothing had nothing to wait for.
 */
import { decodeText } from '../auth/client-text.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Delivery, Submission } from '../submission/submission.ts';
import type { MailParameters, RecipientParameters } from '../submission/transaction.ts';
import { readMail, readRecipient } from './envelope.ts';
import { type Success, replies, successes } from './replies.ts';

/** What the phase needs of its session. */
export interface TransactionSession {
  /** How the commands of the session deviate, the greeting included. */
  readonly quirks: () => Iterable<Quirk>;
  /** Messages of clients that know no CRLF are read here. */
  readonly lfOnly: boolean;
  readonly reply: (reply: Success) => void;
  readonly refuse: (command: 'MAIL' | 'RCPT' | 'DATA', refusal: Refusal) => void;
  /** Answers with 354 and takes the content. */
  readonly begin: (delivery: Delivery, mayBeLfOnly: boolean) => void;
}

export class TransactionPhase {
  readonly #session: TransactionSession;
  readonly #submission: Submission;
  /** RCPT commands of the open transaction that were refused. */
  #refusedRecipients = 0;

  constructor(session: TransactionSession, submission: Submission) {
    this.#session = session;
    this.#submission = submission;
  }

  /** Whose messages these are. */
  get submitter(): Submission['submitter'] {
    return this.#submission.submitter;
  }

  /** MAIL was taken. */
  get open(): boolean {
    return this.#submission.open;
  }

  reset(): void {
    this.#submission.reset();
    this.#refusedRecipients = 0;
  }

  mail(command: Buffer): Promise<void> | undefined {
    const read = readMail(decodeText(command));
    if (this.open) return this.#refuse('MAIL', replies.nestedMail);
    if (!read.ok) return this.#refuse('MAIL', read.error);
    return this.#mail(read.value.path, read.value.parameters);
  }

  async #mail(path: string, parameters: MailParameters): Promise<void> {
    const refusal = await this.#submission.mail(path, this.#withQuirks(parameters));
    if (refusal === undefined) this.#session.reply(successes.senderTaken);
    else this.#refuse('MAIL', refusal);
  }

  rcpt(command: Buffer): Promise<void> | undefined {
    const read = readRecipient(decodeText(command));
    if (!this.open) return this.#refuse('RCPT', replies.needMail);
    if (!read.ok) return this.#refuseRecipient(read.error);
    return this.#rcpt(read.value.path, read.value.parameters);
  }

  async #rcpt(path: string, parameters: RecipientParameters): Promise<void> {
    const taken = await this.#submission.recipient(path, this.#withQuirks(parameters));
    if (!taken.ok) this.#refuseRecipient(taken.error);
    else this.#session.reply({ ...successes.recipientTaken, text: taken.value.note ?? successes.recipientTaken.text });
  }

  data(command: Buffer): undefined {
    if (!this.open) return this.#refuse('DATA', replies.needMail);
    if (command.toString('latin1').trim().length > 4) return this.#refuse('DATA', replies.noArgument);
    if (this.#submission.recipients === 0)
      return this.#refuse('DATA', this.#refusedRecipients > 0 ? replies.noRecipient : replies.needRecipient);
    const begun = this.#submission.begin();
    if (!begun.ok) return this.#refuse('DATA', begun.error);
    this.#session.begin(begun.value, this.#mayBeLfOnly);
    return undefined;
  }

  #refuse(command: 'MAIL' | 'RCPT' | 'DATA', refusal: Refusal): undefined {
    this.#session.refuse(command, refusal);
  }

  #refuseRecipient(refusal: Refusal): undefined {
    this.#refusedRecipients += 1;
    return this.#refuse('RCPT', refusal);
  }

  /** What is wrong with the session is wrong with each of its messages. */
  #withQuirks<P extends MailParameters | RecipientParameters>(parameters: P): P {
    const met = [...this.#session.quirks()];
    if (met.length === 0) return parameters;
    const known = met.map((quirk) => (quirk === 'command-lf' && this.#mayBeLfOnly ? 'lf-only' : quirk));
    return { ...parameters, quirks: [...known, ...(parameters.quirks ?? [])] };
  }

  /** A partner's mail server passes on what others wrote: it could be made to smuggle (smtp/lf-decoder.ts). */
  get #mayBeLfOnly(): boolean {
    return this.#session.lfOnly && this.submitter.account.kind !== 'partner';
  }
}
