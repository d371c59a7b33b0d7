/**
 * What the nodes of one store prove to each other and hide from everybody else by their common
 * master key: each for one purpose, by a key derived for it alone.
 */
import { type KeyObject, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { SealBroken, deriveKey, unwrapOctets, wrapKey } from './sealing.ts';

const TICKETS = 'sluis shared ticket key 1';
const WORDS = 'sluis words between nodes 1';

export class ClusterSecrets {
  readonly #proving: KeyObject;
  readonly #tickets: KeyObject;
  readonly #words: KeyObject;

  constructor(masterKey: Uint8Array) {
    this.#proving = deriveKey(masterKey, 'sluis erasure proof 1');
    this.#tickets = deriveKey(masterKey, TICKETS);
    this.#words = deriveKey(masterKey, WORDS);
  }

  /** HMAC-SHA-256 over the words, base64: it proves that somebody with the master key said them. */
  prove(words: readonly (string | number)[]): string {
    return createHmac('sha256', this.#proving).update(JSON.stringify(words)).digest('base64');
  }

  proves(words: readonly (string | number)[], proof: string): boolean {
    const [given, right] = [Buffer.from(proof, 'base64'), Buffer.from(this.prove(words), 'base64')];
    return given.length === right.length && timingSafeEqual(given, right);
  }

  sealTicketKey(key: Uint8Array, random: RandomBytes): string {
    return sealed(this.#tickets, key, TICKETS, random);
  }

  /** The ticket key; undefined if it was not sealed under this master key. */
  openTicketKey(key: string): Buffer | undefined {
    return opened(this.#tickets, key, TICKETS);
  }

  /** Seals what nodes say to each other where others may listen. */
  sealWords(words: string, random: RandomBytes): string {
    return sealed(this.#words, Buffer.from(words), WORDS, random);
  }

  /** Opens sealed words; undefined if they were not sealed under this master key. */
  openWords(words: string): string | undefined {
    return opened(this.#words, words, WORDS)?.toString();
  }
}

const sealed = (key: KeyObject, octets: Uint8Array, purpose: string, random: RandomBytes): string =>
  Buffer.from(wrapKey(key, octets, purpose, random)).toString('base64');

function opened(key: KeyObject, octets: string, purpose: string): Buffer | undefined {
  try {
    return unwrapOctets(key, Buffer.from(octets, 'base64'), purpose);
  } catch (error) {
    if (error instanceof SealBroken) return undefined;
    throw error;
  }
}
