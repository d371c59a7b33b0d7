/**
 * A throw-away certificate authority for development and tests: never for production, its key lies
 * beside its certificate.
 */
import { type KeyObject, randomBytes } from 'node:crypto';
import { type Instant, days, instant } from '../../domain/units.ts';
import { type KeyKind, issue, makeKeyPair, makeRoot } from './authority.ts';
import { type Certificate, certificatePem } from './certificate.ts';
import { makeName } from './distinguished-name.ts';

export interface KeyAndCertificate {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/** Certificates that live longer fail scanners, and would teach that one needs no looking after. */
export const DEVELOPMENT_LIFETIME = days(90);

export interface DevelopmentCertificates {
  readonly ca: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  /** Makes a second server certificate, with an RSA key, for peers that know no ECDSA. */
  readonly rsa: () => Promise<KeyAndCertificate>;
}

/**
 * Makes a root and a server certificate for `names` (host names and IP addresses), with ECDSA P-256
 * keys: a handshake costs a third of one with RSA-2048. Valid for 90 days from `now`, as those of
 * public authorities are.
 */
export async function makeDevelopmentCertificates(
  names: readonly string[],
  now: Instant,
  { crlUrl }: { readonly crlUrl?: string } = {},
): Promise<DevelopmentCertificates> {
  const context = { now, random: randomBytes };
  const subject = makeName({ commonName: 'Sluis development CA (throw-away)' });
  const root = await makeRoot({ subject, keys: await makeKeyPair('p256'), lifetime: DEVELOPMENT_LIFETIME }, context);
  const server = async (kind: KeyKind): Promise<KeyAndCertificate> => {
    const { privateKey, publicKey } = await makeKeyPair(kind);
    const certificate = await issue(
      root,
      {
        use: 'server',
        subject: makeName({ commonName: names[0] ?? 'localhost' }),
        publicKey,
        emails: [],
        hosts: names,
        notAfter: instant(now + DEVELOPMENT_LIFETIME),
        ...(crlUrl === undefined ? {} : { crlUrls: [crlUrl] }),
      },
      context,
    );
    return pemOf(privateKey, certificate);
  };
  return {
    ca: pemOf(root.privateKey, root.certificate),
    server: await server('p256'),
    rsa: () => server('rsa3072'),
  };
}

const pemOf = (key: KeyObject, certificate: Certificate): KeyAndCertificate => ({
  key: key.export({ type: 'pkcs8', format: 'pem' }),
  certificate: certificatePem(certificate),
});
