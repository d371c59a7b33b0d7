/**
 * The certificates' port on SQLite. Cached is what the roads of the mail ask: the authorities, and what is known of an address. The caches are
 * exact, as those of the registry.
 */
import type { Address, AddressKey } from '../../domain/address.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { MailCapability } from '../../domain/mail-capability.ts';
import { instant } from '../../domain/units.ts';
import {
  type AuthorityRecord,
  type Certificates,
  type Enrolment,
  type EnrolmentTry,
  type KeptCertificate,
  MAX_REVOKED,
  type MailRecord,
  type NewAuthority,
  type NewEnrolment,
  type TriedEnrolment,
} from '../certificates.ts';
import type { Subjects } from '../objects.ts';
import type { CertificateReads } from '../reads/certificates.ts';
import { type Actor, RegistryError, THE_GATEWAY } from '../registry.ts';
import type { CaChange, CaChanged, EnrolmentAnswer } from './ca-changes.ts';
import { Lru } from './lru.ts';
import type { StoreTime } from './store-time.ts';
import { type Writer, errorOf } from './writer.ts';

export interface CertificatesParts {
  readonly writer: Writer;
  readonly trust: Subjects['trust'];
  readonly time: StoreTime;
  readonly random: RandomBytes;
}

/** Addresses that are remembered: about 3 KB each, most of it sealed keys and certificates. */
const MOST = 5000;

/** What the roads of the mail ask, and changes. */
export class SqliteCa implements Omit<Certificates, keyof CertificateReads> {
  readonly #p: CertificatesParts;
  readonly #mail = new Lru<AddressKey, MailRecord>(MOST);
  #authorities: readonly AuthorityRecord[] | undefined;
  /** Rises with every change: a read that saw it rise is not kept. */
  #changes = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(parts: CertificatesParts) {
    this.#p = parts;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** From a commit, before its answers are given out. */
  told({ mail = [], trust }: Pick<CaChanged, 'mail' | 'trust'>): void {
    this.#changes += 1;
    this.#authorities = undefined;
    for (const key of mail) this.#mail.delete(key as AddressKey);
    if (trust === true) for (const listener of this.#listeners) listener();
  }

  async #change(change: CaChange): Promise<CaChanged> {
    const salt = this.#p.random(32);
    const answer = await this.#p.writer.ask({ kind: 'ca', change, at: this.#p.time.now(), salt });
    if (answer.kind === 'ca') return answer.changed;
    if (answer.kind === 'registry-error') throw new RegistryError(answer.error, answer.message);
    throw errorOf(answer);
  }

  async listAuthorities(): Promise<readonly AuthorityRecord[]> {
    if (this.#authorities !== undefined) return this.#authorities;
    const before = this.#changes;
    const found = await this.#p.trust.authorities();
    if (before === this.#changes) this.#authorities = found;
    return found;
  }

  async addAuthorities(authorities: readonly NewAuthority[], event: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'add-authorities', authorities, event, actor });
  }

  async noteAuthority(fingerprint: string, event: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'note-authority', fingerprint, event, actor });
  }

  async nextCrlNumber(authority: number): Promise<number> {
    return (await this.#change({ op: 'crl-number', authority })).value ?? 0;
  }

  async addCertificate(login: string, certificate: KeptCertificate, how: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'add-certificate', login, certificate, how, actor });
  }

  async revokeCertificate(fingerprint: string, reason: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'revoke', fingerprint, reason, actor });
  }

  async revokeCertificates(fingerprints: readonly string[], reason: string, actor: Actor): Promise<number> {
    if (fingerprints.length > MAX_REVOKED)
      throw new RangeError(`${fingerprints.length} certificates are to be revoked at once; at most ${MAX_REVOKED}`);
    const { value } = await this.#change({ op: 'revoke-many', fingerprints, reason, actor });
    return value ?? 0;
  }

  async findMail(key: AddressKey): Promise<MailRecord> {
    const known = this.#mail.get(key);
    if (known !== undefined) return known;
    const before = this.#changes;
    const found = await this.#p.trust.mail(key);
    if (before === this.#changes) this.#mail.set(key, found);
    return found;
  }

  async addKey(fingerprint: string, sealedKey: Uint8Array, actor: Actor): Promise<void> {
    await this.#change({ op: 'add-key', fingerprint, sealedKey, actor });
  }

  async removeKey(fingerprint: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'remove-key', fingerprint, actor });
  }

  async setCapabilities(address: Address, names: readonly MailCapability[] | null, actor: Actor): Promise<void> {
    await this.#change({ op: 'capabilities', address, source: 'operator', names, actor });
  }

  async noteCapabilities(address: Address, names: readonly MailCapability[]): Promise<void> {
    await this.#change({ op: 'capabilities', address, source: 'seen', names, actor: THE_GATEWAY });
  }

  async noteWarned(fingerprint: string, days: number): Promise<void> {
    await this.#change({ op: 'warned', fingerprint, days });
  }

  async addEnrolments(enrolments: readonly NewEnrolment[], actor: Actor): Promise<void> {
    await this.#change({ op: 'add-enrolments', enrolments, actor });
  }

  async tryEnrolment(id: string, hash: Uint8Array, shown: EnrolmentTry): Promise<TriedEnrolment> {
    const { login = null, actor = null } = shown;
    const answer = await this.#change({ op: 'try-enrolment', id, hash, for: shown.for, login, actor });
    const { enrolment, fault } = answer;
    if (enrolment === undefined) {
      const { why = 'unknown', account = null } = fault ?? {};
      return { kind: 'refused', why, ...(account === null ? {} : { account: account as AccountId }) };
    }
    return { kind: 'valid', enrolment: enrolmentOf(enrolment) };
  }

  async collectEnrolment(id: string, hash: Uint8Array, certificate: KeptCertificate, actor: Actor): Promise<void> {
    await this.#change({ op: 'collect', id, hash, certificate, actor });
  }
}

function enrolmentOf({ login, use, notAfter, replaces, password }: EnrolmentAnswer): Enrolment {
  if (use === 'password')
    return { login, use, password: password ?? '', ...(notAfter === null ? {} : { notAfter: instant(notAfter) }) };
  return { login, use, notAfter: instant(notAfter ?? 0), ...(replaces === null ? {} : { replaces }) };
}
