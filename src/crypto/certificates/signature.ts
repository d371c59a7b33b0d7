/**
 * Signatures over certificates, CRLs and requests: which algorithms there are, how strong their
 * hash is, and how to make and check one.
 *
 * RFC 8017 (RSA PKCS #1 v1.5 and PSS), RFC 5758 (ECDSA), RFC 8410 (Ed25519). SHA-1 and MD5 are
 * recognised, to be named in a refusal.
 */
import { constants, sign as signData, verify as verifyData, type KeyObject } from 'node:crypto';
import type { Element } from './ber.ts';
import { oidValue, smallInteger } from './ber-values.ts';
import { type Encoded, Tag, context, explicit, integer, nothing, oid, sequence } from './der.ts';
import { Oid } from './oids.ts';

export type Hash = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

export interface SignatureAlgorithm {
  readonly kind: 'rsa' | 'rsa-pss' | 'ecdsa' | 'ed25519' | 'unknown';
  /** Undefined for Ed25519, which brings its own, and for an unknown algorithm. */
  readonly hash?: Hash;
  /** RSA-PSS only, octets. */
  readonly saltLength?: number;
  readonly oid: string;
}

const PLAIN: Readonly<Record<string, readonly [SignatureAlgorithm['kind'], Hash?]>> = {
  [Oid.md5WithRsa]: ['rsa', 'md5'],
  [Oid.sha1WithRsa]: ['rsa', 'sha1'],
  [Oid.sha256WithRsa]: ['rsa', 'sha256'],
  [Oid.sha384WithRsa]: ['rsa', 'sha384'],
  [Oid.sha512WithRsa]: ['rsa', 'sha512'],
  [Oid.ecdsaWithSha1]: ['ecdsa', 'sha1'],
  [Oid.ecdsaWithSha256]: ['ecdsa', 'sha256'],
  [Oid.ecdsaWithSha384]: ['ecdsa', 'sha384'],
  [Oid.ecdsaWithSha512]: ['ecdsa', 'sha512'],
  [Oid.ed25519]: ['ed25519'],
};
const HASHES = new Map<string, Hash>([
  [Oid.sha1, 'sha1'],
  [Oid.sha256, 'sha256'],
  [Oid.sha384, 'sha384'],
  [Oid.sha512, 'sha512'],
]);

/**
 * RSASSA-PSS-params (RFC 4055 section 3.1). Absent parameters mean SHA-1; two different hashes are
 * refused, since nobody uses them.
 */
function readPss(parameters: Element | undefined): SignatureAlgorithm {
  let hash: Hash | undefined = 'sha1';
  let mask: Hash | undefined = 'sha1';
  let saltLength = 20;
  if (parameters !== undefined) {
    const inside = parameters.as(Tag.sequence, 'PSS parameters').children();
    const hashOf = (element: Element): Hash | undefined =>
      HASHES.get(oidValue(element.as(Tag.sequence, 'PSS hash').children().next('PSS hash'), 'PSS hash'));
    const given = inside.optional(context(0), 'PSS hash');
    if (given) hash = hashOf(given.children().next('PSS hash'));
    const generator = inside.optional(context(1), 'PSS mask');
    if (generator) {
      const parts = generator.children().next('PSS mask').children();
      parts.next('PSS mask');
      mask = hashOf(parts.next('PSS mask hash'));
    }
    const salt = inside.optional(context(2), 'PSS salt length');
    if (salt) saltLength = smallInteger(salt.children().next('PSS salt length'), 'PSS salt length');
  }
  if (hash === undefined || hash !== mask || saltLength > 512) return { kind: 'unknown', oid: Oid.rsaPss };
  return { kind: 'rsa-pss', hash, saltLength, oid: Oid.rsaPss };
}

/**
 * Reads an AlgorithmIdentifier. An algorithm that we do not know is a value of kind `unknown`:
 * nothing it signs is ever trusted.
 */
export function readSignatureAlgorithm(element: Element): SignatureAlgorithm {
  const inside = element.as(Tag.sequence, 'signature algorithm').children();
  const dotted = oidValue(inside.next('signature algorithm'), 'signature algorithm');
  const parameters = inside.done ? undefined : inside.next('signature parameters');
  inside.finish('signature algorithm');
  if (dotted === Oid.rsaPss) return readPss(parameters);
  const [kind, hash] = PLAIN[dotted] ?? ['unknown' as const];
  return { kind, oid: dotted, ...(hash && { hash }) };
}

/** SHA-1 and MD5 signatures can be forged by anyone who can make two documents with one hash. */
export const isWeak = ({ hash }: SignatureAlgorithm): boolean => hash === 'sha1' || hash === 'md5';

/** For people: `ecdsa-sha256`. */
export const algorithmText = ({ kind, hash, oid: dotted }: SignatureAlgorithm): string =>
  kind === 'unknown' ? dotted : hash === undefined ? kind : `${kind}-${hash}`;

/**
 * What `key` signs with: the hash that matches its strength. RSA with PKCS #1 v1.5, since old
 * Windows reads no PSS certificate.
 */
export function algorithmFor(key: KeyObject): SignatureAlgorithm {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'rsa') return { kind: 'rsa', hash: 'sha256', oid: Oid.sha256WithRsa };
  if (curve === 'prime256v1') return { kind: 'ecdsa', hash: 'sha256', oid: Oid.ecdsaWithSha256 };
  if (curve === 'secp384r1') return { kind: 'ecdsa', hash: 'sha384', oid: Oid.ecdsaWithSha384 };
  if (curve === 'secp521r1') return { kind: 'ecdsa', hash: 'sha512', oid: Oid.ecdsaWithSha512 };
  if (key.asymmetricKeyType === 'ed25519') return { kind: 'ed25519', oid: Oid.ed25519 };
  throw new RangeError(
    `Cannot sign with a key of type ${key.asymmetricKeyType ?? 'secret'} ${curve ?? ''}; expected RSA, EC P-256, P-384, P-521 or Ed25519`,
  );
}

const hashOids = new Map([...HASHES].map(([dotted, hash]) => [hash, dotted]));

/** RSASSA-PSS-params with one hash for both purposes. */
function encodePss({ hash = 'sha256', saltLength = 32 }: SignatureAlgorithm): Encoded {
  const named = sequence(oid(hashOids.get(hash) ?? Oid.sha256), nothing());
  return sequence(explicit(0, named), explicit(1, sequence(oid(Oid.mgf1), named)), explicit(2, integer(saltLength)));
}

/**
 * RSA wants a NULL for its parameters (RFC 4055 section 5), PSS says what it does, the others want
 * none.
 */
export const encodeAlgorithm = (algorithm: SignatureAlgorithm): Encoded => {
  const { kind, oid: dotted } = algorithm;
  if (kind === 'rsa-pss') return sequence(oid(dotted), encodePss(algorithm));
  return kind === 'rsa' ? sequence(oid(dotted), nothing()) : sequence(oid(dotted));
};

/** PSS with a salt as long as the hash, as RFC 4055 section 3.1 recommends. */
export const pssWith = (hash: 'sha256' | 'sha384' | 'sha512'): SignatureAlgorithm => ({
  kind: 'rsa-pss',
  hash,
  saltLength: Number(hash.slice(3)) / 8,
  oid: Oid.rsaPss,
});

/** Signs in the thread pool: an RSA-3072 signature takes some 5 ms of processor time. */
export function sign(algorithm: SignatureAlgorithm, data: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signData(algorithm.hash ?? null, data, paddedKey(algorithm, key), (error, signature) =>
      error ? reject(error) : resolve(signature),
    );
  });
}

/**
 * Signs at once, in this thread: cheaper where the key is quick (RSA-2048: 0.3 ms, P-256: 0.03 ms).
 */
export const signNow = (algorithm: SignatureAlgorithm, data: Buffer, key: KeyObject): Buffer =>
  signData(algorithm.hash ?? null, data, paddedKey(algorithm, key));

const keyTypes: Readonly<Record<SignatureAlgorithm['kind'], readonly string[]>> = {
  rsa: ['rsa'],
  'rsa-pss': ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
  ed25519: ['ed25519'],
  unknown: [],
};
/** True if a key of this kind can make such a signature. */
export const fits = (algorithm: SignatureAlgorithm, key: KeyObject): boolean =>
  keyTypes[algorithm.kind].includes(key.asymmetricKeyType ?? '');
/** The key with the padding of the algorithm, for `node:crypto`. */
export const paddedKey = (
  algorithm: SignatureAlgorithm,
  key: KeyObject,
): KeyObject | { readonly key: KeyObject; readonly padding: number; readonly saltLength: number } =>
  algorithm.kind === 'rsa-pss'
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength ?? 20 }
    : key;

/**
 * True if `signature` over `data` was made by the owner of `key`. An algorithm that does not fit
 * the key verifies nothing.
 */
export function verify(algorithm: SignatureAlgorithm, data: Buffer, signature: Buffer, key: KeyObject): boolean {
  if (!fits(algorithm, key)) return false;
  try {
    return verifyData(algorithm.hash ?? null, data, paddedKey(algorithm, key), signature);
  } catch {
    return false; // OpenSSL throws on a signature that it cannot even parse
  }
}

/** As `verify`, in the thread pool: for a CRL of several MB. */
export function verifySlowly(
  algorithm: SignatureAlgorithm,
  data: Buffer,
  signature: Buffer,
  key: KeyObject,
): Promise<boolean> {
  if (!fits(algorithm, key)) return Promise.resolve(false);
  return new Promise((resolve) => {
    try {
      verifyData(algorithm.hash ?? null, data, paddedKey(algorithm, key), signature, (error, is) =>
        resolve(!error && is),
      );
    } catch {
      resolve(false);
    }
  });
}
