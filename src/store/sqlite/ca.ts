/** The certificates' port on SQLite. Nothing is cached: no road of the mail asks here. */
import type { RandomBytes } from '../../domain/effects.ts';
import { foldLogin } from '../../domain/registry.ts';
import { type Instant, instant } from '../../domain/units.ts';
import type {
  AuthorityRecord,
  CertificateQuery,
  AccountCertificate,
  Certificates,
  NewAuthority,
  NewAccountCertificate,
  NewEnrolment,
  RevokedCertificate,
  TriedEnrolment,
} from '../certificates.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { CaChange, CaChanged } from './ca-changes.ts';
import type { Reader } from './reader.ts';
import type { StoreTime } from './store-time.ts';
import { type Writer, errorOf } from './writer.ts';

export interface CertificatesParts {
  readonly writer: Writer;
  readonly reader: Reader;
  readonly time: StoreTime;
  readonly random: RandomBytes;
}

const limitOf = (limit: number): number => Math.min(1000, Math.max(1, Math.trunc(limit)));

export class SqliteCa implements Certificates {
  readonly #p: CertificatesParts;

  constructor(parts: CertificatesParts) {
    this.#p = parts;
  }

  async #change(change: CaChange): Promise<CaChanged> {
    const salt = this.#p.random(32);
    const answer = await this.#p.writer.ask({ kind: 'ca', change, at: this.#p.time.now(), salt });
    if (answer.kind === 'ca') return answer.changed;
    if (answer.kind === 'registry-error') throw new RegistryError(answer.error, answer.message);
    throw errorOf(answer);
  }

  async listAuthorities(): Promise<readonly AuthorityRecord[]> {
    return await this.#p.reader.ask('authorities', {});
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

  async addCertificate(login: string, certificate: NewAccountCertificate, how: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'add-certificate', login, certificate, how, actor });
  }

  async findCertificates(name: string): Promise<readonly AccountCertificate[]> {
    const folded = name.replace(/[:\s]/g, '').toLowerCase();
    return await this.#p.reader.ask('certificateNamed', {
      name: folded.length === 64 ? folded : folded.replace(/^0+/, ''),
    });
  }

  async listCertificates(query: CertificateQuery): Promise<readonly AccountCertificate[]> {
    const { limit, after, login, endsFrom, endsBefore } = query;
    return await this.#p.reader.ask('accountCertificates', {
      limit: limitOf(limit),
      afterEnd: after?.notAfter ?? (endsFrom === undefined ? -1 : endsFrom - 1),
      afterFingerprint: after?.fingerprint ?? 'g', // behind every fingerprint: hexadecimal ends at f
      login: login === undefined ? null : (foldLogin(login) ?? ''),
      endsBefore: endsBefore ?? Number.MAX_SAFE_INTEGER,
    });
  }

  async revokeCertificate(fingerprint: string, reason: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'revoke', fingerprint, reason, actor });
  }

  async listRevoked(
    authority: number,
    page: { readonly limit: number; readonly after?: string; readonly endsAfter: Instant },
  ): Promise<readonly RevokedCertificate[]> {
    const { limit, after = '', endsAfter } = page;
    return await this.#p.reader.ask('revoked', { authority, after, endsAfter, limit: limitOf(limit) });
  }

  async noteWarned(fingerprint: string, days: number): Promise<void> {
    await this.#change({ op: 'warned', fingerprint, days });
  }

  async addEnrolments(enrolments: readonly NewEnrolment[], actor: Actor): Promise<void> {
    await this.#change({ op: 'add-enrolments', enrolments, actor });
  }

  async tryEnrolment(id: string, hash: Uint8Array, actor: Actor): Promise<TriedEnrolment> {
    const { enrolment } = await this.#change({ op: 'try-enrolment', id, hash, actor });
    if (enrolment === undefined) return { kind: 'refused' };
    return { kind: 'valid', enrolment: { ...enrolment, notAfter: instant(enrolment.notAfter) } };
  }

  async collectEnrolment(
    id: string,
    hash: Uint8Array,
    certificate: NewAccountCertificate,
    actor: Actor,
  ): Promise<void> {
    await this.#change({ op: 'collect', id, hash, certificate, actor });
  }
}
