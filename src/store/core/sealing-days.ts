/**
 * The keys that new messages are sealed with, a key a day.
 *
 * Several gateways may write into one store, each with a key folder of its own. What one seals the
 * others must be able to open, so before the first message of a day each writes down which key it
 * seals with, or takes one that is written down, and is refused where another one's is not in its
 * folder.
 */
import type { KeyObject } from 'node:crypto';
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import type { Day } from '../../domain/utc-day.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { MayMakeKey } from '../port/day-keys.ts';
import { StoreFailed, StoreUnavailable } from '../store.ts';
import type { ClaimDay, ClaimedKey } from './engine.ts';

export interface SealingDaysParts {
  readonly keys: KeyFolder;
  /** Days that the store has used. */
  readonly days: Set<Day>;
  readonly random: RandomBytes;
  readonly mayMakeKey: MayMakeKey | undefined;
  /** Undefined: nobody else writes into this store. */
  readonly claim: ClaimDay | undefined;
}

export class SealingDays {
  readonly #p: SealingDaysParts;
  readonly #claimed = new Set<Day>();
  readonly #running = new Map<Day, Promise<void>>();

  constructor(parts: SealingDaysParts) {
    this.#p = parts;
  }

  /**
   * Only a day that the store never used gets a new key; if nodes agree on keys, only a node that
   * is alone makes one. Throws StoreUnavailable or StoreFailed.
   */
  keyOf(day: Day): KeyObject {
    const { keys, days, random, mayMakeKey } = this.#p;
    try {
      if (mayMakeKey === undefined) {
        if (days.has(day)) return keys.sealingKeyOf(day);
        const key = keys.make(day, random);
        days.add(day);
        return key;
      }
      if (!keys.holds(day)) {
        const made = mayMakeKey(day);
        if (!made.may) throw new StoreUnavailable(made.why);
        keys.makeMarked(day, random);
      }
      days.add(day);
      return keys.sealingKeyOf(day);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      if (error instanceof KeyFolderRefused) throw new StoreFailed(error.message);
      throw new StoreFailed(`The day key of ${day} cannot be made or read: ${String(error)}`);
    }
  }

  /**
   * A promise that must have resolved before anything of `day` is written, and before its key is
   * asked for the last time; undefined if it has. Rejects with StoreUnavailable if this gateway
   * could not open what another one seals.
   */
  ready(day: Day): Promise<void> | undefined {
    const { claim } = this.#p;
    if (claim === undefined || this.#claimed.has(day)) return undefined;
    const known = this.#running.get(day);
    if (known !== undefined) return known;
    const running = this.#claim(claim, day);
    const isLatest = (): boolean => this.#running.get(day) === running && this.#running.delete(day);
    // Whoever writes sees the failure; a body that was given up before has nobody to see it.
    running.then(() => isLatest() && this.#claimed.add(day), isLatest);
    this.#running.set(day, running);
    return running;
  }

  /** Notes about keys of days may be lost, so they are written again. */
  anotherHistory(): void {
    this.#claimed.clear();
    this.#running.clear();
  }

  async #claim(claim: ClaimDay, day: Day): Promise<void> {
    const { keys, mayMakeKey } = this.#p;
    const asked = { day, mark: keys.sealingMarkOf(day), known: keys.sealedKeysOf(day).map(({ mark }) => mark) };
    const claimed = await claim({ ...asked, despite: mayMakeKey?.(day).may === true });
    if ('unknown' in claimed) throw new StoreUnavailable(unknownKeys(day, claimed.unknown, mayMakeKey !== undefined));
    if (claimed.mark !== asked.mark) keys.sealWith(day, claimed.mark);
  }
}

/**
 * What to do if others seal with keys that are not in this key folder. `exchanged`: gateways
 * exchange keys over their channel.
 */
export function unknownKeys(day: Day, unknown: readonly ClaimedKey[], exchanged: boolean): string {
  const who = [...new Set(unknown.map(({ node }) => `"${node}"`))].join(' and ');
  return `Gateway ${who} seals mail of ${day} with a key that this gateway does not have, so each could not open what the other takes. ${
    exchanged
      ? `The key comes once that gateway answers over the channel; if it is lost, let this site continue alone: "sluis site alone --until TIME"`
      : `Give both a channel ("listen" and "peers" in [cluster]) over which they exchange keys, and make the key folder of this one with "sluis init --postgres --join"; or copy that gateway's key folder to this one`
  }`;
}
