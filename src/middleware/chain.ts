/** Runs the steps over a message, one behind the other, and keeps account of what they wrote. */
import { readMessage } from '../crypto/smime/message.ts';
import { MAX_LAYERS } from '../crypto/smime/open.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { type Refusal, type RefusalRow, refusing, row } from '../domain/refusal.ts';
import type { Octets } from '../domain/units.ts';
import { returnedHeader } from '../mime/returned-header.ts';
import type { AuditEvent } from '../store/audit.ts';
import { FairSlots, type SlotLimits } from '../platform/fair-slots.ts';
import type { SeenInterchange } from '../store/interchanges.ts';
import { MAX_COPIES, type PreparedNotice } from '../store/acceptance.ts';
import type { BodyWriter, SealedBody } from '../store/body.ts';
import type { Store } from '../store/port/store.ts';
import type { Addressee, AskedRecipient, Copy, Middleware, Submitted, BodyWriters } from './middleware.ts';
import { Work, WorkEnded } from './work.ts';

/**
 * Bodies that one message may become, unfinished ones included: each copy, each layer that was
 * taken off for it, and for the scanner. Where fewer were allowed, running out of them would tell
 * the sender how many layers a message has that others can open.
 */
export const MAX_BODIES = 2 * MAX_COPIES + (MAX_COPIES + 1) * MAX_LAYERS;

/**
 * Messages that are read and made at the same time, of one account and in all; each takes a few MB.
 * As many wait as there are connections.
 */
const WORK: SlotLimits = { running: 64, each: 4, waiting: 20_000 };

/**
 * What came of a message. `discard` gives up what was not filed: call it when the store has
 * answered.
 */
export type ChainOutcome =
  | {
      readonly kind: 'passed';
      readonly copies: readonly Copy[];
      /**
       * Of the message as it was submitted, where copies were made of it: notices tell of nothing
       * else.
       */
      readonly header?: Buffer;
      /** Facts for the row of the acceptance. */
      readonly facts?: NonNullable<AuditEvent['facts']>;
      readonly audit: readonly AuditEvent[];
      readonly notes: readonly string[];
      readonly notices: readonly PreparedNotice[];
      readonly interchanges: readonly SeenInterchange[];
      /** The parts of the message, if a step found out more. */
      readonly parts?: MessageParts;
      discard(): Promise<void>;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export class Chain {
  readonly #steps: readonly Middleware[];
  readonly #store: Pick<Store, 'openBody'>;

  readonly #slots: FairSlots;

  constructor(store: Pick<Store, 'openBody'>, steps: readonly Middleware[], work = WORK) {
    this.#slots = new FairSlots(work);
    this.#store = store;
    this.#steps = steps;
  }

  /** The first refusal of a step, at RCPT. */
  async recipient(asked: AskedRecipient): Promise<Refusal | undefined> {
    for (const step of this.#steps) {
      if (step.recipient === undefined) continue;
      const refusal = await step.recipient(asked);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /**
   * Rejects with what the store threw; then, as after a refusal, everything that was written is
   * given up.
   */
  async run(message: Submitted): Promise<ChainOutcome> {
    const account = message.submitter.account.id;
    const work = new Work(this.#slots, account, message.signal);
    const bodies = new Bodies(this.#store, account, work);
    let filed = false;
    try {
      const given = { ...message, body: work.body(message.body) };
      const outcome = await this.#through(given, bodies);
      filed = outcome.kind === 'passed';
      return outcome.kind === 'passed' ? { ...outcome, copies: asGiven(outcome.copies, given, message) } : outcome;
    } catch (error) {
      if (error instanceof WorkEnded) return { kind: 'refused', refusal: refusals[error.why] };
      throw error;
    } finally {
      work.end();
      if (!filed) await bodies.discard();
    }
  }

  async #through(message: Submitted, bodies: Bodies): Promise<ChainOutcome> {
    let copies: readonly Copy[] = [{ body: message.body, recipients: message.recipients, protection: '' }];
    let facts: AuditEvent['facts'];
    let parts: MessageParts | undefined;
    const audit: AuditEvent[] = [];
    const notes: string[] = [];
    const notices: PreparedNotice[] = [];
    const interchanges: SeenInterchange[] = [];
    for (const step of this.#steps) {
      if (!step.wants(message, copies)) continue;
      const outcome = await step.run(message, copies, bodies);
      if (outcome.kind === 'refused') return outcome;
      bodies.keep(outcome.notices ?? []);
      checkRecipients(step, message, outcome.copies);
      copies = outcome.copies;
      if (outcome.facts !== undefined) facts = { ...facts, ...outcome.facts };
      parts = outcome.parts ?? parts;
      audit.push(...(outcome.audit ?? []));
      if (outcome.note !== undefined) notes.push(outcome.note);
      notices.push(...(outcome.notices ?? []));
      interchanges.push(...(outcome.interchanges ?? []));
    }
    if (copies.length > MAX_COPIES) return { kind: 'refused', refusal: tooManyCopies(copies.length) };
    const split = copies.some(({ body }) => body !== message.body);
    const header = split ? { header: await headerOf(message.body) } : {};
    const discard = (): Promise<void> => bodies.discard();
    return {
      kind: 'passed',
      copies,
      ...header,
      ...defined({ facts, parts }),
      audit,
      notes,
      notices,
      interchanges,
      discard,
    };
  }
}

/** As it comes back with a notice. The message passed the edge, so its header can be read. */
async function headerOf(body: SealedBody): Promise<Buffer> {
  const read = await readMessage(body);
  if (!read.ok) throw new Error(`Cannot read the header of message ${body.id}, which was read before: ${read.error}`);
  return returnedHeader(read.value.header);
}

/**
 * More copies than the store files with one message. Said of what the sender can change: to how
 * many it writes at once.
 */
export const tooManyCopies = (copies: number): Refusal => refusals.tooManyCopies({ copies, most: MAX_COPIES });

export const chainRows = {
  tooManyCopies: row(
    554,
    '5.5.3',
    'The message needs {copies} separately encrypted copies, and {most} are allowed; send it to fewer recipients at once',
    'The message would be signed or encrypted for many recipients in different ways, or for many recipients in Bcc.',
  ),
  gone: row(
    421,
    '4.4.2',
    'The connection broke before the message was accepted; send it again',
    'The client left while its message was being encrypted or decrypted. Nothing was filed; this text stands only in the trail.',
  ),
  busy: row(
    451,
    '4.4.5',
    'The gateway is busy signing and encrypting other messages; try again later',
    'Too many messages are waiting to be signed, encrypted or decrypted.',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(chainRows);

/** Copies that no step rewrote have the uploaded body. */
const asGiven = (copies: readonly Copy[], given: Submitted, { body }: Submitted): readonly Copy[] =>
  copies.map((copy) => (copy.body === given.body ? { ...copy, body } : copy));

/** A step that loses a recipient loses mail: better no message than one that some never get. */
function checkRecipients({ name }: Middleware, { recipients }: Submitted, copies: readonly Copy[]): void {
  const given = addressesOf(recipients);
  const kept = addressesOf(copies.flatMap((copy) => copy.recipients));
  if (given !== kept || copies.some((copy) => copy.recipients.length === 0))
    throw new Error(`Cannot continue behind the step ${name}: its copies are not for the recipients of the message`);
}

/** Each once: an address may be filed into two mailboxes. */
const addressesOf = (recipients: readonly Addressee[]): string =>
  [...new Set(recipients.map(({ to }) => to.address))].sort().join(' ');

/** Bodies that the steps wrote for one message. */
class Bodies implements BodyWriters {
  readonly #store: Pick<Store, 'openBody'>;
  readonly #writers: BodyWriter[] = [];
  readonly #notices: PreparedNotice[] = [];

  readonly #account: AccountId;
  readonly #work: Work;

  constructor(store: Pick<Store, 'openBody'>, account: AccountId, work: Work) {
    this.#store = store;
    this.#account = account;
    this.#work = work;
  }

  open(promised: Octets): BodyWriter {
    if (this.#writers.length >= MAX_BODIES)
      throw new Error(`Cannot write another body of one message: expected at most ${MAX_BODIES}`);
    const writer = this.#store.openBody(promised, this.#account);
    this.#writers.push(writer);
    return this.#work.writer(writer);
  }

  /** Notices are given up with the bodies. */
  keep(notices: readonly PreparedNotice[]): void {
    this.#notices.push(...notices);
  }

  /** Gives up the bodies that were made; does nothing to those that were filed. */
  async discard(): Promise<void> {
    await Promise.all([
      ...this.#writers.map((writer) => writer.abort()),
      ...this.#notices.map((notice) => notice.discard()),
    ]);
  }
}
