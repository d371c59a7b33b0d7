/**
 * What protects the outermost entity of a message, judged by what it is: programs leave out
 * `smime-type`, or call it octet-stream and name it smime.p7m (RFC 8551 section 3.9; measured with
 * old Outlook versions).
 */
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { fieldText, fieldsNamed } from '../../mime/header.ts';
import { readFieldValue } from '../../mime/parameters.ts';
import { kindOf } from '../cms/content-info.ts';
import { type Message, decodedBody } from './message.ts';

export type Layer =
  /** Neither S/MIME nor PGP. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'clear-signed'; readonly fields: ContentFields }
  | { readonly kind: 'opaque-signed'; readonly fields: ContentFields }
  | { readonly kind: 'encrypted'; readonly fields: ContentFields; readonly authenticated: boolean }
  | { readonly kind: 'compressed'; readonly fields: ContentFields }
  /** PGP/MIME (RFC 3156). */
  | { readonly kind: 'pgp-signed' | 'pgp-encrypted'; readonly fields: ContentFields }
  /**
   * Content that says that it is protected and is not, or is so in a way that is not read here.
   * `by`: the protocol that it names, or comes closest to. `closed`: nobody can read it as it is;
   * otherwise it is readable, and only its signature is not.
   */
  | {
      readonly kind: 'unreadable';
      readonly fields: ContentFields;
      readonly by: 'smime' | 'pgp';
      readonly closed: boolean;
    };

const CMS_TYPES: ReadonlySet<string> = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);

/**
 * Types of parts of a protected message that have nothing with them, such as a signature without
 * its content.
 */
const ALONE: ReadonlyMap<string, Pick<Extract<Layer, { kind: 'unreadable' }>, 'by' | 'closed'>> = new Map([
  ['application/pkcs7-signature', { by: 'smime', closed: false }],
  ['application/x-pkcs7-signature', { by: 'smime', closed: false }],
  ['application/pgp-signature', { by: 'pgp', closed: false }],
  ['application/pgp-encrypted', { by: 'pgp', closed: true }],
]);

/** True for files of S/MIME by their name (RFC 8551 section 3.9). */
const namesCms = ({ type, name }: ContentFields): boolean =>
  type === 'application/octet-stream' && /\.p7[mcz]$/i.test(name);
const namesSignature = ({ type, name }: ContentFields): boolean =>
  type === 'application/octet-stream' && /\.p7s$/i.test(name);

/**
 * True if content with such a header needs a look at all: most mail does not, and must not cost
 * one.
 */
export function maybeProtected(fields: ContentFields): boolean {
  return (
    CMS_TYPES.has(fields.type) ||
    fields.type === 'multipart/signed' ||
    fields.type === 'multipart/encrypted' ||
    ALONE.has(fields.type) ||
    namesCms(fields) ||
    namesSignature(fields)
  );
}

/** `fields`: of the message's header. */
export async function layerOf(message: Message, fields = contentFields(message.header.octets)): Promise<Layer> {
  if (!maybeProtected(fields)) return { kind: 'plain' };
  const protocol = protocolOf(message);
  if (fields.type === 'multipart/signed')
    return protocol === 'application/pgp-signature'
      ? { kind: 'pgp-signed', fields }
      : /^application\/(?:x-)?pkcs7-signature$/.test(protocol)
        ? { kind: 'clear-signed', fields }
        : { kind: 'unreadable', fields, by: 'smime', closed: false };
  if (fields.type === 'multipart/encrypted')
    return protocol === 'application/pgp-encrypted'
      ? { kind: 'pgp-encrypted', fields }
      : { kind: 'unreadable', fields, by: 'pgp', closed: true };
  const alone = namesSignature(fields) ? ALONE.get('application/pkcs7-signature') : ALONE.get(fields.type);
  if (alone !== undefined) return { kind: 'unreadable', fields, ...alone };
  const kind = await kindOf(decodedBody(message, fields));
  if (kind === 'signed') return { kind: 'opaque-signed', fields };
  if (kind === 'enveloped' || kind === 'auth-enveloped')
    return { kind: 'encrypted', fields, authenticated: kind === 'auth-enveloped' };
  return kind === 'compressed' ? { kind, fields } : { kind: 'unreadable', fields, by: 'smime', closed: true };
}

function protocolOf({ header }: Message): string {
  const [field] = fieldsNamed(header, 'content-type');
  return field === undefined
    ? ''
    : (readFieldValue(fieldText(header, field)).parameters.get('protocol') ?? '').toLowerCase();
}
