/**
 * The content of one message on its way into the store: the header is judged before the first octet
 * of the body is stored, then octets pass through in slices.
 *
 * After a refusal the rest of the content is taken and thrown away, since SMTP has one reply for
 * it, at the final dot.
 */
import { isAscii } from 'node:buffer';
import { defined } from '../domain/defined.ts';
import { type Quirk, quirkRefusal } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { type Instant, type Octets, octets } from '../domain/units.ts';
import { nothingChecked } from '../mime/authentication-results.ts';
import { formatDate } from '../mime/date.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { type Header, headerEnd, readHeader } from '../mime/header.ts';
import { type ReceivedLine, receivedField } from '../mime/received.ts';
import { MimeWalk } from '../mime/walk.ts';
import { EdiCollector } from '../edi/collector.ts';
import { JOIN_LIMIT, joinSmall } from '../platform/bytes.ts';
import { StoreFull } from '../store/store.ts';
import type { BodyWriter, ContentFingerprint, SealedBody } from '../store/body.ts';
import { type HeaderContext, type HeaderPlan, judgeHeader } from './header-rules.ts';
import type { QuirkGuard } from './quirks.ts';
import { refusals } from './refusals.ts';

export const MAX_HEADER = JOIN_LIMIT - 2048;
export const MAX_HEADER_LINES = 1000;

const NOTHING = Buffer.alloc(0);

export interface IncomingOptions {
  readonly writer: BodyWriter;
  /** Fingerprint of the octets as submitted. */
  readonly fingerprint: ContentFingerprint;
  readonly header: HeaderContext;
  readonly received: Omit<ReceivedLine, 'id'>;
  /** Most octets as submitted; `refusal` is the answer above it. */
  readonly limit: { readonly octets: Octets; readonly refusal: Refusal };
  /** Some recipient is owed a report with the header. */
  readonly keepHeader?: boolean;
  /**
   * The account's hour: every octet is added as it comes, kept or not. `refusal`: what the sender
   * hears if the octets of other messages and these are too many.
   */
  readonly hour: { add(octets: number): void; refusal(soFar: Octets): Refusal | undefined };
  readonly quirks: QuirkGuard;
  /** The header may hold UTF-8 (RFC 6531). */
  readonly smtpUtf8: boolean;
  /**
   * Messages inside EDIFACT interchanges are listed one by one: the sender is to be answered about
   * each.
   */
  readonly inside?: boolean;
  readonly now: Instant;
}

export interface ReceivedContent {
  readonly body: SealedBody;
  readonly plan: HeaderPlan;
  /** The parts of the message as submitted: our own changes touch only the header. */
  readonly parts: MessageParts;
  /** Fingerprint of the octets as submitted, before our own changes. */
  readonly submitted: Uint8Array;
  /** Octets of the message as submitted. */
  readonly submittedOctets: Octets;
  /** The header with our own changes; absent if it was not to be kept. */
  readonly header?: Buffer;
}

export class Incoming {
  readonly #options: IncomingOptions;
  #head = NOTHING;
  #headOctets = 0;
  #plan: HeaderPlan | undefined;
  #kept: Buffer | undefined;
  #refusal: Refusal | undefined;
  #submitted = 0;
  #fingerprint: Uint8Array | undefined;
  /** The header says nothing of MIME: octets outside ASCII in the body would be a quirk. */
  #untold = false;
  readonly #edi: EdiCollector;
  readonly #walk: MimeWalk;

  constructor(options: IncomingOptions) {
    this.#options = options;
    this.#edi = new EdiCollector(defined({ inside: options.inside }));
    this.#walk = new MimeWalk(this.#edi.observe);
  }

  /** Octets as submitted, before our own changes. */
  get submitted(): Octets {
    return octets(this.#submitted);
  }

  /** Fingerprint of the octets as submitted, once they have come whole and were not refused. */
  get fingerprint(): Uint8Array | undefined {
    return this.#fingerprint;
  }

  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /**
   * The first refusal stays: it names the cause, what follows is its consequence. What was stored
   * goes now, not at an end that may never come.
   */
  refuse(refusal: Refusal): void {
    this.#refusal ??= refusal;
    this.#head = NOTHING;
    void this.#options.writer.abort();
  }

  /**
   * Takes canonical octets. A promise is back-pressure: hold the next slice until it resolves.
   * Never rejects.
   */
  write(slice: Buffer): Promise<void> | undefined {
    this.#submitted += slice.length;
    const { hour, limit } = this.#options;
    hour.add(slice.length);
    if (this.#refusal !== undefined) return undefined;
    const tooMuch = this.#submitted > limit.octets ? limit.refusal : hour.refusal(this.submitted);
    if (tooMuch !== undefined) {
      this.refuse(tooMuch);
      return undefined;
    }
    if (this.#untold) this.#lookForEightBit(slice);
    this.#walk.write(slice);
    this.#options.fingerprint.update(slice);
    return this.#plan === undefined ? this.#collect(slice) : this.#store(slice);
  }

  /** The content has come to its end. */
  async end(): Promise<Result<ReceivedContent, Refusal>> {
    // A message without an empty line is all header (RFC 5322 section 2.1: the body is optional).
    if (this.#refusal === undefined && this.#plan === undefined)
      await this.#judge(this.#head.subarray(0, this.#headOctets), undefined);
    if (this.#refusal !== undefined || this.#plan === undefined) return fail(this.#refusal ?? refusals.storageFailed);
    try {
      const parts = this.#parts();
      const submitted = this.#options.fingerprint.digest();
      this.#fingerprint = submitted;
      const header = this.#kept === undefined ? {} : { header: this.#kept };
      const body = await this.#options.writer.seal();
      return ok({ body, plan: this.#plan, parts, submitted, submittedOctets: this.submitted, ...header });
    } catch (error) {
      return fail(this.#storageRefusal(error));
    }
  }

  #parts(): MessageParts {
    const { leaves, limits, ...rest } = this.#walk.end();
    return {
      leaves,
      ...rest,
      limits: this.#edi.full ? [...limits, 'interchanges'] : limits,
      interchanges: this.#edi.interchanges(new Set(leaves.map((leaf) => leaf.path))),
    };
  }

  /** A header that comes whole in the first slice, as nearly all do, is not copied. */
  #collect(slice: Buffer): Promise<void> | undefined {
    const before = this.#headOctets;
    if (before === 0) {
      const end = headerEnd(slice);
      if (end >= 0) return this.#judge(slice.subarray(0, end), slice.subarray(end));
    }
    // Octets behind the limit are not needed to know that the header is too large.
    const taken = Math.min(slice.length, MAX_HEADER + 1 - before);
    this.#growHead(before + taken);
    slice.copy(this.#head, before, 0, taken);
    this.#headOctets = before + taken;
    const end = headerEnd(this.#head.subarray(0, this.#headOctets), before);
    if (end >= 0) return this.#judge(this.#head.subarray(0, end), slice.subarray(end - before));
    if (this.#headOctets > MAX_HEADER) this.refuse(refusals.headerTooLarge);
    return undefined;
  }

  /** Doubles, so that a header which comes octet by octet is not copied once for each. */
  #growHead(needed: number): void {
    if (needed <= this.#head.length) return;
    const grown = Buffer.allocUnsafe(Math.min(Math.max(needed, this.#head.length * 2, 4096), MAX_HEADER + 1));
    this.#head.copy(grown, 0, 0, this.#headOctets);
    this.#head = grown;
  }

  async #judge(head: Buffer, rest: Buffer | undefined): Promise<void> {
    this.#head = NOTHING;
    if (head.length > MAX_HEADER || countLines(head) > MAX_HEADER_LINES) return this.refuse(refusals.headerTooLarge);
    const header = readHeader(head);
    if (!header.ok) return this.refuse(refusals.malformedHeader({ why: header.error }));
    let plan: Result<HeaderPlan, Refusal>;
    try {
      plan = await judgeHeader(header.value, this.#options.header, this.#walk.header);
    } catch (error) {
      return this.refuse(this.#storageRefusal(error));
    }
    if (!plan.ok) return this.refuse(plan.error);
    if (plan.value.needsDate) this.#meet('no-date');
    if (plan.value.needsMessageId) this.#meet('no-message-id');
    if (!this.#options.smtpUtf8) this.#lookForEightBit(head);
    this.#untold = !plan.value.mime;
    if (this.#untold && rest !== undefined) this.#lookForEightBit(rest);
    if (this.#refusal !== undefined) return;
    this.#plan = this.#withMessageId(plan.value);
    const rewritten = this.#rewritten(header.value, plan.value);
    if (this.#options.keepHeader === true) this.#kept = rewritten;
    await this.#store(rewritten);
    if (rest !== undefined && rest.length > 0) await this.#store(rest);
  }

  #meet(quirk: Quirk): void {
    if (this.#options.quirks.tolerates(quirk)) this.#options.quirks.meet(quirk);
    else this.refuse(quirkRefusal(quirk));
  }

  /**
   * RFC 5322 section 2.2 and RFC 2045 section 2.7: without MIME, and in every header without
   * SMTPUTF8, text is ASCII.
   */
  #lookForEightBit(octets: Buffer): void {
    // Only content that does not say what it is is searched, and only up to the first octet found:
    // a loop over the octets took 3 % of the thread at 500 messages a second (isAscii: 0.5 us for
    // 10 KB).
    if (isAscii(octets)) return;
    this.#untold = false;
    this.#meet('eight-bit');
  }

  #withMessageId(plan: HeaderPlan): HeaderPlan {
    return plan.needsMessageId ? { ...plan, messageId: this.#newMessageId() } : plan;
  }

  #newMessageId(): string {
    return `${this.#options.writer.id}@${this.#options.header.hostname}`;
  }

  /**
   * The header with our verdict and our trace line on top, missing fields below them, removed
   * fields left out; every other octet as it came.
   */
  #rewritten(header: Header, plan: HeaderPlan): Buffer {
    const { received, writer, now } = this.#options;
    let added = nothingChecked(this.#options.header.hostname) + receivedField({ ...received, id: writer.id });
    if (plan.needsDate) added += `Date: ${formatDate(now)}\r\n`;
    if (plan.needsMessageId) added += `Message-ID: <${this.#newMessageId()}>\r\n`;
    const pieces: Buffer[] = [Buffer.from(added, 'utf8')];
    let from = 0;
    for (const field of plan.removed) {
      pieces.push(header.octets.subarray(from, field.start));
      from = field.end;
    }
    pieces.push(header.octets.subarray(from));
    return joinSmall(pieces);
  }

  async #store(slice: Buffer): Promise<void> {
    try {
      await this.#options.writer.write(slice);
    } catch (error) {
      this.refuse(this.#storageRefusal(error));
    }
  }

  #storageRefusal(error: unknown): Refusal {
    const detail = error instanceof Error ? error.message : String(error);
    return { ...(error instanceof StoreFull ? refusals.storageFull : refusals.storageFailed), detail };
  }
}

function countLines(head: Buffer): number {
  let lines = 0;
  for (let at = head.indexOf(10); at >= 0; at = head.indexOf(10, at + 1)) lines += 1;
  return lines;
}
