/**
 * Mail certificates and addresses: whom a certificate stands for, and which of several certificates
 * of one address is used.
 *
 * Addresses are compared by meaning (`addressKey`), in the alternative names (rfc822Name) and in
 * the old place in the subject (emailAddress); RFC 8550 section 3. Several certificates for one
 * address are normal: a renewal begins before the old one ends, and old partners keep sending the
 * old one.
 */
import { type Address, addressKey, parseAddress } from '../../domain/address.ts';
import { type Certificate, emailsOf } from './certificate.ts';
import { type PathOptions, type PathResult, findPath } from './certificate-path.ts';

/** Addresses that a certificate stands for, in order, those that are well-formed. */
export const addressesOf = (certificate: Certificate): readonly Address[] =>
  emailsOf(certificate).flatMap((text) => {
    const parsed = parseAddress(text);
    return parsed.ok ? [parsed.value] : [];
  });

/** True if the certificate stands for the address. */
export function standsFor(certificate: Certificate, address: Address): boolean {
  const wanted = addressKey(address);
  return addressesOf(certificate).some((each) => addressKey(each) === wanted);
}

/**
 * `usable`: the newest valid one. `none`: why each one that stands for the address was passed over;
 * empty if there is none at all.
 */
export type Selection =
  | { readonly kind: 'usable'; readonly certificate: Certificate; readonly path: readonly Certificate[] }
  | { readonly kind: 'none'; readonly refused: readonly Extract<PathResult, { kind: 'untrusted' }>[] };

/** Newest first: the one that begins last, and of those the one that ends last. */
const newer = (a: Certificate, b: Certificate): number => b.notBefore - a.notBefore || b.notAfter - a.notAfter;

/**
 * The certificate for an address: of those that stand for it and have a trusted path, the newest.
 * One that expired, was revoked or is not valid yet never hides another one.
 */
export function selectCertificate(
  address: Address,
  certificates: readonly Certificate[],
  options: PathOptions,
): Selection {
  const refused: Extract<PathResult, { kind: 'untrusted' }>[] = [];
  for (const certificate of certificates.filter((each) => standsFor(each, address)).sort(newer)) {
    const result = findPath(certificate, options);
    if (result.kind === 'trusted') return { kind: 'usable', certificate, path: result.path };
    refused.push(result);
  }
  return { kind: 'none', refused };
}
