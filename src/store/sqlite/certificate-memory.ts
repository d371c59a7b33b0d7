/**
 * What the roads of the mail ask of certificates, remembered: the authorities, and what is known of an address. Exact, as the memories of the
 * registry are.
 */
import type { AddressKey } from '../../domain/address.ts';
import type { AuthorityRecord, Certificates, MailRecord } from '../certificates.ts';
import type { Told } from '../changes/ground.ts';
import type { Subjects } from '../objects.ts';
import { Lru } from './lru.ts';

/** Addresses that are remembered: about 3 KB each, most of it sealed keys and certificates. */
const MOST = 5000;

export class CertificateMemory implements Pick<Certificates, 'listAuthorities' | 'findMail' | 'onChange'> {
  readonly #trust: Subjects['trust'];
  readonly #mail = new Lru<AddressKey, MailRecord>(MOST);
  #authorities: readonly AuthorityRecord[] | undefined;
  /** Rises with every change: a read that saw it rise is not kept. */
  #changes = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(trust: Subjects['trust']) {
    this.#trust = trust;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** From a commit, before its answers are given out. */
  told({ mail, trust }: Pick<Told, 'mail' | 'trust'>): void {
    this.#changes += 1;
    for (const key of mail) this.#mail.delete(key as AddressKey);
    if (!trust) return;
    this.#authorities = undefined;
    for (const listener of this.#listeners) listener();
  }

  async listAuthorities(): Promise<readonly AuthorityRecord[]> {
    if (this.#authorities !== undefined) return this.#authorities;
    const before = this.#changes;
    const found = await this.#trust.authorities();
    if (before === this.#changes) this.#authorities = found;
    return found;
  }

  async findMail(key: AddressKey): Promise<MailRecord> {
    const known = this.#mail.get(key);
    if (known !== undefined) return known;
    const before = this.#changes;
    const found = await this.#trust.mail(key);
    if (before === this.#changes) this.#mail.set(key, found);
    return found;
  }
}
