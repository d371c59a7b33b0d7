/**
 * What protects the outermost entity of a message, judged by what it is: programs leave out `smime-type`, or call it octet-stream and name it
 * smime.p7m (RFC 8551 section 3.9; measured with old Outlook versions).
 */
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { fieldText, fieldsNamed } from '../../mime/header.ts';
import { readFieldValue } from '../../mime/parameters.ts';
import { kindOf } from '../cms/content-info.ts';
import { type Message, decodedBody } from './message.ts';

export type Layer =
  /** Nothing of ours. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'clear-signed'; readonly fields: ContentFields }
  | { readonly kind: 'opaque-signed'; readonly fields: ContentFields }
  | { readonly kind: 'encrypted'; readonly fields: ContentFields; readonly authenticated: boolean }
  | { readonly kind: 'compressed'; readonly fields: ContentFields }
  /** PGP/MIME (RFC 3156). */
  | { readonly kind: 'pgp-signed' | 'pgp-encrypted'; readonly fields: ContentFields }
  /** Says that it is S/MIME and is not, or is a kind that nobody reads here. */
  | { readonly kind: 'unreadable'; readonly fields: ContentFields };

const CMS_TYPES: ReadonlySet<string> = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);

/** Whether a header of this content can need a look at all: most mail does not, and must not cost one. */
export function maybeProtected(fields: ContentFields): boolean {
  return (
    CMS_TYPES.has(fields.type) ||
    fields.type === 'multipart/signed' ||
    fields.type === 'multipart/encrypted' ||
    (fields.type === 'application/octet-stream' && /\.p7[mc]$/i.test(fields.name))
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
        : { kind: 'unreadable', fields };
  if (fields.type === 'multipart/encrypted')
    return { kind: protocol === 'application/pgp-encrypted' ? 'pgp-encrypted' : 'unreadable', fields };
  const kind = await kindOf(decodedBody(message, fields));
  if (kind === 'signed') return { kind: 'opaque-signed', fields };
  if (kind === 'enveloped' || kind === 'auth-enveloped')
    return { kind: 'encrypted', fields, authenticated: kind === 'auth-enveloped' };
  return { kind: kind === 'compressed' ? kind : 'unreadable', fields };
}

function protocolOf({ header }: Message): string {
  const [field] = fieldsNamed(header, 'content-type');
  return field === undefined
    ? ''
    : (readFieldValue(fieldText(header, field)).parameters.get('protocol') ?? '').toLowerCase();
}
