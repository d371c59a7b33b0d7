/**
 * Judges the certificate that a client showed: now, not when its TLS session was made, so that a
 * resumed session gets no further than a new one.
 *
 * Its dates and purpose must be right. A certificate that is registered by fingerprint needs no
 * more. One that is registered by its names needs a path to one of the configured authorities, or
 * anybody could make it (RFC 5280 section 6.1). RFC 9525 does not apply: no host name is compared.
 */
import { type Certificate, readCertificate } from '../crypto/certificates/certificate.ts';
import { credentialKeys } from '../crypto/certificates/certificate-credential.ts';
import {
  type PathReason,
  type PathResult,
  type Revocation,
  findPath,
} from '../crypto/certificates/certificate-path.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { RegisteredCertificate, State } from '../domain/registry.ts';
import { type Instant, minutes } from '../domain/units.ts';
import type { ShownChain } from '../platform/client-certificate.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { BoundedMap } from './bounded-map.ts';

export type CertificateReason =
  PathReason | 'none-shown' | 'unreadable' | 'unregistered' | Exclude<State, 'active'> | 'unknown';

/** For the log: which certificate it was. */
export interface CertificateFacts {
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
}

export type Standing =
  | {
      readonly kind: 'account';
      readonly record: LoginRecord;
      readonly certificate: RegisteredCertificate;
      readonly facts: CertificateFacts;
    }
  | {
      readonly kind: 'refused';
      readonly reason: CertificateReason;
      /** One line for the log. */
      readonly text: string;
      readonly facts?: CertificateFacts;
      /** The account for which the certificate is or was registered. */
      readonly login?: string;
    };

interface Shown {
  readonly leaf: Certificate;
  readonly others: readonly Certificate[];
}
interface KnownPath {
  /**
   * From the issuer of the certificate to the anchor. The certificate itself is left out, or twenty
   * thousand of them would be held.
   */
  readonly issuers: readonly Certificate[];
  readonly generation: number;
  /** From then to `until` every certificate of the path is valid. */
  readonly from: Instant;
  readonly until: Instant;
}

/**
 * Most paths that are remembered. A resumed session shows no intermediates, and verifying three
 * signatures at every MAIL would cost more than all the rest.
 */
const PATHS = 20_000;
const ISSUERS = 1000;
/** Alternative names beyond these are not looked up. */
const MOST_KEYS = 64;
/** A path is verified again after this time, since a revocation list may have become overdue. */
const PATH_LIFETIME = minutes(10);
/** A certificate is valid to the end of its last second. */
const SECOND = 1000;

export class ClientCertificates {
  readonly #registry: Pick<Registry, 'findCertificate' | 'findLogin'>;
  readonly #clock: Clock;
  #anchors: readonly Certificate[];
  readonly #revocation: ((certificate: Certificate, issuer: Certificate) => Revocation) | undefined;
  #generation = 0;
  readonly #paths = new BoundedMap<string, KnownPath>(PATHS);
  readonly #issuers = new BoundedMap<string, Certificate>(ISSUERS);
  /** What was read of a chain, once for each connection; null if it cannot be read. */
  readonly #read = new WeakMap<ShownChain, Shown | null>();

  constructor(
    registry: Pick<Registry, 'findCertificate' | 'findLogin'>,
    clock: Clock,
    anchors: readonly Certificate[],
    revocation?: (certificate: Certificate, issuer: Certificate) => Revocation,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#anchors = anchors;
    this.#revocation = revocation;
  }

  /** Uses other authorities, or other revocation lists, from now on, also for open sessions. */
  trust(anchors: readonly Certificate[] = this.#anchors): void {
    this.#anchors = anchors;
    this.#generation += 1;
  }

  /** What the certificate leads to. Rejects only when the store does. */
  async standing(chain: ShownChain | undefined): Promise<Standing> {
    if (chain === undefined) return { kind: 'refused', reason: 'none-shown', text: 'the client showed no certificate' };
    const shown = this.#shown(chain);
    if (shown === undefined)
      return { kind: 'refused', reason: 'unreadable', text: 'the certificate cannot be read as X.509' };
    const { leaf } = shown;
    const facts: CertificateFacts = {
      fingerprint: leaf.fingerprint,
      subject: formatName(leaf.subject).slice(0, 256),
      issuer: formatName(leaf.issuer).slice(0, 256),
    };
    const now = this.#clock.now();
    // The certificate as its own anchor: this judges its own dates, purpose and strength, whatever
    // it leads to.
    const own = findPath(leaf, { anchors: [leaf], purpose: 'login', now });
    if (own.kind === 'untrusted') return { kind: 'refused', reason: own.reason, text: own.text, facts };
    const path = this.#path(shown, now);
    const found = await this.#registry.findCertificate(credentialKeys(leaf, path.kind).slice(0, MOST_KEYS));
    // The issuer has revoked the certificate: no pin of ours brings it back.
    if (path.kind === 'untrusted' && path.reason === 'revoked')
      return { kind: 'refused', reason: 'revoked', text: path.text, facts, ...(found && { login: found.login }) };
    if (found === undefined)
      return path.kind === 'untrusted'
        ? { kind: 'refused', reason: path.reason, text: path.text, facts }
        : { kind: 'refused', reason: 'unregistered', text: 'the certificate is not registered for any account', facts };
    const { login, certificate } = found;
    if (certificate.revokedAt !== undefined) {
      const text = `"${certificate.name}" was revoked on ${new Date(certificate.revokedAt).toISOString()}`;
      return { kind: 'refused', reason: 'revoked', text, facts, login };
    }
    const record = await this.#registry.findLogin(login);
    const state = record?.account.state ?? 'unknown';
    if (record === undefined || state !== 'active')
      return {
        kind: 'refused',
        reason: state === 'active' ? 'unknown' : state,
        text: `its account is ${state}`,
        facts,
        login,
      };
    return { kind: 'account', record, certificate, facts };
  }

  #shown(chain: ShownChain): Shown | undefined {
    let shown = this.#read.get(chain);
    if (shown === undefined) {
      const [first, ...rest] = chain;
      const leaf = first === undefined ? undefined : readCertificate(first);
      const others = rest.flatMap((der) => {
        const read = readCertificate(der);
        return read.ok ? [read.value] : [];
      });
      shown = leaf?.ok === true ? { leaf: leaf.value, others } : null;
      this.#read.set(chain, shown);
    }
    return shown ?? undefined;
  }

  /** The same object for an issuer, however many clients send its certificate. */
  #shared(issuer: Certificate): Certificate {
    const known = this.#issuers.get(issuer.fingerprint);
    if (known === undefined) this.#issuers.set(issuer.fingerprint, issuer);
    return known ?? issuer;
  }

  #path({ leaf, others }: Shown, now: Instant): PathResult {
    const known = this.#paths.get(leaf.fingerprint);
    if (known?.generation === this.#generation && known.from <= now && now < known.until)
      return { kind: 'trusted', path: [leaf, ...known.issuers] };
    const found = findPath(leaf, {
      anchors: this.#anchors,
      intermediates: [...others, ...(known?.issuers ?? [])],
      purpose: 'login',
      now,
      ...defined({ revocation: this.#revocation }),
    });
    if (found.kind === 'trusted')
      this.#paths.set(leaf.fingerprint, {
        issuers: found.path.slice(1).map((issuer) => this.#shared(issuer)),
        generation: this.#generation,
        from: Math.max(...found.path.map((c) => c.notBefore)) as Instant,
        until: Math.min(...found.path.map((c) => c.notAfter + SECOND), now + PATH_LIFETIME) as Instant,
      });
    return found;
  }
}
