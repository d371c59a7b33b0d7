/**
 * Signs profiles for Apple's devices by the certificate of the listener that hands them out: the
 * device shows whose they are, and that nobody changed them (CMS, RFC 5652).
 */
import { createPrivateKey } from 'node:crypto';
import { readCertificates } from '../../crypto/certificates/certificate.ts';
import { signOpaque } from '../../crypto/cms/sign.ts';
import type { Instant } from '../../domain/units.ts';
import type { TlsMaterial } from '../../platform/listener.ts';

/**
 * DER. `material`: of the listener, of which the first signs. Throws if the certificate cannot be
 * read: nothing goes out unsigned.
 */
export function signedProfile(
  text: string,
  [material]: readonly TlsMaterial[],
  signingTime: Instant,
): AsyncGenerator<Buffer, void, void> {
  if (material === undefined) throw new Error('Cannot sign a profile: the listener has no certificate');
  const read = readCertificates(material.certificate);
  if (!read.ok) throw new Error(`Cannot sign a profile: ${read.error.text}`);
  const [certificate, ...certificates] = read.value;
  if (certificate === undefined) throw new Error('Cannot sign a profile: the file of the listener has no certificate');
  return signOpaque([Buffer.from(text)], {
    signers: [{ certificate, privateKey: createPrivateKey(material.key) }],
    certificates,
    signingTime,
  });
}
