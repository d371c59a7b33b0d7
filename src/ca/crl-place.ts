/**
 * Where the lists of an authority are found. `crl-file` has all of them in PEM, for programs that
 * read one file; beside it lies the list of each authority in DER, which is what a distribution
 * point must give (RFC 5280 section 4.2.1.13). Its name carries the key identifier, so that
 * certificates of an authority that no longer issues go on pointing to the right list.
 */
import { basename, dirname, extname, join } from 'node:path';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { CaParts } from './parts.ts';

const nameOf = (crlFile: string, issuing: Certificate): string =>
  `${basename(crlFile, extname(crlFile))}-${(issuing.subjectKeyId ?? issuing.fingerprint).slice(0, 16)}.crl`;

export const listFile = (crlFile: string, issuing: Certificate): string =>
  join(dirname(crlFile), nameOf(crlFile, issuing));

export function listUrl({ crlFile, crlUrl }: CaParts, issuing: Certificate): string | undefined {
  if (crlFile === undefined || crlUrl === undefined) return undefined;
  return `${crlUrl.replace(/\/$/, '')}/${nameOf(crlFile, issuing)}`;
}
