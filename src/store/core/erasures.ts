/**
 * Erases single messages, in old backups too.
 *
 * What the database holds of a message is removed at once. An earlier backup still has its content
 * and, sealed by the key of its day, its key. So once nothing more can be filed on that day, the
 * keys of all other messages of the day are written into the key folder, and the key of the day is
 * destroyed: backups can open the other messages with those keys, and the erased one never again.
 * Messages of days without an erasure pay nothing for it.
 *
 * The order keeps other mail safe: the kept keys are durable before the key of the day is
 * destroyed, and what waits to be closed is noted in the key folder, so that a restore from an
 * older backup takes it out of mailboxes too.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { type Day, dayOf } from '../../domain/utc-day.ts';
import { KeptKeys, joinKeys, packKeys } from '../../crypto/keys/kept-keys.ts';
import { defined } from '../../domain/defined.ts';
import type { Log, RandomBytes } from '../../domain/effects.ts';
import { type AccountId, type MessageId, messageNumber } from '../../domain/ids.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import type { Erasure, MessageRecord } from '../deliveries.ts';
import { firstIdAt, idTime } from '../message-ids.ts';
import type { Subjects } from '../objects.ts';
import type { Actor } from '../actor.ts';
import type { Audit } from './audit.ts';
import type { Bodies } from './bodies.ts';
import type { Maildrops } from './maildrops.ts';
import type { EngineContents } from './engine.ts';
import type { StoreTime } from './store-time.ts';

/** Messages whose keys are read and opened at a time: some 10 ms. */
const PAGE = 500;
const OURSELVES = { session: 'erasure', network: 'erasure' };

export interface ErasuresParts {
  readonly messageErasure: Subjects['messageErasure'];
  readonly contents: Pick<EngineContents, 'dataKeys' | 'forgetDay'>;
  readonly audit: Audit;
  readonly bodies: Bodies;
  readonly maildrops: Maildrops;
  readonly keys: KeyFolder;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  readonly log: Log;
}

export class Erasures {
  readonly #p: ErasuresParts;
  readonly #listeners: ((day: Day) => void)[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ErasuresParts) {
    this.#p = parts;
  }

  async erase(record: MessageRecord, actor: Actor): Promise<Erasure> {
    const copies = copiesOf(record);
    const accounts = [...new Set([...copies.values()].flatMap((its) => [...its]))];
    const locks = await Promise.all(accounts.map((account) => this.#p.maildrops.lock(account, OURSELVES)));
    try {
      if (locks.includes('in-use')) return 'in-use';
      const erased = await this.#p.messageErasure.erase(
        [...copies].map(([id, its]) => ({ id: messageNumber(id), accounts: [...its] })),
        this.#p.audit.item(
          {
            event: 'message.erased',
            outcome: 'success',
            personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
          },
          record.id,
        ),
      );
      if (erased !== 'erased') return erased;
    } finally {
      for (const lock of locks) if (lock !== 'in-use') await this.#p.maildrops.release(lock);
    }
    const ids = [...copies.keys()].map(messageNumber);
    for (const id of ids) await this.#p.bodies.giveBack(id);
    await this.#alone(async () => {
      this.#note(ids);
      await this.#closeDays();
    });
    return 'erased';
  }

  /**
   * Called for a day whose messages were erased here, and for one that was closed for their sake.
   */
  onChange(listener: (day: Day) => void): void {
    this.#listeners.push(listener);
  }

  #changed(day: Day): void {
    for (const listener of this.#listeners) listener(day);
  }

  /** Runs one erasure at a time: a note that comes while its day is being closed would be lost. */
  async #alone(run: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(run, run);
    this.#last = mine;
    await mine;
  }

  /** Notes messages; copies of one may belong to the next day. */
  #note(ids: readonly bigint[]): void {
    const { keys } = this.#p;
    const byDay = new Map<Day, bigint[]>();
    for (const id of ids) {
      const day = dayOf(idTime(id));
      byDay.set(day, [...(byDay.get(day) ?? []), id]);
    }
    for (const [day, its] of byDay)
      if (!keys.isErased(day)) {
        keys.noteErasing(day, its);
        this.#changed(day);
      }
  }

  /**
   * Takes notes of another node. A message that the store still has is not erased on another node's
   * word: then false, and nothing is noted.
   */
  async noteOfAnother(day: Day, ids: readonly bigint[]): Promise<boolean> {
    const { keys, contents } = this.#p;
    let agreed = true;
    await this.#alone(async () => {
      const known = new Set(keys.erasing().get(day) ?? []);
      const isClosed = (id: bigint): boolean => keys.isKept(day) && !keys.keptKeys(day).has(id);
      const others = keys.isErased(day) ? [] : ids.filter((id) => !known.has(id) && !isClosed(id));
      for (const id of others)
        if (dayOf(idTime(id)) !== day || (await contents.dataKeys(id - 1n, id + 1n, 1)).length > 0) agreed = false;
      if (agreed && others.length > 0) keys.noteErasing(day, others);
    });
    return agreed;
  }

  /**
   * Closes in all backups what was erased on days before yesterday, since nothing more is filed on
   * those.
   */
  async closeDays(): Promise<void> {
    await this.#alone(() => this.#closeDays());
  }

  /**
   * Closes a day that another node has closed for an erased message: messages that the database
   * still has keep their keys, all other keys are destroyed. False: something of that day may still
   * be filed, so it waits.
   */
  async follow(day: Day): Promise<boolean> {
    let closed = false;
    await this.#alone(async () => {
      if (!this.#mayClose(day)) return;
      await this.#close(day, this.#p.keys.erasing().get(day) ?? []);
      closed = true;
    });
    return closed;
  }

  #mayClose(day: Day): boolean {
    const yesterday = dayOf(instant(this.#p.time.now() - days(1)));
    return day < yesterday && !this.#p.bodies.isWriting(day) && !this.#p.keys.isErased(day);
  }

  async #closeDays(): Promise<void> {
    for (const [day, ids] of this.#p.keys.erasing())
      if (this.#mayClose(day)) {
        await this.#close(day, ids);
        this.#changed(day);
      }
  }

  async #close(day: Day, ids: readonly bigint[]): Promise<void> {
    const { keys, random, contents, log, audit } = this.#p;
    const pages = await this.#keysOf(day, new Set(ids));
    const rows = joinKeys(pages);
    const kept = new KeptKeys(rows).size;
    keys.keep(day, rows, random);
    for (const octets of [...pages, rows]) octets.fill(0);
    await contents.forgetDay(day);
    const facts = { day, erased: ids.length, kept };
    log.info('store.messages-erased', facts);
    audit.note({ event: 'store.messages-erased', outcome: 'success', facts });
  }

  /** Keys of all messages of the day that have content, except those that are erased. */
  async #keysOf(day: Day, erased: ReadonlySet<bigint>): Promise<Buffer[]> {
    const from = Date.parse(`${day}T00:00:00Z`) as Instant;
    const below = firstIdAt(instant(from + days(1)));
    const pages: Buffer[] = [];
    for (let after = firstIdAt(from) - 1n; ;) {
      const page = await this.#p.contents.dataKeys(after, below, PAGE);
      const kept = page.filter(({ message }) => !erased.has(message));
      pages.push(
        packKeys(kept.map(({ message, wrapped }) => ({ message, key: this.#p.keys.dataKeyOf(day, message, wrapped) }))),
      );
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return pages;
      after = last.message;
    }
  }
}

/**
 * The message as it was submitted, and what protection made of it, each with the mailboxes that it
 * went to.
 */
function copiesOf({ id, recipients }: MessageRecord): Map<MessageId, Set<AccountId>> {
  const copies = new Map<MessageId, Set<AccountId>>([[id, new Set()]]);
  for (const { copy = id, mailbox } of recipients) {
    const its = copies.get(copy) ?? new Set();
    if (mailbox !== undefined) its.add(mailbox);
    copies.set(copy, its);
  }
  return copies;
}
