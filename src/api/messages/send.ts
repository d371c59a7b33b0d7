/**
 * Submits one message, with its content from the body of a request instead of DATA: with the same
 * checks, limits, steps and rows as over SMTP.
 *
 * A request comes under a key that its sender chose, which is kept in the transaction that accepts
 * the message. A usual request needs no look-up of its key. A refused request does: it may repeat
 * an earlier one that was accepted then and would be refused now.
 */
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { defined } from '../../domain/defined.ts';
import type { MessageId } from '../../domain/ids.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Result } from '../../domain/result.ts';
import { type Octets } from '../../domain/units.ts';
import type { LineEndCounts } from '../../mime/line-ends.ts';
import { turns } from '../../platform/turns.ts';
import { type Answered, MAX_ANSWER } from '../../store/acceptance.ts';
import { ContentQuirks } from '../../submission/content-quirks.ts';
import { type Delivery, Submission } from '../../submission/submission.ts';
import type { Submitter } from '../../submission/submitter.ts';
import type {
  ContentOutcome,
  MailParameters,
  RecipientParameters,
  Standing,
  SubmissionServices,
} from '../../submission/transaction.ts';

const DIGEST = 16;

/**
 * The part of a refusal that the sender sees. If an answer is repeated, it comes from the row that
 * was kept.
 */
export type Said = Pick<Refusal, 'reply' | 'status' | 'text'>;

export interface RecipientResult {
  /** The address as given. */
  readonly address: string;
  readonly refused?: Said;
  /** For example that the addressee is away, and where the message goes. */
  readonly note?: string;
}

export interface Outgoing {
  /** Empty for reports and automatic replies. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly size: Octets;
  readonly smtpUtf8: boolean;
  readonly notify?: readonly string[];
  /** Canonical octets of the whole message. */
  readonly octets: AsyncIterable<Buffer>;
  /** What deviates in them, counted as they come. */
  readonly met: LineEndCounts;
  readonly key: string;
  /** Digest of the request, if it has more than the content. */
  readonly digest?: Uint8Array;
  readonly signal: AbortSignal;
}

export type Sent =
  | {
      readonly kind: 'sent';
      readonly id: MessageId;
      readonly recipients: readonly RecipientResult[];
      readonly note?: string;
      /**
       * An equal message waits under this id, or the request was carried out before: nothing was
       * filed.
       */
      readonly again: boolean;
    }
  /** Nothing was filed. `recipients`: the answers for them, if they were judged. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly recipients: readonly RecipientResult[] }
  /** The key was used for another request. */
  | { readonly kind: 'another' };

type Services = SubmissionServices;

const hashed = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, DIGEST);
};

/** Rejects if the octets do; then nothing was filed. */
export async function sendMessage(
  services: Services,
  submitter: Submitter,
  standing: () => Promise<Result<Standing, Refusal>>,
  out: Outgoing,
): Promise<Sent> {
  return await new Sending(services, submitter, standing, out).run();
}

class Sending {
  readonly #services: Services;
  readonly #submitter: Submitter;
  readonly #submission: Submission;
  readonly #out: Outgoing;
  readonly #key: Buffer;
  readonly #results: RecipientResult[] = [];

  constructor(
    services: Services,
    submitter: Submitter,
    standing: () => Promise<Result<Standing, Refusal>>,
    out: Outgoing,
  ) {
    this.#services = services;
    this.#submitter = submitter;
    this.#submission = new Submission(services, submitter, standing);
    this.#out = out;
    // With the login, which an account keeps when it goes to another organisation.
    this.#key = hashed(JSON.stringify([submitter.account.login, out.key]));
  }

  async run(): Promise<Sent> {
    const { sender, size, smtpUtf8, recipients } = this.#out;
    const parameters: MailParameters = { size, body: '7BIT', smtpUtf8 };
    const refusal = await this.#submission.mail(sender, parameters);
    if (refusal !== undefined) return await this.#refusedEarly(refusal);
    const refusals = await this.#judge(recipients);
    const [first] = refusals;
    if (this.#submission.recipients === 0 && first !== undefined)
      // A temporary refusal decides, since that recipient may be accepted later; the others are
      // refused again then.
      return await this.#refusedEarly(refusals.find(({ reply }) => reply < 500) ?? first);
    const begun = this.#submission.begin({
      key: this.#key,
      digest: (submitted) => this.#digest(submitted),
      answer: (note) => keptAnswer(this.#results, note),
    });
    if (!begun.ok) return await this.#refusedEarly(begun.error);
    return await this.#deliver(begun.value);
  }

  async #judge(recipients: readonly string[]): Promise<readonly Refusal[]> {
    const parameters: RecipientParameters = defined({ notify: this.#out.notify });
    const refusals: Refusal[] = [];
    const { id } = this.#submitter.account;
    for (const address of recipients) {
      // The registry answers from memory without a turn of the event loop, up to a thousand times
      // here.
      if (turns.over(id)) await turns.rest(id);
      const taken = await this.#submission.recipient(address, parameters);
      if (taken.ok) this.#results.push({ address, ...taken.value });
      else {
        const { reply, status, text } = taken.error;
        this.#results.push({ address, refused: { reply, status, text } });
        refusals.push(taken.error);
      }
    }
    return refusals;
  }

  async #deliver(delivery: Delivery): Promise<Sent> {
    const { octets, met, signal } = this.#out;
    const { incoming } = delivery;
    const quirks = new ContentQuirks(delivery, met, true);
    let eightBit = false;
    try {
      for await (const slice of octets) {
        quirks.add(slice);
        eightBit ||= !isAscii(slice);
        await incoming.write(slice);
        // A refusal is told at once, not after gigabytes have come.
        if (incoming.refusal !== undefined) break;
      }
    } catch (error) {
      this.#ended('interrupted', delivery);
      await delivery.abort();
      throw error;
    }
    quirks.end();
    const filed = await delivery.file(signal, { eightBit });
    if (!filed.ok) {
      this.#ended(filed.error.reply < 500 ? 'refused-4yz' : 'refused-5yz', delivery);
      return await this.#refusedLate(filed.error, incoming.fingerprint);
    }
    const { id, note, again, answered } = filed.value;
    this.#ended(again === undefined && answered === undefined ? 'accepted' : 'duplicate', delivery);
    if (answered !== undefined) return this.#answered(answered, answered.digest, incoming.fingerprint);
    return { kind: 'sent', id, recipients: this.#results, ...defined({ note }), again: again !== undefined };
  }

  #ended(outcome: ContentOutcome, { incoming }: Delivery): void {
    this.#services.ended?.(outcome, incoming.submitted);
  }

  #digest(submitted: Uint8Array): Buffer {
    const { sender, recipients, notify = [], digest } = this.#out;
    return hashed(JSON.stringify([sender, recipients, notify]), digest ?? submitted);
  }

  /** The content was not read yet. It is read only if the key is known, to be compared. */
  async #refusedEarly(refusal: Refusal): Promise<Sent> {
    const before = await this.#before();
    if (before === undefined) return { kind: 'refused', refusal, recipients: this.#results };
    const fingerprint = this.#services.store.fingerprint();
    for await (const slice of this.#out.octets) fingerprint.update(slice);
    return this.#answered(before, before.digest, fingerprint.digest());
  }

  async #refusedLate(refusal: Refusal, fingerprint: Uint8Array | undefined): Promise<Sent> {
    const before = fingerprint === undefined ? undefined : await this.#before();
    if (before === undefined) return { kind: 'refused', refusal, recipients: this.#results };
    return this.#answered(before, before.digest, fingerprint);
  }

  async #before(): Promise<Answered | undefined> {
    return await this.#services.store.sentRequest(this.#key);
  }

  #answered({ message, answer }: Answered, digest: Uint8Array, submitted: Uint8Array | undefined): Sent {
    if (submitted === undefined || !this.#digest(submitted).equals(digest)) return { kind: 'another' };
    return { kind: 'sent', id: message, ...readAnswer(answer, this.#out.recipients), again: true };
  }
}

/** The answers for recipients by their place; most have none. */
interface KeptAnswer {
  readonly note?: string | undefined;
  readonly said: readonly (readonly [place: number, Omit<RecipientResult, 'address'>])[];
}

/** The answer as it is kept, without addresses: a repeated request brings them again. */
export function keptAnswer(results: readonly RecipientResult[], note: string | undefined): string {
  const said = results.flatMap(({ address: _, ...rest }, i) =>
    Object.keys(rest).length === 0 ? [] : ([[i, rest]] as const),
  );
  const kept: KeptAnswer = { said, note };
  const text = JSON.stringify(kept);
  if (text.length <= MAX_ANSWER) return text;
  // With a thousand refusals it is too long, so their texts are left out.
  const short = said.flatMap(([i, { refused }]) =>
    refused === undefined ? [] : [[i, { refused: { ...refused, text: '' } }]],
  );
  return JSON.stringify({ said: short });
}

function readAnswer(
  answer: string,
  addresses: readonly string[],
): Pick<Extract<Sent, { kind: 'sent' }>, 'recipients' | 'note'> {
  const { said, note } = JSON.parse(answer) as KeptAnswer;
  const byPlace = new Map(said);
  return { recipients: addresses.map((address, i) => ({ address, ...byPlace.get(i) })), ...defined({ note }) };
}
