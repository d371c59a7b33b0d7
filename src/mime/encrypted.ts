/**
 * Tells from a header alone whether the content is encrypted by its sender: S/MIME (RFC 8551
 * section 3.2) or PGP/MIME (RFC 3156 section 4).
 *
 * What the header leaves open counts as encrypted (application/pkcs7-mime without smime-type, a
 * .p7m file): a person who gets the message in place of its addressee could not read it. Encryption
 * inside a signature, and PGP armour in a text, do not show in a header.
 */
import { type Header, fieldText, fieldsNamed } from './header.ts';
import { type FieldValue, readFieldValue } from './parameters.ts';

/** Values of `smime-type` for content that anybody can open. */
const OPEN = new Set(['signed-data', 'certs-only', 'compressed-data', 'signed-receipt']);

export function isEncrypted(header: Header): boolean {
  const type = first(header, 'content-type');
  if (type === undefined) return false;
  switch (type.word) {
    case 'multipart/encrypted':
    case 'application/pgp-encrypted':
      return true;
    case 'application/pkcs7-mime':
    case 'application/x-pkcs7-mime':
      return !OPEN.has(type.parameters.get('smime-type')?.toLowerCase() ?? '');
    case 'application/octet-stream':
      // Older programs of Microsoft say it only by the ending of the file name.
      return [type.parameters.get('name'), first(header, 'content-disposition')?.parameters.get('filename')].some(
        (name) => /\.p7m$/i.test(name ?? ''),
      );
    default:
      return false;
  }
}

function first(header: Header, name: string): FieldValue | undefined {
  const [field] = fieldsNamed(header, name);
  return field === undefined ? undefined : readFieldValue(fieldText(header, field));
}
