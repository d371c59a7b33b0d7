/**
 * Certificates of a PKCS #7 file (.p7b, .p7c), as Windows and authorities hand them out: SignedData
 * that nobody signed, DER or PEM (RFC 5652 section 5, RFC 7468 section 8).
 */
import { type Result } from '../../domain/result.ts';
import type { Unreadable } from '../certificates/ber.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { CMS_LIMITS } from '../cms/limits.ts';
import { describeSignedData } from '../cms/signed-data.ts';
import { decodePem } from '../certificates/pem.ts';

const LABELS: ReadonlySet<string> = new Set(['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA']);

/**
 * All certificates that could be read, in their order. Undefined: the file is no PKCS #7 by its
 * first octets.
 */
export async function readPkcs7(octets: Buffer): Promise<Result<readonly Certificate[], Unreadable> | undefined> {
  const der = octets[0] === 0x30 ? octets : blockOf(octets.toString('latin1'));
  if (der === undefined) return undefined;
  const read = await describeSignedData([der], CMS_LIMITS);
  if (!read.ok) return octets === der ? undefined : read;
  return { ok: true, value: read.value.certificates };
}

function blockOf(text: string): Buffer | undefined {
  const blocks = decodePem(text);
  return blocks.ok ? blocks.value.find(({ label }) => LABELS.has(label))?.octets : undefined;
}
