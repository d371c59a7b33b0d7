/** Certificates of the doors: the good one, and the ones that no program may take. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import type { TLSSocketOptions } from 'node:tls';
import { type Authority, issue, makeKeyPair } from '../crypto/certificates/authority.ts';
import { certificatePem, readCertificate } from '../crypto/certificates/certificate.ts';
import { type KeyAndCertificate, makeDevelopmentCertificates } from '../crypto/certificates/development-ca.ts';
import { makeName } from '../crypto/certificates/distinguished-name.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import type { TlsKind } from './scenario.ts';

/** For a certificate of another host. */
const OTHER = 'mail.another-host.test';

interface Given {
  readonly hostname: string;
  /** The authority that the program trusts. PEM. */
  readonly ca: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  readonly now: Instant;
}

export async function doorTls({
  hostname,
  ca,
  server,
  now,
}: Given): Promise<Readonly<Record<TlsKind, TLSSocketOptions>>> {
  const read = readCertificate(ca.certificate);
  if (!read.ok) throw new Error(`The certificate of the sandbox cannot be read: ${read.error.text}`);
  const authority: Authority = { certificate: read.value, privateKey: createPrivateKey(ca.key) };
  const names = [...new Set([hostname, 'localhost', '127.0.0.1', '::1'])];
  const good = serverTlsOptions([server], now);
  // The options of the gateway refuse to serve a certificate that has ended: here it is meant.
  const with_ = ({ key, certificate: cert }: KeyAndCertificate): TLSSocketOptions => ({ ...good, key, cert });
  const stranger = await makeDevelopmentCertificates(names, now);
  return {
    good,
    ended: with_(await made(authority, names, instant(now - days(40)), instant(now - days(1)))),
    'other-name': with_(await made(authority, [OTHER], now, instant(now + days(30)))),
    stranger: with_(stranger.server),
    tls13: serverTlsOptions([server], now, 'modern'),
    // As a gateway does that lets people in by certificate: whatever comes is taken, and looked at.
    asks: { ...good, requestCert: true, rejectUnauthorized: false },
  };
}

async function made(
  authority: Authority,
  hosts: readonly string[],
  now: Instant,
  notAfter: Instant,
): Promise<KeyAndCertificate> {
  const { privateKey, publicKey } = await makeKeyPair('p256');
  const subject = makeName({ commonName: hosts[0] ?? OTHER });
  const entity = { use: 'server', subject, publicKey, emails: [], hosts, notAfter } as const;
  const certificate = await issue(authority, entity, { now, random: randomBytes });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certificate: certificatePem(certificate),
  };
}
