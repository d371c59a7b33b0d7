/** What the roads of the mail ask of OpenPGP keys, remembered: the keys of an address. It is exact, as that of the registry. */
import type { AddressKey } from '../../domain/address.ts';
import type { Told } from '../changes/ground.ts';
import type { PgpKeys, PgpMailKey } from '../pgp-keys.ts';
import { Lru } from './lru.ts';

/** Addresses that are remembered: about 3 KB each. */
const MOST = 5000;

export class RememberedPgpKeys implements Pick<PgpKeys, 'findMail'> {
  readonly #keys: Pick<PgpKeys, 'findMail'>;
  readonly #mail = new Lru<AddressKey, readonly PgpMailKey[]>(MOST);
  /** Rises with every change: a read that saw it rise is not kept. */
  #changes = 0;

  constructor(keys: Pick<PgpKeys, 'findMail'>) {
    this.#keys = keys;
  }

  /** From a commit, before its answers are given out. */
  told({ mail }: Pick<Told, 'mail'>): void {
    this.#changes += 1;
    for (const key of mail) this.#mail.delete(key as AddressKey);
  }

  async findMail(key: AddressKey): Promise<readonly PgpMailKey[]> {
    const known = this.#mail.get(key);
    if (known !== undefined) return known;
    const before = this.#changes;
    const found = await this.#keys.findMail(key);
    if (before === this.#changes) this.#mail.set(key, found);
    return found;
  }
}
