/**
 * Client certificates from an authority of the test: a root, an intermediate that clients send
 * along, and leaf certificates.
 */
import { type Authority, type KeyPair, makeRoot, issueAuthority } from '../../src/crypto/certificates/authority.ts';
import { type Certificate, certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { makeName, type Name } from '../../src/crypto/certificates/distinguished-name.ts';
import * as extensions from '../../src/crypto/certificates/extensions.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { days, instant } from '../../src/domain/units.ts';
import { craft, keyNamed } from '../crypto/support.ts';

export interface ClientCertificate {
  /** The private key in PEM. */
  readonly key: string;
  /** The leaf and the intermediate, in PEM. */
  readonly certificate: string;
  readonly leaf: Certificate;
}

export interface LeafOptions {
  readonly email?: string;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly purpose?: string;
  /** The leaf is signed by itself. */
  readonly selfSigned?: boolean;
  /** The leaf names the issuer, but another key signed it. */
  readonly forged?: boolean;
}

export interface ClientAuthority {
  /** The root in PEM. */
  readonly root: string;
  /** The intermediate with its key, so that it can sign. */
  readonly issuing: Authority;
  issue(commonName: string, options?: LeafOptions): Promise<ClientCertificate>;
}

const nameOf = (commonName: string): Name => makeName({ commonName, organisation: 'Zorggroep', country: 'NL' });
const pemOf = (keys: KeyPair): string => keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** `now`: the certificates are valid from a day before it to 100 days after it. */
export async function makeClientAuthority(name: string, now: number = Date.now()): Promise<ClientAuthority> {
  const context = { now: instant(now), random: (n: number) => crypto.getRandomValues(new Uint8Array(n)) };
  const rootKeys = await keyNamed(`${name} root`);
  const root = await makeRoot({ subject: nameOf(`${name} root`), keys: rootKeys, lifetime: days(1000) }, context);
  const keys = await keyNamed(`${name} issuing`);
  const subject = nameOf(`${name} issuing`);
  const intermediate = await issueAuthority(root, { subject, publicKey: keys.publicKey, lifetime: days(500) }, context);
  return {
    root: certificatePem(root.certificate),
    issuing: { certificate: intermediate, privateKey: keys.privateKey },
    issue: async (commonName, options = {}) => {
      const own = await keyNamed(`${name} ${commonName}`);
      const leaf = await craft({
        subject: nameOf(commonName),
        issuer: options.selfSigned === true ? nameOf(commonName) : subject,
        keys: own,
        signer: options.selfSigned === true || options.forged === true ? own : keys,
        notBefore: options.notBefore ?? now - days(1),
        notAfter: options.notAfter ?? now + days(100),
        extensions: [
          extensions.extendedKeyUsage(options.purpose ?? Oid.clientAuth),
          ...(options.email === undefined ? [] : [extensions.alternativeNames([options.email], [])]),
        ],
      });
      const chain = options.selfSigned === true ? '' : certificatePem(intermediate);
      return { key: pemOf(own), certificate: `${certificatePem(leaf)}${chain}`, leaf };
    },
  };
}
