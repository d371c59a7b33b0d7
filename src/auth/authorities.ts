/**
 * Reads the authorities whose client certificates may be registered by name, or that vouch for mail
 * certificates.
 */
import { type Certificate, isWeakKey, readCertificates } from '../crypto/certificates/certificate.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import { Unusable } from '../domain/unusable.ts';

/** A file of authorities cannot be used. The text names it, what is wrong and what to do. */
export class AuthorityError extends Unusable {
  override readonly name = 'AuthorityError';
}

/**
 * Throws AuthorityError for a file without certificates, and for one that holds something else than
 * authorities. `setting`: the setting that names the files.
 */
export function readAuthorities(
  files: readonly { readonly file: string; readonly pem: string }[],
  setting = 'tls.client-authorities',
): readonly Certificate[] {
  const instead = setting === 'tls.client-authorities' ? 'sluis account certificate add' : 'sluis cert import';
  return files.flatMap(({ file, pem }) => {
    const refuse = (why: string): never => {
      throw new AuthorityError(`Cannot use ${file} for ${setting}: ${why}`);
    };
    const read = readCertificates(pem);
    if (!read.ok) return refuse(`${read.error.text}; expected PEM certificates of authorities`);
    if (read.value.length === 0) return refuse('it holds no certificate; expected PEM certificates of authorities');
    for (const certificate of read.value) {
      const name = formatName(certificate.subject);
      if (certificate.basicConstraints?.ca !== true)
        refuse(`"${name}" is not an authority; register such a certificate with "${instead}"`);
      if (isWeakKey(certificate.key))
        refuse(`"${name}" has a weak key (${certificate.key.kind} ${certificate.key.bits} bits)`);
    }
    return read.value;
  });
}
