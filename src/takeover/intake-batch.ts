/**
 * One batch of an import: what was taken and not yet filed, and the count of all that was. Sealed
 * bodies alone stay in memory.
 */
import type { Address } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Actor } from '../store/actor.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { ImportedEntry } from '../store/imports.ts';
import type { Store } from '../store/port/store.ts';
import type { BodyWriter } from '../store/body.ts';

/** A batch is filed at whichever comes first: the writer is held for some 10 ms. */
const BATCH_MESSAGES = 50;
const BATCH_OCTETS = 2 * 1024 * 1024;
/** Messages that could not be taken and are listed; of more only the existence is told. */
const MAX_TOLD = 100;

export interface IntakeTarget {
  readonly account: AccountId;
  /**
   * Addresses of the account, and the one that stands in the trace if a message names none of them.
   */
  readonly addresses: readonly Address[];
  readonly otherwise: Address;
  readonly actor: Actor;
  /** After each batch. */
  readonly progress: (messages: number) => void;
}

export interface IntakeReport {
  /** Filed. */
  readonly messages: number;
  readonly octets: number;
  readonly batches: number;
  readonly fetched: number;
  /** Messages with EDI in them. */
  readonly edi: number;
  /**
   * Messages that needed CRs, or had NUL octets, or have another size than the other server had
   * noted.
   */
  readonly lineEnds: number;
  readonly nul: number;
  readonly otherSize: number;
  /** Messages that were not taken: the first `MAX_TOLD` of them. */
  readonly refused: readonly { readonly uidl: string; readonly why: string }[];
  readonly refusedMessages: number;
}

/** An error that ends an import. Messages that were filed before it stay. */
export class IntakeError extends Error {
  override readonly name = 'IntakeError';
  readonly kind: 'invalid' | 'taken' | 'gone' | 'full' | 'unscanned';
  constructor(kind: IntakeError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export class IntakeBatch {
  readonly #imports: Store['imports'];
  readonly #target: IntakeTarget;
  readonly #report = {
    messages: 0,
    octets: 0,
    batches: 0,
    fetched: 0,
    edi: 0,
    lineEnds: 0,
    nul: 0,
    otherSize: 0,
    refusedMessages: 0,
    refused: [] as { uidl: string; why: string }[],
  };
  #batch: { readonly entry: ImportedEntry; readonly writer: BodyWriter; readonly scan: string | undefined }[] = [];
  #octets = 0;

  constructor(imports: Store['imports'], target: IntakeTarget) {
    this.#imports = imports;
    this.#target = target;
  }

  get report(): IntakeReport {
    return this.#report;
  }

  /** `scan`: what the trail says of the look for malware. */
  add(entry: ImportedEntry, writer: BodyWriter, scan: string | undefined): void {
    this.#batch.push({ entry, writer, scan });
    this.#octets += entry.body.octets;
  }

  /**
   * What was changed of the message that was added last, or was not as the other server had noted
   * it.
   */
  note(found: Readonly<Record<'lineEnds' | 'nul' | 'otherSize', boolean>>): void {
    for (const kind of ['lineEnds', 'nul', 'otherSize'] as const) if (found[kind]) this.#report[kind] += 1;
  }

  /** Notes a message that is not taken. */
  refuse(uidl: string, why: string): void {
    this.#report.refusedMessages += 1;
    if (this.#report.refused.length < MAX_TOLD) this.#report.refused.push({ uidl, why });
  }

  async fileIfFull(): Promise<void> {
    if (this.#batch.length >= BATCH_MESSAGES || this.#octets >= BATCH_OCTETS) await this.file();
  }

  /** Files the batch. Throws IntakeError. */
  async file(): Promise<void> {
    if (this.#batch.length === 0) return;
    const { account, progress } = this.#target;
    const entries = this.#batch.map(({ entry }) => entry);
    const outcome = await this.#imports.file(
      account,
      entries,
      this.#batch.map(({ entry, scan }) => this.#audited(entry, scan)),
    );
    if (outcome.kind === 'taken')
      throw new IntakeError(
        'taken',
        `Cannot import the message with UIDL "${outcome.uidl}": the mailbox has, or had, one of that name; does another import of it run? Import again when it has ended`,
      );
    if (outcome.kind === 'gone') throw new IntakeError('gone', 'Cannot import: the account has ended');
    this.#batch = [];
    this.#octets = 0;
    this.#count(entries);
    progress(this.#report.messages);
  }

  #count(entries: readonly ImportedEntry[]): void {
    this.#report.batches += 1;
    this.#report.messages += entries.length;
    for (const { body, fetched, parts } of entries) {
      this.#report.octets += body.octets;
      if (fetched) this.#report.fetched += 1;
      if (parts.interchanges.length > 0) this.#report.edi += 1;
    }
  }

  #audited({ body, uidl, fetched, receivedAt }: ImportedEntry, scan: string | undefined): AuditEvent {
    const { account, actor } = this.#target;
    return {
      event: 'message.imported',
      outcome: 'success',
      message: body.id,
      account,
      facts: { octets: body.octets, sha256: body.sha256, uidl, fetched, received: receivedAt, ...defined({ scan }) },
      personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
    };
  }

  /** Gives up what was not filed. */
  async abort(): Promise<void> {
    for (const { writer } of this.#batch) await writer.abort();
  }
}
