/**
 * Takes messages of another server into a mailbox, batch by batch: each batch is one transaction,
 * so an import that is cut short has filed whole batches, and is repeated without what they hold.
 * In memory: one batch of sealed bodies, and a chunk of the message that comes in.
 */
import { type Address, addressKey } from '../domain/address.ts';
import type { Clock } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { octets } from '../domain/units.ts';
import type { ImportedEntry } from '../store/imports.ts';
import { StoreFull } from '../store/store.ts';
import type { BodyWriter, SealedBody } from '../store/body.ts';
import type { Store } from '../store/port/store.ts';
import { type MessageHead, readFrame } from './frames.ts';
import { IntakeBatch, IntakeError, type IntakeReport, type IntakeTarget } from './intake-batch.ts';
import { FactsReader, type MessageFacts } from './message-facts.ts';
import { ServedLines } from './served-lines.ts';

export interface IntakeParts {
  readonly store: Pick<Store, 'openBody' | 'imports' | 'registry'>;
  readonly clock: Clock;
  /** Looks for malware before a message is filed; absent if nothing is scanned. */
  readonly scan?: ImportScan | undefined;
}

/**
 * `taken`: as `fact` tells in the trail. `refused`: this one is left where it is. `away`: nothing
 * can be scanned now, and what is not scanned is not taken.
 */
export type Scanned =
  { readonly kind: 'taken'; readonly fact: string } | { readonly kind: 'refused' | 'away'; readonly why: string };
export type ImportScan = (body: SealedBody, account: AccountId, uidl: string) => Promise<Scanned>;

interface Incoming {
  readonly head: MessageHead;
  readonly writer: BodyWriter;
  readonly lines: ServedLines;
  readonly facts: FactsReader;
  /** Why the message is not taken. Its remaining octets are thrown away. */
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
  readonly #batch: IntakeBatch;
  #incoming: Incoming | undefined;

  constructor(parts: IntakeParts, target: IntakeTarget) {
    this.#p = parts;
    this.#target = target;
    this.#batch = new IntakeBatch(parts.store.imports, target);
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
    else this.#batch.refuse(incoming.head.uidl, incoming.why);
    this.#incoming = undefined;
    await this.#batch.fileIfFull();
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
      return this.#batch.refuse(head.uidl, scanned.why);
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
    this.#batch.add(entry, writer, scanned?.kind === 'taken' ? scanned.fact : undefined);
    this.#batch.note({
      lineEnds: lines.changedLineEnds,
      nul: lines.changedNul,
      otherSize: head.octets !== undefined && head.octets !== body.octets,
    });
  }

  /**
   * Nobody else could be told anything, and the operator need not read of each stranger's old mail.
   */
  async #known(sender: MessageFacts['sender']): Promise<Address | ''> {
    if (sender === undefined) return '';
    return (await this.#p.store.registry.findRecipient(addressKey(sender))) === undefined ? '' : sender;
  }

  #recipient(deliveredTo: readonly Address[]): Address {
    const { addresses, otherwise } = this.#target;
    const own = new Set(addresses.map(addressKey));
    return deliveredTo.find((address) => own.has(addressKey(address))) ?? otherwise;
  }

  async end(): Promise<IntakeReport> {
    if (this.#incoming !== undefined)
      throw new IntakeError('invalid', `The message with UIDL "${this.#incoming.head.uidl}" did not come to its end`);
    await this.#batch.file();
    return this.#batch.report;
  }

  /** Gives up what was not filed. */
  async abort(): Promise<void> {
    await this.#incoming?.writer.abort();
    await this.#batch.abort();
  }
}
