/**
 * Takes messages of another server into a mailbox, batch by batch: each batch is one transaction, so an import that is cut short has filed
 * whole batches, and is repeated without what they hold. In memory: one batch of sealed bodies, and a chunk of the message that comes in.
 */
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { octets } from '../domain/units.ts';
import type { Actor } from '../store/actor.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { ImportedEntry } from '../store/imports.ts';
import { type BodyWriter, type SealedBody, StoreFull } from '../store/store.ts';
import type { Store } from '../store/port/store.ts';
import { type MessageHead, readFrame } from './frames.ts';
import { FactsReader, type MessageFacts } from './message-facts.ts';
import { ServedLines } from './served-lines.ts';

/** A batch is filed at whichever comes first: the writer is held for some 10 ms. */
const BATCH_MESSAGES = 50;
const BATCH_OCTETS = 2 * 1024 * 1024;
/** Messages that could not be taken, of which more is told than that there are some. */
export const MAX_TOLD = 100;

export interface IntakeParts {
  readonly store: Pick<Store, 'openBody' | 'imports' | 'registry'>;
  readonly clock: Clock;
  /** Looks for malware before a message is filed; absent where nothing is scanned. */
  readonly scan?: ImportScan | undefined;
}

/**
 * `taken`: as `fact` tells in the trail. `refused`: this one is left where it is. `away`: nothing can be scanned now, and what is not scanned is not
 * taken.
 */
export type Scanned =
  { readonly kind: 'taken'; readonly fact: string } | { readonly kind: 'refused' | 'away'; readonly why: string };
export type ImportScan = (body: SealedBody, account: AccountId, uidl: string) => Promise<Scanned>;

export interface IntakeTarget {
  readonly account: AccountId;
  /** Those of the account, and one to stand in the trace where a message names none of them. */
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
  /** Messages that needed CRs, or had NUL octets, or have another size than the other server had noted. */
  readonly lineEnds: number;
  readonly nul: number;
  readonly otherSize: number;
  /** Not taken: the first `MAX_TOLD` of them. */
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

interface Incoming {
  readonly head: MessageHead;
  readonly writer: BodyWriter;
  readonly lines: ServedLines;
  readonly facts: FactsReader;
  /** Why it is not taken. What still comes of it is thrown away. */
  why?: string;
}

/** Files what the frames hold. Throws IntakeError. */
export async function takeIn(
  frames: AsyncIterable<string>,
  parts: IntakeParts,
  target: IntakeTarget,
): Promise<IntakeReport> {
  const intake = new Intake(parts, target);
  try {
    for await (const text of frames) await intake.frame(text);
    return await intake.end();
  } finally {
    await intake.abort();
  }
}

class Intake {
  readonly #p: IntakeParts;
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
  #incoming: Incoming | undefined;
  #batch: { readonly entry: ImportedEntry; readonly writer: BodyWriter; readonly scan: string | undefined }[] = [];
  #octets = 0;

  constructor(parts: IntakeParts, target: IntakeTarget) {
    this.#p = parts;
    this.#target = target;
  }

  async frame(text: string): Promise<void> {
    const frame = readFrame(text);
    const inside = this.#incoming !== undefined;
    if (frame?.kind === 'message' && !inside) return this.#begin(frame.head);
    if (frame?.kind === 'octets' && inside) return await this.#write(frame.octets);
    if (frame?.kind === 'end' && inside) return await this.#end();
    if (frame?.kind === 'given-up' && inside) return await this.#giveUp();
    if (frame?.kind !== 'idle')
      throw new IntakeError(
        'invalid',
        `Cannot read "${text.slice(0, 20)}": expected messages as "sluis mailbox import" sends them; are command line and gateway of the same version?`,
      );
  }

  #begin(head: MessageHead): void {
    try {
      const writer = this.#p.store.openBody(octets(head.octets ?? 0));
      this.#incoming = { head, writer, lines: new ServedLines(), facts: new FactsReader() };
    } catch (error) {
      if (!(error instanceof StoreFull)) throw error;
      throw new IntakeError('full', `${error.message}; then import again: what was filed is not filed twice`);
    }
  }

  async #write(given: Buffer): Promise<void> {
    const { lines } = this.#incoming ?? {};
    if (lines !== undefined) await this.#store(lines.write(given));
  }

  async #store(slice: Buffer): Promise<void> {
    const { writer, facts, why } = this.#incoming ?? {};
    if (writer === undefined || why !== undefined || slice.length === 0) return;
    facts?.write(slice);
    try {
      await writer.write(slice);
    } catch (error) {
      if (!(error instanceof StoreFull) || this.#incoming === undefined) throw error;
      this.#incoming.why = error.message;
      await writer.abort();
    }
  }

  async #end(): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    await this.#store(incoming.lines.end());
    if (incoming.why === undefined) await this.#take(incoming);
    else this.#refuse(incoming.head.uidl, incoming.why);
    this.#incoming = undefined;
    if (this.#batch.length >= BATCH_MESSAGES || this.#octets >= BATCH_OCTETS) await this.#file();
  }

  /** The other server failed in the middle of it. What came before is whole, and is filed. */
  async #giveUp(): Promise<void> {
    await this.#incoming?.writer.abort();
    this.#incoming = undefined;
  }

  async #take({ head, writer, lines, facts }: Incoming): Promise<void> {
    const body = await writer.seal();
    const scanned = await this.#p.scan?.(body, this.#target.account, head.uidl);
    if (scanned?.kind === 'refused') {
      await writer.abort();
      return this.#refuse(head.uidl, scanned.why);
    }
    if (scanned?.kind === 'away')
      throw new IntakeError(
        'unscanned',
        `Cannot scan the message with UIDL "${head.uidl}" for malware (${scanned.why}), and what is not scanned is not taken; see that clamd runs, then import again: what was filed is not filed twice`,
      );
    const { messageId, sender, deliveredTo, at, parts } = facts.end();
    const entry: ImportedEntry = {
      body,
      receivedAt: head.at ?? at ?? this.#p.clock.now(),
      sender: await this.#known(sender),
      recipient: this.#recipient(deliveredTo),
      messageIdField: messageId,
      uidl: head.uidl,
      fetched: head.fetched,
      parts,
    };
    this.#batch.push({ entry, writer, scan: scanned?.kind === 'taken' ? scanned.fact : undefined });
    this.#octets += body.octets;
    if (lines.changedLineEnds) this.#report.lineEnds += 1;
    if (lines.changedNul) this.#report.nul += 1;
    if (head.octets !== undefined && head.octets !== body.octets) this.#report.otherSize += 1;
  }

  /** Nobody else could be told anything, and the operator need not read of each stranger's old mail. */
  async #known(sender: MessageFacts['sender']): Promise<Address | ''> {
    if (sender === undefined) return '';
    return (await this.#p.store.registry.findRecipient(addressKey(sender))) === undefined ? '' : sender;
  }

  #recipient(deliveredTo: readonly Address[]): Address {
    const { addresses, otherwise } = this.#target;
    const own = new Set(addresses.map(addressKey));
    return deliveredTo.find((address) => own.has(addressKey(address))) ?? otherwise;
  }

  #refuse(uidl: string, why: string): void {
    this.#report.refusedMessages += 1;
    if (this.#report.refused.length < MAX_TOLD) this.#report.refused.push({ uidl, why });
  }

  async #file(): Promise<void> {
    if (this.#batch.length === 0) return;
    const { account, progress } = this.#target;
    const entries = this.#batch.map(({ entry }) => entry);
    const outcome = await this.#p.store.imports.file(
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

  async end(): Promise<IntakeReport> {
    if (this.#incoming !== undefined)
      throw new IntakeError('invalid', `The message with UIDL "${this.#incoming.head.uidl}" did not come to its end`);
    await this.#file();
    return this.#report;
  }

  /** Gives up what was not filed. */
  async abort(): Promise<void> {
    await this.#incoming?.writer.abort();
    for (const { writer } of this.#batch) await writer.abort();
  }
}
