/**
 * Remembers the OpenPGP keys of addresses, as mail needs them. The memory is exact, as that of the
 * registry.
 */
import type { AddressKey } from '../../domain/address.ts';
import type { Invalidation } from '../changes/changed.ts';
import type { PgpMailKey } from '../pgp-keys.ts';
import type { PgpKeys } from '../port/certificates.ts';
import { Remembered } from './remembered.ts';

/** Addresses that are remembered: about 3 KB each. */
const MOST = 5000;

export class RememberedPgpKeys implements Pick<PgpKeys, 'findMail'> {
  readonly #keys: Pick<PgpKeys, 'findMail'>;
  readonly #mail = new Remembered<AddressKey, readonly PgpMailKey[]>(MOST);

  constructor(keys: Pick<PgpKeys, 'findMail'>) {
    this.#keys = keys;
  }

  /** Forgets what a commit changed, before its answers are given out. */
  told({ mail }: Pick<Invalidation, 'mail'>): void {
    for (const key of mail) this.#mail.forget(key as AddressKey);
  }

  /** Forgets everything, since something has changed and it is not known what. */
  forgetAll(): void {
    this.#mail.forgetAll();
  }

  async findMail(key: AddressKey): Promise<readonly PgpMailKey[]> {
    return await this.#mail.get(key, () => this.#keys.findMail(key));
  }
}
