/**
 * The keys of days on one node, as other nodes see and change them.
 *
 * The keys of a day are a set that only grows, until the day is erased everywhere: whatever nodes
 * did that did not hear of each other, their union opens everything. An erasure is believed where
 * the common store says it as well; no word over the line destroys a key by itself.
 */
import type { ClusterSecrets } from '../crypto/keys/cluster-secrets.ts';
import type { KeyFolder } from '../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../crypto/keys/key-folder-refused.ts';
import type { Day } from '../domain/utc-day.ts';
import { SealBroken } from '../crypto/keys/sealing.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { PeerRefused } from './channel/refusals.ts';
import { DAYS_AT_A_TIME, type Handlers, KEPT_AT_A_TIME, type KnownDay } from './channel/requests.ts';
import { proofOf } from './erasure-proof.ts';

/** What the store of this node knows of days, and does with them. */
export interface DaysOfStore {
  /** Days whose keys this node needs to read what is stored. */
  used(): Promise<readonly Day[]>;
  /** True if its sweep found nothing of that day. */
  isErased(day: Day): Promise<boolean>;
  /** Whether a message that began on that day is still on its way, on this node. */
  isWriting(day: Day): boolean;
  /**
   * The day is closed on another node for the sake of an erased message: does the same here. False:
   * not yet.
   */
  close(day: Day): Promise<boolean>;
  /**
   * These messages of that day were erased on another node: notes it. False: the store still has
   * one of them.
   */
  noteErasing(day: Day, messages: readonly bigint[]): Promise<boolean>;
  /** The keys of that day were destroyed: no thread keeps one in memory. */
  forget(day: Day): Promise<void>;
}

export interface DayKeysParts {
  readonly keys: KeyFolder;
  readonly store: DaysOfStore;
  readonly storeId: string;
  readonly node: string;
  readonly secrets: ClusterSecrets;
  readonly clock: Clock;
  readonly log: Log;
}

export class DayKeys {
  readonly #p: DayKeysParts;

  constructor(parts: DayKeysParts) {
    this.#p = parts;
  }

  get keys(): KeyFolder {
    return this.#p.keys;
  }

  /** What this node knows of the days from `from` on, at most `DAYS_AT_A_TIME`. */
  have(from: Day): { readonly days: readonly KnownDay[]; readonly next?: Day } {
    const { days, next } = this.#p.keys.shared.inventory(from, DAYS_AT_A_TIME);
    return {
      days: days.flatMap(({ state, ...its }) => (state === 'none' ? [] : [{ ...its, state, marks: [...its.marks] }])),
      ...(next === undefined ? {} : { next }),
    };
  }

  give(day: Day, mark: string): string {
    const found = this.#p.keys.sealedKeysOf(day).find((one) => one.mark === mark);
    if (found === undefined) throw new PeerRefused('no-key', `the key ${mark} of ${day} is no longer here`);
    return Buffer.from(found.sealed).toString('base64');
  }

  take(day: Day, sealed: string): { readonly mark: string; readonly isNew: boolean } {
    try {
      const taken = this.#p.keys.shared.take(day, Buffer.from(sealed, 'base64'));
      if (taken.isNew) this.#p.log.info('cluster.key-taken', { day, mark: taken.mark });
      return taken;
    } catch (error) {
      if (!(error instanceof KeyFolderRefused)) throw error;
      throw new PeerRefused(this.#isGone(day) ? 'gone' : 'other-master-key', error.message);
    }
  }

  #isGone(day: Day): boolean {
    return ['erased', 'kept'].includes(this.#p.keys.stateOf(day));
  }

  /**
   * Destroys the day's keys where the store agrees, and proves it. Repeating it destroys nothing
   * more.
   */
  async erase(day: Day): Promise<ReturnType<typeof proofOf>> {
    const { keys, store, secrets, storeId, node, clock, log } = this.#p;
    if (!(await store.isErased(day)))
      throw new PeerRefused(
        'not-erased',
        `the store of node "${node}" has not erased ${day}; nothing was destroyed, and it is asked again`,
      );
    if (store.isWriting(day))
      throw new PeerRefused('not-erased', `a message of ${day} is still on its way; it is asked again`);
    if (!keys.isErased(day)) {
      keys.erase(day);
      log.info('cluster.key-erased', { day });
    }
    await store.forget(day);
    return proofOf(secrets, storeId, { day, node, at: clock.now() });
  }

  /** Days that are needed to read what is stored, and have no key here. */
  async missing(): Promise<readonly Day[]> {
    return (await this.#p.store.used()).filter((day) => this.#p.keys.stateOf(day) === 'none');
  }

  kept(day: Day, from: number): { readonly sealed: string; readonly octets: number } {
    try {
      const all = this.#p.keys.shared.kept(day);
      return { sealed: all.subarray(from, from + KEPT_AT_A_TIME).toString('base64'), octets: all.length };
    } catch (error) {
      if (error instanceof KeyFolderRefused) throw new PeerRefused('no-key', error.message);
      throw error;
    }
  }

  /** Takes the kept keys of a day that has no key here. */
  takeKept(day: Day, sealed: Uint8Array): void {
    this.#p.keys.shared.takeKept(day, sealed);
    this.#p.log.info('cluster.kept-keys-taken', { day });
  }

  async noteErasing(day: Day, messages: readonly bigint[]): Promise<void> {
    const { store, node } = this.#p;
    if (!(await store.noteErasing(day, messages)))
      throw new PeerRefused(
        'not-erased',
        `the store of node "${node}" still has a message of ${day} that is said to be erased; nothing was noted, and it is asked again`,
      );
  }

  /** Closes a day; undefined, or what it waits for. */
  async close(day: Day): Promise<string | undefined> {
    const { keys, store, node, log } = this.#p;
    try {
      if (!(await store.close(day)))
        return `a message of ${day} is still on its way on node "${node}", so what was erased of that day is not closed there yet`;
    } catch (error) {
      // A key that never came here, of a day that its maker has closed since: the other days go on.
      if (!(error instanceof KeyFolderRefused || error instanceof SealBroken)) throw error;
      return `what was erased of ${day} cannot be closed on node "${node}", which lacks a key of that day (${error.message}); stop it, and put the file "${day}.kept" of another node's key folder into its own, in the place of its keys of that day`;
    }
    keys.forget(day);
    log.info('cluster.day-closed', { day });
    return undefined;
  }

  /** The handlers of the channel. */
  get handlers(): Pick<Handlers, Extract<keyof Handlers, `keys.${string}`>> {
    return {
      'keys.have': ({ from }) => settled(() => this.have(from) as { days: KnownDay[]; next?: Day }),
      'keys.give': ({ day, mark }) => settled(() => ({ sealed: this.give(day, mark) })),
      'keys.take': ({ day, sealed }) => settled(() => this.take(day, sealed)),
      'keys.kept': ({ day, from }) => settled(() => this.kept(day, from)),
      'keys.erasing': async ({ day, messages }) => {
        await this.noteErasing(day, messages.map(BigInt));
        return {};
      },
      'keys.close': async ({ day }) => ({ closed: (await this.close(day)) === undefined }),
      'keys.erase': async ({ day }) => {
        const { node, at, proof } = await this.erase(day);
        return { node, at, proof };
      },
    };
  }
}

const settled = async <T>(run: () => T): Promise<T> => {
  await Promise.resolve();
  return run();
};
