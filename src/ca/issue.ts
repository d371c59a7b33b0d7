/**
 * Certificates for accounts. Only requests are taken: the private key is made by its owner or by
 * the command line, and never comes here.
 */
import { allowedEmails, issue } from '../crypto/certificates/authority.ts';
import { type Certificate, emailsOf } from '../crypto/certificates/certificate.ts';
import { readCertificateRequest } from '../crypto/certificates/certificate-request.ts';
import { type Name, attributeProblem, formatName, makeName } from '../crypto/certificates/distinguished-name.ts';
import { Oid } from '../crypto/certificates/oids.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import type { CertificateUse, KeptCertificate, NewAccountCertificate } from '../store/certificates.ts';
import { type AccountSummary, RegistryError } from '../store/registry.ts';
import { type Actor } from '../store/actor.ts';
import { chainOf, currentOf, knownAuthorities, placeOf, withKey } from './authorities.ts';
import type { CaParts } from './parts.ts';

export const CERTIFICATE_LIFETIME = days(731);
/**
 * Longest that may be asked for: a key that nobody changes for longer is a key that nobody looks
 * after.
 */
export const LONGEST_LIFETIME = days(1096);
/** Addresses in one certificate. */
const MAX_EMAILS = 50;

export interface IssueRequest {
  readonly login: string;
  readonly use: CertificateUse;
  /** PEM, or DER. */
  readonly request: string | Buffer;
  readonly notAfter?: Instant;
  /** Fingerprint of the certificate that this one takes the place of. */
  readonly replaces?: string;
  /** Seals the private key for the certificate, where the gateway is to hold it. */
  readonly keep?: (certificate: Certificate) => Promise<Uint8Array>;
}

export interface Issued {
  readonly certificate: Certificate;
  /** Issuers, nearest first. */
  readonly chain: readonly Certificate[];
}

export const recordOf = (certificate: Certificate, use: CertificateUse, authority?: number): NewAccountCertificate => ({
  fingerprint: certificate.fingerprint,
  serial: certificate.serial,
  issuer: formatName(certificate.issuer),
  ...defined({ authority }),
  use,
  subject: formatName(certificate.subject),
  emails: emailsOf(certificate),
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
  der: certificate.der,
});

/**
 * The login name where it fits, and the organisation: names that we know, not those that a request
 * asks for.
 */
function subjectOf(account: AccountSummary, title: string): Name {
  const fits = (text: string): boolean => attributeProblem(Oid.commonName, text) === undefined;
  const { login } = account.account;
  const commonName = fits(login) ? login : `account ${account.account.id}`;
  return makeName(fits(title) ? { organisation: title, commonName } : { commonName });
}

const isAscii = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/**
 * What the request asks for, as far as it is the account's; nothing asked: every active address.
 */
function emailsFor(
  account: AccountSummary,
  request: Parameters<typeof allowedEmails>[0],
  use: CertificateUse,
): readonly string[] {
  const own = account.addresses.filter((a) => a.state === 'active').map((a) => a.address as string);
  const folded = new Set(own.map((a) => a.toLowerCase()));
  const asked = allowedEmails(request, (email) => folded.has(email.toLowerCase()));
  if (!asked.ok) throw new RegistryError('invalid', `${asked.error.text}; make the request with addresses of its own`);
  const emails = asked.value.length > 0 ? asked.value : own.filter(isAscii).slice(0, MAX_EMAILS);
  if (use === 'mail' && emails.length === 0)
    throw new RegistryError(
      'invalid',
      `The account "${account.account.login}" has no active address in ASCII, which a mail certificate needs; add one first`,
    );
  return emails;
}

/** Signs, and records nothing yet: `record` does so in the transaction that fits. */
export async function issueCertificate(
  parts: CaParts,
  { login, use, request, notAfter, replaces, keep }: IssueRequest,
  record: (certificate: KeptCertificate) => Promise<void>,
): Promise<Issued> {
  const { store, clock, random } = parts;
  const now = clock.now();
  const ends = notAfter ?? instant(now + CERTIFICATE_LIFETIME);
  if (ends <= now || ends > now + LONGEST_LIFETIME)
    throw new RegistryError(
      'invalid',
      `A certificate cannot end on ${new Date(ends).toISOString().slice(0, 10)}; choose a day within the next three years`,
    );
  const account = await store.registry.findAccount(login);
  if (account === undefined)
    throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
  const organisation = await store.registry.findOrganisation(account.organisation);
  const read = readCertificateRequest(request);
  if (!read.ok) throw new RegistryError('invalid', read.error.text);
  const known = await knownAuthorities(parts);
  const issuing = await withKey(parts, currentOf(known, 'issuing'));
  const entity = {
    use,
    subject: subjectOf(account, organisation?.title ?? account.organisation),
    publicKey: read.value.publicKey,
    emails: emailsFor(account, read.value, use),
    notAfter: ends,
    ...placeOf(parts, issuing.certificate),
  };
  const certificate = await issue(issuing, entity, { now, random });
  const recorded = recordOf(certificate, use, issuing.record.id);
  const sealedKey = await keep?.(certificate);
  await record({ ...recorded, ...defined({ replaces, sealedKey }) });
  return { certificate, chain: chainOf(known, issuing, now) };
}

export const issueToAccount = (parts: CaParts, request: IssueRequest, actor: Actor): Promise<Issued> =>
  issueCertificate(parts, request, (certificate) =>
    parts.store.certificates.addCertificate(request.login, certificate, 'issued', actor),
  );
