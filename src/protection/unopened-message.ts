/**
 * A message that could not be opened, as it is handed out: a text that explains, and the message as
 * it came, octet for octet.
 *
 * One text for whatever went wrong: how a decryption fails tells a stranger about the key, question
 * by question.
 */
import { type Message, fieldOctets, isOuterField } from '../crypto/smime/message.ts';
import { type Helpdesk, helpdeskLine } from '../domain/helpdesk.ts';
import type { Language } from '../domain/registry.ts';
import { isVerdict } from '../mime/authentication-results.ts';
import { textPart, wrapText } from '../mime/text.ts';

/** The paragraphs of the explanation, given how the helpdesk is reached. */
export const EXPLANATIONS: Readonly<Record<Language, (helpdesk: string) => readonly string[]>> = {
  nl: (helpdesk) => [
    'Dit bericht is versleuteld en kon hier niet worden geopend.',
    'Het is bijvoorbeeld versleuteld voor een certificaat waarvan wij de sleutel niet hebben, of het is onderweg beschadigd. Het bericht zelf zit ongewijzigd als bijlage hierbij; er is niets verloren gegaan.',
    `Vraag de afzender om het opnieuw te sturen. Helpt dat niet, neem dan contact op met de helpdesk: ${helpdesk}`,
  ],
  en: (helpdesk) => [
    'This message is encrypted and could not be opened here.',
    'It may be encrypted for a certificate whose key we do not hold, or it was damaged on the way. The message itself is attached, unchanged; nothing was lost.',
    `Ask the sender to send it again. If that does not help, ask the helpdesk: ${helpdesk}`,
  ],
};

/** The explanation in both languages, the organisation's own first. */
function explanation(first: Language, helpdesk: Helpdesk): readonly string[] {
  const half = (language: Language): string[] =>
    EXPLANATIONS[language](helpdeskLine(helpdesk, language)).flatMap((paragraph) => [...wrapText(paragraph), '']);
  return [...half(first), '-'.repeat(72), '', ...half(first === 'nl' ? 'en' : 'nl')];
}

export interface Unopened {
  readonly given: Message;
  /** The message has octets above 127 (RFC 2045 section 6.4). */
  readonly eightBit: boolean;
  readonly language: Language;
  /** The helpdesk to ask. */
  readonly helpdesk: Helpdesk;
  /** Our fields on top, with their line ends. */
  readonly fields: string;
  /** The boundary; nothing in the message may contain it. */
  readonly boundary: string;
}

export async function* unopenedMessage(unopened: Unopened): AsyncGenerator<Uint8Array, void, void> {
  const { given, eightBit, language, helpdesk, fields, boundary } = unopened;
  const encoding = eightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : '';
  const text = textPart(explanation(language, helpdesk));
  yield Buffer.from(fields, 'latin1');
  yield fieldOctets(given.header, (field) => isOuterField(field) && !isVerdict(field.name));
  yield Buffer.from(
    `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n${encoding}\r\n` +
      `--${boundary}\r\nContent-Type: text/plain; charset=${text.charset}\r\nContent-Transfer-Encoding: ${text.encoding}\r\n\r\n` +
      `${text.body}\r\n--${boundary}\r\nContent-Type: message/rfc822\r\n${encoding}` +
      'Content-Disposition: attachment; filename="bericht.eml"\r\n\r\n',
  );
  yield* given.source.slices();
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}
