/**
 * The authorities that certificates for mail are trusted by: the gateway's own, and those of the
 * configuration. And which certificates are revoked: the registry knows it of our own and of every
 * one that an operator revoked here, revocation lists know it of the others.
 *
 * What is remembered is current, since the store reports every change of authorities and
 * revocations.
 */
import { type Certificate, readCertificate } from '../crypto/certificates/certificate.ts';
import type { PathOptions, Revocation } from '../crypto/certificates/certificate-path.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { AuthorityRecord } from '../store/certificates.ts';
import type { Certificates } from '../store/port/certificates.ts';

/** Authorities that are not ours, with their revocation lists. */
export interface ForeignTrust {
  readonly authorities: readonly Certificate[];
  readonly check: (certificate: Certificate, issuer: Certificate) => Revocation;
}

export interface MailTrust {
  readonly anchors: readonly Certificate[];
  /** Authorities of ours below the anchors. */
  readonly intermediates: readonly Certificate[];
  readonly revocation: NonNullable<PathOptions['revocation']>;
}

interface Ours {
  readonly anchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly fingerprints: ReadonlySet<string>;
  readonly revoked: ReadonlyMap<string, Revocation>;
}

const PAGE = 1000;

export class MailTrustKeeper {
  readonly #certificates: Certificates;
  readonly #foreign: () => Promise<ForeignTrust>;
  readonly #clock: Clock;
  #ours: Promise<Ours> | undefined;

  constructor(certificates: Certificates, foreign: () => Promise<ForeignTrust>, clock: Clock) {
    this.#certificates = certificates;
    this.#foreign = foreign;
    this.#clock = clock;
    certificates.onChange(() => (this.#ours = undefined));
  }

  async now(): Promise<MailTrust> {
    const ours = await this.#current();
    const foreign = await this.#foreign();
    return {
      anchors: [...ours.anchors, ...foreign.authorities],
      intermediates: ours.intermediates,
      revocation: (certificate, issuer) =>
        ours.revoked.get(certificate.fingerprint) ??
        (ours.fingerprints.has(issuer.fingerprint) ? { kind: 'good' } : foreign.check(certificate, issuer)),
    };
  }

  /** A change during the read begins another one: the next caller waits for that. */
  #current(): Promise<Ours> {
    if (this.#ours !== undefined) return this.#ours;
    const reading = this.#read();
    this.#ours = reading;
    reading.catch(() => {
      if (this.#ours === reading) this.#ours = undefined;
    });
    return reading;
  }

  async #read(): Promise<Ours> {
    const records = await this.#certificates.listAuthorities();
    const of = (...roles: readonly AuthorityRecord['role'][]): readonly Certificate[] =>
      records.filter(({ role }) => roles.includes(role)).map(certificateOf);
    const [anchors, intermediates] = [of('root'), of('issuing', 'cross')];
    const revoked = new Map<string, Revocation>();
    for (const whose of [...records.filter(({ role }) => role === 'issuing').map(({ id }) => id), 'others' as const])
      await this.#readRevoked(whose, revoked);
    const fingerprints = new Set([...anchors, ...intermediates].map(({ fingerprint }) => fingerprint));
    return { anchors, intermediates, fingerprints, revoked };
  }

  async #readRevoked(whose: number | 'others', into: Map<string, Revocation>): Promise<void> {
    const endsAfter = this.#clock.now();
    let after: string | undefined;
    do {
      const query = { limit: PAGE, endsAfter, ...defined({ after }) };
      const page = await this.#certificates.listRevoked(whose, query);
      for (const { fingerprint, at, reason } of page) into.set(fingerprint, { kind: 'revoked', at, reason });
      after = page.length < PAGE ? undefined : page.at(-1)?.fingerprint;
    } while (after !== undefined);
  }
}

function certificateOf({ id, der }: AuthorityRecord): Certificate {
  const read = readCertificate(Buffer.from(der));
  if (!read.ok) throw new Error(`The certificate of authority ${id} cannot be read: ${read.error.text}`);
  return read.value;
}
