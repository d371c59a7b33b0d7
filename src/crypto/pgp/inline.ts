/**
 * Inline PGP: armour that is the whole text of a message, as programs wrote it before PGP/MIME. It
 * is recognised so that it stays untouched; nothing in it is opened or believed, since no header
 * says what it covers.
 */
import { type ContentFields, contentFields } from '../../mime/content-fields.ts';
import { type Message, decodedBody } from '../smime/message.ts';

export type InlinePgp = 'encrypted' | 'signed';

const FORMS: readonly { readonly kind: InlinePgp; readonly begin: string; readonly end: string }[] = [
  { kind: 'encrypted', begin: '-----BEGIN PGP MESSAGE-----', end: '-----END PGP MESSAGE-----' },
  { kind: 'signed', begin: '-----BEGIN PGP SIGNED MESSAGE-----', end: '-----END PGP SIGNATURE-----' },
];
/** Blank octets before and behind the block. */
const MAX_BLANK = 4096;
const isBlank = (text: string): boolean => /^\s*$/.test(text);

/**
 * Undefined: the text is something else, for example a block with text around it, and may be
 * treated like any other. Mostly reads one slice.
 */
export async function inlinePgp(
  message: Message,
  fields: ContentFields = contentFields(message.header.octets),
): Promise<InlinePgp | undefined> {
  if (fields.type !== 'text/plain' && fields.type !== '') return undefined;
  let form: (typeof FORMS)[number] | undefined;
  let tail = '';
  for await (const slice of decodedBody(message, fields)) {
    if (form === undefined) {
      const start = tail + slice.toString('latin1', 0, MAX_BLANK);
      const begins = start.trimStart();
      if (begins.length < 40 && start.length < MAX_BLANK) {
        tail = start;
        continue;
      }
      form = FORMS.find(({ begin }) => begins.startsWith(`${begin}\r\n`) || begins.startsWith(`${begin}\n`));
      if (form === undefined) return undefined;
    }
    tail = (tail + slice.toString('latin1', Math.max(0, slice.length - MAX_BLANK))).slice(-MAX_BLANK);
  }
  if (form === undefined) return undefined;
  const end = tail.lastIndexOf(form.end);
  return end >= 0 && isBlank(tail.slice(end + form.end.length)) ? form.kind : undefined;
}
