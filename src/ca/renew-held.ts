/**
 * Renews certificates for mail whose private keys the gateway holds, 60 days before they end,
 * before anybody is warned: nobody else could, and an address that must be encrypted to would be
 * cut off by a date. Each gets a new key; the old one stays, for what is still encrypted to it.
 */
import type { KeyKind } from '../crypto/certificates/authority.ts';
import { makeKeyPair } from '../crypto/certificates/authority.ts';
import { type KeyDescription, readCertificate } from '../crypto/certificates/certificate.ts';
import { WARNING_DAYS } from '../crypto/certificates/certificate-expiry.ts';
import { makeCertificateRequest } from '../crypto/certificates/certificate-request.ts';
import { makeName } from '../crypto/certificates/distinguished-name.ts';
import type { MailKeySeals } from '../crypto/keys/mail-key-seals.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import { days, instant } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import { THE_GATEWAY } from '../store/actor.ts';
import { isRenewable } from './enrol.ts';
import { issueToAccount } from './issue.ts';
import type { CaParts } from './parts.ts';

export interface RenewalParts extends CaParts {
  readonly log: Log;
  readonly seals: MailKeySeals;
}

const PAGE = 200;
const AHEAD = days(WARNING_DAYS[0]) + 1;

/**
 * Goes through everything that ends within 60 days; answers how many were renewed. One that fails
 * does not keep the others from it.
 */
export async function renewHeld(parts: RenewalParts): Promise<number> {
  const { store, clock, log } = parts;
  const now = clock.now();
  let renewed = 0;
  let after: AccountCertificate | undefined;
  for (;;) {
    const page: readonly AccountCertificate[] = await store.certificates.listCertificates({
      limit: PAGE,
      endsFrom: now,
      endsBefore: instant(now + AHEAD),
      ...defined({ after }),
    });
    for (const certificate of page)
      try {
        if (await renew(parts, certificate)) renewed += 1;
      } catch (error) {
        const { login: account, serial } = certificate;
        log.error('certificate.renewal-failed', { account, serial, why: String(error) });
      }
    after = page.at(-1);
    if (page.length < PAGE) return renewed;
  }
}

async function renew(parts: RenewalParts, certificate: AccountCertificate): Promise<boolean> {
  const { seals, log } = parts;
  const { keyHeld, login, fingerprint, serial, der } = certificate;
  if (!keyHeld || !isRenewable(certificate) || (await hasNewer(parts, certificate))) return false;
  const emails = await emailsLeft(parts, certificate);
  // Nobody can write to an address of this certificate any longer, so it is not renewed.
  if (emails.length === 0) return false;
  const read = readCertificate(Buffer.from(der));
  if (!read.ok) throw new Error(read.error.text);
  const keys = await makeKeyPair(kindLike(read.value.key));
  const request = await makeCertificateRequest(keys, { subject: makeName({ commonName: 'request' }), emails });
  const issued = await issueToAccount(
    parts,
    {
      login,
      use: 'mail',
      request,
      replaces: fingerprint,
      keep: (made) => seals.seal(made.fingerprint, keys.privateKey),
    },
    THE_GATEWAY,
  );
  const ends = new Date(issued.certificate.notAfter).toISOString();
  log.info('certificate.renewed', { account: login, serial: issued.certificate.serial, replaces: serial, ends });
  return true;
}

/** Another one whose key is held, and that begins later. */
async function hasNewer({ store }: CaParts, { emails, fingerprint }: AccountCertificate): Promise<boolean> {
  const [email] = emails;
  if (email === undefined) return false;
  const { certificates } = await store.certificates.findMail(addressKey(email as Address));
  const held = certificates.filter(({ sealedKey, revoked }) => sealedKey !== undefined && revoked === undefined);
  return held.findIndex((record) => record.fingerprint === fingerprint) > 0;
}

/** The addresses of the certificate that are still active ones of an active account. */
async function emailsLeft({ store }: CaParts, { account, emails }: AccountCertificate): Promise<readonly string[]> {
  const left: string[] = [];
  for (const email of emails) {
    const found = await store.registry.findRecipient(addressKey(email as Address));
    const active = found?.address.state === 'active' && found.account.state === 'active';
    if (active && found.account.id === account) left.push(email);
  }
  return left;
}

/** A key of the same kind, and never a weaker one than new keys are. */
function kindLike({ kind, bits }: KeyDescription): KeyKind {
  if (kind === 'ec') return bits > 256 ? 'p384' : 'p256';
  return kind === 'rsa' && bits > 3072 ? 'rsa4096' : 'rsa3072';
}
