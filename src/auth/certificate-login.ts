/**
 * Logins that rest on a client certificate, and whether a password needs a certificate beside it:
 * the setting `login` of the account decides.
 */
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { Revocation } from '../crypto/certificates/certificate-path.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Account, foldLogin } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import { minutes } from '../domain/units.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { type AuthOutcome, type Mechanism, type Peer, mayEnter, passwordMechanisms } from './authenticator.ts';
import { BoundedMap } from './bounded-map.ts';
import { ClientCertificates } from './client-certificates.ts';
import type { CertificateFailure, FailureReason, LoginNotes } from './login-notes.ts';

export interface CertificateLoginParts {
  readonly registry: Pick<Registry, 'findLogin' | 'findCertificate' | 'noteCertificateUse'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly authorities?: readonly Certificate[];
  readonly revocation?: (certificate: Certificate, issuer: Certificate) => Revocation;
  /**
   * Called when the account has logged in from that network: the two know each other from now on.
   */
  readonly succeeded: (account: Account, network: string) => void;
}

/** Uses of one registration are noted at most this often. */
const NOTE_USE = minutes(10);
const NOTED = 100_000;

export const loginPolicy = ({ account, organisation }: LoginRecord): 'either' | 'password' | 'certificate' | 'both' =>
  settingOf('login', account.settings, organisation.settings);

const certificateAlone = (record: LoginRecord): boolean => ['either', 'certificate'].includes(loginPolicy(record));

export class CertificateLogin {
  readonly #parts: CertificateLoginParts;
  readonly #notes: LoginNotes;
  readonly #certificates: ClientCertificates;
  /** When the use of a registration was last noted; monotonic. */
  readonly #noted = new BoundedMap<number, number>(NOTED);

  constructor(parts: CertificateLoginParts, notes: LoginNotes) {
    this.#parts = parts;
    this.#notes = notes;
    this.#certificates = new ClientCertificates(parts.registry, parts.clock, parts.authorities ?? [], parts.revocation);
  }

  trust(authorities?: readonly Certificate[]): void {
    this.#certificates.trust(authorities);
  }

  /**
   * Why a right password alone does not log in; undefined if it does. Called only for a right
   * password: a guesser must not learn what the account needs.
   */
  async passwordAlone(record: LoginRecord, peer: Peer): Promise<FailureReason | undefined> {
    const policy = loginPolicy(record);
    if (policy === 'password') return undefined;
    if (policy === 'certificate') return 'password-off';
    const standing = await this.#certificates.standing(peer.certificate);
    if (standing.kind === 'account')
      return standing.record.account.id === record.account.id ? undefined : 'other-certificate';
    if (policy === 'either') return undefined;
    if (standing.reason !== 'none-shown') this.#notes.certificateRefused(standing, peer);
    return 'certificate-missing';
  }

  async mechanisms(peer: Peer): Promise<readonly Mechanism[]> {
    try {
      const standing = await this.#certificates.standing(peer.certificate);
      return standing.kind === 'account' &&
        certificateAlone(standing.record) &&
        mayEnter(peer, standing.record.account.login)
        ? [...passwordMechanisms, 'EXTERNAL']
        : passwordMechanisms;
    } catch (error) {
      this.#parts.log.error('auth.error', { session: peer.session, error: String(error) });
      return passwordMechanisms;
    }
  }

  async logIn(peer: Peer, how: 'external' | 'implicit', identity: string): Promise<AuthOutcome> {
    const { registry, clock, log } = this.#parts;
    try {
      const standing = await this.#certificates.standing(peer.certificate);
      if (standing.kind === 'refused') {
        this.#notes.certificateRefused(standing, peer);
        this.#notes.count(peer, how, 'refused', standing.reason);
        return { kind: 'refused' };
      }
      const { record, certificate, facts } = standing;
      const { account, organisation } = record;
      const refuse = (reason: CertificateFailure, text: string): AuthOutcome => {
        this.#notes.certificateRefused({ reason, text, account, facts }, peer);
        this.#notes.count(peer, how, 'refused', reason);
        return { kind: 'refused' };
      };
      if (identity !== '' && foldLogin(identity) !== account.login)
        return refuse('foreign-identity', 'the authorization identity is not the account of the certificate');
      if (!mayEnter(peer, account.login))
        return refuse('not-on-listener', `listener "${peer.access?.listener ?? ''}" is for other accounts`);
      if (!certificateAlone(record))
        return loginPolicy(record) === 'both'
          ? refuse('password-missing', 'setting login is "both": the account logs in with password and certificate')
          : refuse('certificate-off', 'setting login is "password": the account does not log in by certificate');
      if (how === 'implicit' && !settingOf('implicit-login', account.settings, organisation.settings))
        return refuse('implicit-off', 'the client sent no AUTH, and setting implicit-login is "no"');
      const noted = this.#noted.get(certificate.id);
      if (noted === undefined || clock.monotonic() - noted >= NOTE_USE) {
        this.#noted.set(certificate.id, clock.monotonic());
        registry.noteCertificateUse(certificate.id, clock.now());
      }
      this.#parts.succeeded(account, peer.network);
      this.#notes.byCertificate(account, peer, certificate.name, how);
      return { kind: 'granted', account, organisation, by: 'certificate' };
    } catch (error) {
      log.error('auth.error', { session: peer.session, error: String(error) });
      this.#notes.count(peer, how, 'busy', 'store');
      return { kind: 'busy', why: 'store' };
    }
  }

  async holds(account: AccountId, peer: Peer): Promise<boolean> {
    const standing = await this.#certificates.standing(peer.certificate);
    if (standing.kind === 'refused') this.#notes.certificateRefused(standing, peer);
    return (
      standing.kind === 'account' &&
      standing.record.account.id === account &&
      loginPolicy(standing.record) !== 'password'
    );
  }
}
