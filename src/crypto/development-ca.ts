/**
 * A throw-away certificate authority for development and tests: never for production, its key lies beside its certificate.
 *
 * @peculiar/x509, because node-forge cannot read or write EC certificates. ECDSA P-256: a handshake costs a third of RSA-2048's.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Instant } from '../domain/units.ts';
import { days, instant } from '../domain/units.ts';

export interface KeyAndCertificate {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/** Longer ones fail scanners, and would teach that a certificate is nothing to look after. */
export const DEVELOPMENT_LIFETIME = days(90);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const provider: Crypto = webcrypto;

const newKeys = (): Promise<CryptoKeyPair> => provider.subtle.generateKey(algorithm, true, ['sign', 'verify']);

const newRsaKeys = (): Promise<CryptoKeyPair> =>
  provider.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 3072,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    true,
    ['sign', 'verify'],
  );

async function pem(keys: CryptoKeyPair, certificate: x509.X509Certificate): Promise<KeyAndCertificate> {
  const pkcs8 = await provider.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
    certificate: `${certificate.toString('pem')}\n`,
  };
}

const serial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
    .toString('hex')
    .replace(/^[89a-f]/, '7');

export interface DevelopmentCertificates {
  readonly ca: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  /** Makes a second server certificate, with an RSA key, for peers that know no ECDSA. */
  readonly rsa: () => Promise<KeyAndCertificate>;
}

/** Makes a root and a server certificate for `names` (host names and IP addresses become SANs). Valid for 90 days from `now`, as those of public authorities are. */
export async function makeDevelopmentCertificates(
  names: readonly string[],
  now: Instant,
  { crlUrl }: { readonly crlUrl?: string } = {},
): Promise<DevelopmentCertificates> {
  x509.cryptoProvider.set(provider);
  const notBefore = new Date(instant(now - days(1)));
  const notAfter = new Date(instant(now + DEVELOPMENT_LIFETIME));
  const caKeys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Sluis development CA (throw-away)',
    keys: caKeys,
    serialNumber: serial(),
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const server = async (keys: CryptoKeyPair): Promise<KeyAndCertificate> => {
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${names[0] ?? 'localhost'}`,
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      serialNumber: serial(),
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((n) => ({ type: /^[\d.]+$|:/.test(n) ? 'ip' : 'dns', value: n })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
        ...(crlUrl === undefined ? [] : [new x509.CRLDistributionPointsExtension([crlUrl])]),
      ],
    });
    return await pem(keys, certificate);
  };
  return { ca: await pem(caKeys, ca), server: await server(await newKeys()), rsa: () => newRsaKeys().then(server) };
}
