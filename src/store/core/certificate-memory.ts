/**
 * Remembers what mail needs of certificates: the authorities, and what is known of an address. The
 * memory is exact, as those of the registry are.
 */
import type { AddressKey } from '../../domain/address.ts';
import type { AuthorityRecord, MailRecord } from '../certificates.ts';
import type { Certificates } from '../port/certificates.ts';
import type { Invalidation } from '../changes/changed.ts';
import type { Subjects } from '../objects.ts';
import { Remembered } from './remembered.ts';

/** Addresses that are remembered: about 3 KB each, most of it sealed keys and certificates. */
const MOST = 5000;

export class CertificateMemory implements Pick<Certificates, 'listAuthorities' | 'findMail' | 'onChange'> {
  readonly #trust: Subjects['trust'];
  readonly #mail = new Remembered<AddressKey, MailRecord>(MOST);
  readonly #authorities = new Remembered<'all', readonly AuthorityRecord[]>(1);
  readonly #listeners: (() => void)[] = [];

  constructor(trust: Subjects['trust']) {
    this.#trust = trust;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Forgets what a commit changed, before its answers are given out. */
  told({ mail, trust }: Pick<Invalidation, 'mail' | 'trust'>): void {
    for (const key of mail) this.#mail.forget(key as AddressKey);
    if (!trust) return;
    this.#authorities.forgetAll();
    for (const listener of this.#listeners) listener();
  }

  /** Forgets everything, since something has changed and it is not known what. */
  forgetAll(): void {
    this.#mail.forgetAll();
    this.told({ mail: [], trust: true });
  }

  async listAuthorities(): Promise<readonly AuthorityRecord[]> {
    return await this.#authorities.get('all', () => this.#trust.authorities());
  }

  async findMail(key: AddressKey): Promise<MailRecord> {
    return await this.#mail.get(key, () => this.#trust.mail(key));
  }
}
