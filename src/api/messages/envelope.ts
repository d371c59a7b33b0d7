/**
 * Finds out who sends a message and who gets it, if the request's body is message/rfc822: from the
 * headers of the request, else from the header of the message as `sendmail -t` takes it, Bcc
 * included. Bcc itself is taken out on the way, as from every submission.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { type Result, fail, ok } from '../../domain/result.ts';
import { readMailboxes } from '../../mime/address-list.ts';
import { type Header, fieldText, fieldsNamed, readHeader } from '../../mime/header.ts';

/** Most recipients of one message; the configuration may allow fewer. */
export const MOST_RECIPIENTS = 1000;
const RECIPIENT_FIELDS = ['to', 'cc', 'bcc'];
/** `undisclosed-recipients:;`, which programs write if all recipients are in Bcc. */
const NOBODY = /^[^<>@,;:"]{0,80}:\s*;?$/;

export interface Envelope {
  /** Empty for the null reverse path `<>`. */
  readonly sender: string;
  readonly recipients: readonly string[];
  /** Header or envelope has letters outside ASCII. */
  readonly smtpUtf8: boolean;
}

export interface Asked {
  readonly sender?: string | undefined;
  readonly recipients?: string | undefined;
}

/**
 * The error says what is wrong and what to send instead; it repeats no address. `header`: undefined
 * if it was too long to be read.
 */
export function envelopeOf(asked: Asked, header: Buffer | undefined): Result<Envelope, string> {
  const needed = asked.sender === undefined || asked.recipients === undefined;
  const read = header === undefined ? fail('the header is longer than 256 KB') : readHeader(header);
  if (needed && !read.ok) return fail(`${read.error}; correct the message, or send Sluis-Sender and Sluis-Recipients`);
  const sender = asked.sender === undefined ? senderOf(read) : ok(plainPath(asUtf8(asked.sender)));
  if (!sender.ok) return sender;
  const recipients = asked.recipients === undefined ? recipientsOf(read) : listed(asUtf8(asked.recipients));
  if (!recipients.ok) return recipients;
  const utf8Header = header !== undefined && !isAscii(header) && isUtf8(header);
  const smtpUtf8 = utf8Header || [sender.value, ...recipients.value].some((path) => !isAscii(Buffer.from(path)));
  return ok({ sender: sender.value, recipients: recipients.value, smtpUtf8 });
}

/** Node gives the octets of a header one character each. */
const asUtf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const plainPath = (text: string): string => /^<(.*)>$/.exec(text.trim())?.[1] ?? text.trim();

function listed(text: string): Result<readonly string[], string> {
  const paths = text.split(',').map(plainPath);
  if (paths.some((path) => path === ''))
    return fail('Sluis-Recipients has an empty place; name addresses with a comma between them');
  return paths.length > MOST_RECIPIENTS ? tooMany() : ok(paths);
}

const tooMany = (): Result<never, string> =>
  fail(`there are more than ${MOST_RECIPIENTS} recipients; send to the others in another message`);

/** From is judged by the submission: here it only has to be one address. */
function senderOf(read: Result<Header, string>): Result<string, string> {
  const fields = read.ok ? fieldsNamed(read.value, 'from') : [];
  const [field] = fields;
  const found =
    read.ok && field !== undefined && fields.length === 1 ? readMailboxes(fieldText(read.value, field)) : ok([]);
  const [address, second] = found.ok ? found.value : [];
  return address === undefined || second !== undefined
    ? fail('the sender is not clear: From must hold one address, or the request a header Sluis-Sender')
    : ok(address);
}

function recipientsOf(read: Result<Header, string>): Result<readonly string[], string> {
  const addresses: string[] = [];
  for (const name of RECIPIENT_FIELDS)
    for (const field of read.ok ? fieldsNamed(read.value, name) : []) {
      const text = read.ok ? fieldText(read.value, field) : '';
      if (NOBODY.test(text)) continue;
      const found = readMailboxes(text, MOST_RECIPIENTS);
      if (!found.ok)
        return fail(`the field ${name} cannot be read: ${found.error}; correct it, or send a header Sluis-Recipients`);
      addresses.push(...found.value);
      if (addresses.length > MOST_RECIPIENTS) return tooMany();
    }
  // An address in To and in Cc gets the message once.
  const recipients = [...new Set(addresses)];
  return recipients.length === 0
    ? fail('the message has no recipients: name them in To, Cc or Bcc, or in a header Sluis-Recipients')
    : ok(recipients);
}
