/**
 * What the nodes of one store prove and hide from everybody else by their common master key: each for one purpose, by a key derived for it alone.
 */
import { type KeyObject, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/effects.ts';
import { SealBroken, deriveKey, unwrapOctets, wrapKey } from './sealing.ts';

const TICKETS = 'sluis shared ticket key 1';

export class ClusterSecrets {
  readonly #proving: KeyObject;
  readonly #tickets: KeyObject;

  constructor(masterKey: Uint8Array) {
    this.#proving = deriveKey(masterKey, 'sluis erasure proof 1');
    this.#tickets = deriveKey(masterKey, TICKETS);
  }

  /** HMAC-SHA-256, base64: somebody with the master key said this. */
  prove(words: readonly (string | number)[]): string {
    return createHmac('sha256', this.#proving).update(JSON.stringify(words)).digest('base64');
  }

  proves(words: readonly (string | number)[], proof: string): boolean {
    const [given, right] = [Buffer.from(proof, 'base64'), Buffer.from(this.prove(words), 'base64')];
    return given.length === right.length && timingSafeEqual(given, right);
  }

  sealTicketKey(key: Uint8Array, random: RandomBytes): string {
    return Buffer.from(wrapKey(this.#tickets, key, TICKETS, random)).toString('base64');
  }

  /** Undefined for what was not sealed under this master key. */
  openTicketKey(sealed: string): Buffer | undefined {
    try {
      return unwrapOctets(this.#tickets, Buffer.from(sealed, 'base64'), TICKETS);
    } catch (error) {
      if (error instanceof SealBroken) return undefined;
      throw error;
    }
  }
}
