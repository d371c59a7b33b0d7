/**
 * Where the rules of filing look things up and write, in a batch: they look into what was read and
 * locked for it, changed by what the batch has filed so far, and what they write is gathered for
 * one statement.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AcceptWork, NewDelivery } from '../changes/accept-work.ts';
import type { ChangeEffects } from '../changes/changed.ts';
import type { KeptRow } from '../core/engine.ts';
import type { FiledCopy, FilingTables, NewEntry } from '../core/filing-rules.ts';
import type { AddressTarget } from '../core/reroute.ts';
import type { Box, LockedRows, Submitted } from './filing-locks.ts';
import type { NewMessage } from './filing-messages.ts';
import { nameOf, requestOf } from './filing-names.ts';
import type { Repeats } from './filing-repeats.ts';
import type { UsageNotes } from './usage.ts';

/** What is to be written. */
export class Writes {
  readonly messages: NewMessage[] = [];
  readonly entries: (NewEntry & { readonly uid: number })[] = [];
  readonly boxes = new Set<Box>();
  readonly deliveries: { readonly work: AcceptWork; readonly delivery: NewDelivery }[] = [];
  readonly interchanges: { readonly at: number; readonly keys: Buffer }[] = [];
  readonly items: AuditItem[] = [];
  /**
   * Requests that were claimed and not filed: `stands` is what they are answered with, if anything.
   */
  readonly requests: { readonly id: bigint; readonly stands: bigint | undefined }[] = [];
  readonly resubmissions: { readonly key: Uint8Array; readonly message: bigint; readonly at: number }[] = [];
}

export interface FilingTablesParts {
  readonly locked: LockedRows;
  readonly repeats: Repeats;
  readonly usage: UsageNotes;
  readonly follows: (judged: number, now: number) => boolean;
}

export class PostgresFilingTables implements FilingTables<Box> {
  readonly writes = new Writes();
  readonly #p: FilingTablesParts;
  readonly #requests: Map<string, KeptRow | undefined>;
  readonly #submitted: Map<string, Submitted | undefined>;
  readonly #notices: Map<string, boolean>;
  /** Envelopes of what this batch has filed. */
  readonly #filed = new Map<bigint, string>();

  constructor(parts: FilingTablesParts) {
    this.#p = parts;
    this.#requests = new Map(parts.locked.requests);
    this.#submitted = new Map(parts.locked.submitted);
    this.#notices = new Map(parts.locked.notices);
  }

  // --- looks

  isClosed(account: number): boolean {
    return this.#p.locked.closed.has(account);
  }

  isOutdated({ judged }: AcceptWork): boolean {
    return judged !== null && !this.#p.follows(judged, this.#p.locked.registry);
  }

  wasTakenOver(account: number): boolean {
    return this.#p.locked.takenOver.has(account);
  }

  target(key: string): AddressTarget | undefined {
    return this.#p.locked.addresses.get(key);
  }

  addressState(key: string): string | undefined {
    return this.#p.locked.addresses.get(key)?.state;
  }

  partnerState(partner: number): string | undefined {
    return this.#p.locked.partners.get(partner);
  }

  mailbox(account: number): Box | undefined {
    return this.#p.locked.boxes.get(account);
  }

  submitted(key: Uint8Array, since: number): bigint | undefined {
    const known = this.#submitted.get(nameOf(key));
    if (known === undefined) return undefined;
    // Whose sender never heard of it sends it again when he can, and that may be tomorrow.
    return known.unsure || known.at >= since ? known.message : undefined;
  }

  envelope(message: bigint): string | undefined {
    return this.#filed.get(message) ?? this.#p.repeats.envelopes.get(message);
  }

  retrieved(account: number, message: bigint): number | undefined {
    return this.#filed.has(message) ? 0 : this.#p.repeats.retrieved.get(`${account} ${message}`);
  }

  isHeld(message: bigint, account: number): boolean {
    return this.#p.repeats.held.has(`${account} ${message}`);
  }

  isSettled(message: bigint): boolean {
    return this.#p.repeats.settled.has(message);
  }

  // --- writes

  keepRequest({ id, request }: AcceptWork): KeptRow | undefined {
    if (request === null) return undefined;
    const { key, digest } = requestOf(request);
    const before = this.#requests.get(nameOf(key));
    if (before !== undefined) return before;
    this.#requests.set(nameOf(key), { message: id, digest, answer: request.answer });
    return undefined;
  }

  unfiledRequest({ id, request }: AcceptWork, stands: bigint | undefined): void {
    if (request === null) return;
    const name = nameOf(requestOf(request).key);
    const kept = this.#requests.get(name);
    this.#requests.set(name, kept === undefined || stands === undefined ? undefined : { ...kept, message: stands });
    this.writes.requests.push({ id, stands });
  }

  isFirst(once: string): boolean {
    const first = this.#notices.get(once) === true;
    this.#notices.set(once, false);
    return first;
  }

  message(work: AcceptWork, refs: number, copyOf: bigint | null): void {
    const { id, body, chunks } = work;
    const stored = this.#p.locked.chunks.get(id) ?? 0;
    if (refs > 0 && body === null && stored !== chunks)
      throw new Error(
        `the body of message ${id} has ${stored} of ${chunks} chunks on this server: did the primary change while it came?`,
      );
    this.writes.messages.push({ work, refs, copyOf });
    this.#filed.set(id, work.envelope);
  }

  entry(entry: NewEntry, box: Box, changed: ChangeEffects): void {
    const { account, work } = entry;
    this.writes.entries.push({ ...entry, uid: box.nextUid });
    this.writes.boxes.add(box);
    box.octets += work.octets;
    box.messages += 1;
    box.nextUid += 1;
    box.changes += 1;
    changed.mailboxes.push(account, box.octets, box.messages, box.nextUid, box.changes);
  }

  delivery(work: AcceptWork, delivery: NewDelivery): void {
    this.writes.deliveries.push({ work, delivery });
  }

  interchange(at: number, keys: Buffer): void {
    this.writes.interchanges.push({ at, keys });
  }

  resubmission(key: Uint8Array, message: bigint, at: number): void {
    this.#submitted.set(nameOf(key), { message, at, unsure: false });
    // Its row is there, with this message, since it was claimed.
    if (this.#p.locked.claimed.get(nameOf(key)) === message) return;
    this.writes.resubmissions.push({ key, message, at });
  }

  audit(items: readonly AuditItem[]): void {
    this.writes.items.push(...items);
  }

  usage({ submitter, submitted, receivedAt }: AcceptWork, recipients: number, filed: readonly FiledCopy[]): void {
    const { usage } = this.#p;
    for (const { account, octets } of filed) usage.received(account, submitter, octets, receivedAt);
    if (submitter === 0) return;
    usage.add(submitter, receivedAt, { sent: 1, sentRecipients: recipients, sentOctets: submitted }, 'used');
  }

  behind(): void {
    // Nobody plans pages here.
  }

  // --- of the batch

  /** Keys of notices that the batch claimed, and filed nothing under. */
  get noticesLeft(): readonly string[] {
    return [...this.#notices].flatMap(([key, first]) => (first ? [key] : []));
  }

  /** Keys of resubmissions that the batch claimed, and filed nothing under. */
  get resubmissionsLeft(): readonly Uint8Array[] {
    return [...this.#submitted].flatMap(([key, known]) => (known === undefined ? [Buffer.from(key, 'latin1')] : []));
  }
}
