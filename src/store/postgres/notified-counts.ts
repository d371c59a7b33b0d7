/**
 * Counts that nodes tell each other by NOTIFY. What one gathers in a tenth of a second goes with
 * one statement, however many logins and messages it was. Sealed by a key of the nodes: every user
 * of the server may listen to a channel and speak on it, and would read who was guessed at from
 * where, or make an account wait with failures that never were.
 */
import type { ClusterSecrets } from '../../crypto/keys/cluster-secrets.ts';
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import { milliseconds } from '../../domain/units.ts';
import type { SharedCount, SharedCounts, SharedSubject } from '../shared-counts.ts';
import type { LeaseOwner } from './lease-rows.ts';

const GATHERED = milliseconds(100);
/** Octets before sealing: in base64 they fit a notice of 8,000. */
const ROOM = 5500;
const MOST_OCTETS = 500;
/** Keys that wait to be told; of more, nobody is told. */
export const MOST_WAITING = 10_000;

interface Waiting {
  readonly subject: SharedSubject;
  readonly key: string;
  readonly more: number[];
}

/** One notice. `said` rises with each of a node's start: what comes again is no news. */
interface CountsNotice {
  readonly node: number;
  readonly epoch: number;
  readonly said: number;
  readonly words: readonly (readonly [subject: string, key: string, more: readonly number[]])[];
}

export interface NotifiedCountsParts {
  /** Sends a notice to all nodes, this one included. */
  readonly notify: (payload: string) => Promise<void>;
  readonly owner: LeaseOwner;
  readonly secrets: Pick<ClusterSecrets, 'sealWords' | 'openWords'>;
  readonly random: RandomBytes;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'debug'>;
}

export class NotifiedCounts implements SharedCounts {
  readonly #p: NotifiedCountsParts;
  readonly #listeners = new Map<string, ((key: string, more: readonly number[]) => void)[]>();
  readonly #heard = new Map<number, Pick<CountsNotice, 'epoch' | 'said'>>();
  readonly #waiting = new Map<string, Waiting>();
  #said = 0;
  #gathering = false;
  #saying: Promise<void> = Promise.resolve();
  /** Counts that were not sent since the start. */
  lost = 0;

  constructor(parts: NotifiedCountsParts) {
    this.#p = parts;
  }

  of(subject: SharedSubject): SharedCount {
    return {
      tell: (key, more) => this.#tell(subject, key, more),
      onTold: (listener) => void this.#listeners.set(subject, [...(this.#listeners.get(subject) ?? []), listener]),
    };
  }

  #tell(subject: SharedSubject, key: string, more: readonly number[]): void {
    const name = `${subject} ${key}`;
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) for (const [i, n] of more.entries()) waiting.more[i] = (waiting.more[i] ?? 0) + n;
    else if (this.#waiting.size < MOST_WAITING && Buffer.byteLength(key) <= MOST_OCTETS)
      this.#waiting.set(name, { subject, key, more: [...more] });
    else this.lost += 1;
    this.#sayLater();
  }

  #sayLater(): void {
    if (this.#gathering || this.#waiting.size === 0) return;
    this.#gathering = true;
    this.#p.clock.after(GATHERED, () => {
      this.#saying = this.#say().then(() => {
        this.#gathering = false;
        this.#sayLater();
      });
    });
  }

  /** Resolves when nothing is being sent: for tests, and the end. */
  async settled(): Promise<void> {
    await this.#saying;
  }

  async #say(): Promise<void> {
    const { owner, secrets, random, notify, log } = this.#p;
    const words = this.#take();
    this.#said += 1;
    const told: CountsNotice = { node: owner.node, epoch: owner.epoch, said: this.#said, words };
    const sealed = secrets.sealWords(JSON.stringify(told), random);
    const payload = JSON.stringify({ from: owner.node, counts: sealed });
    try {
      await notify(payload);
    } catch (error) {
      this.lost += words.length;
      log.debug('store.counts-not-told', { why: String(error), counts: words.length });
    }
  }

  /** The counts that have waited longest, as many as one notice holds. */
  #take(): CountsNotice['words'] {
    const taken: CountsNotice['words'][number][] = [];
    let octets = 0;
    for (const [name, { subject, key, more }] of this.#waiting) {
      const word = [subject, key, more] as const;
      octets += Buffer.byteLength(JSON.stringify(word)) + 1;
      if (octets > ROOM) break;
      taken.push(word);
      this.#waiting.delete(name);
    }
    return taken;
  }

  /** A notice of another node; of anybody else it tells nothing. */
  hear(sealed: string): void {
    const opened = this.#p.secrets.openWords(sealed);
    if (opened === undefined) return;
    const { node, epoch, said, words } = JSON.parse(opened) as CountsNotice;
    const known = this.#heard.get(node) ?? { epoch: 0, said: 0 };
    if (epoch < known.epoch || (epoch === known.epoch && said <= known.said)) return;
    this.#heard.set(node, { epoch, said });
    for (const [subject, key, more] of words)
      for (const listener of this.#listeners.get(subject) ?? []) listener(key, more);
  }
}
