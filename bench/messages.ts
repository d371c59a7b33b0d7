/**
 * The messages that are sent. The content of a message decides which promises of the gateway cost
 * something.
 */
import { randomBytes } from 'node:crypto';

/**
 * `text`: one part. `attachment`: a text, and random octets in base64. `edi`: the same with an
 * EDIFACT interchange in place of the octets. `unfinished`: an interchange without its trailers,
 * about which the guard warns.
 */
export const KINDS = ['text', 'attachment', 'edi', 'unfinished'] as const;
export type Kind = (typeof KINDS)[number];

const SENDER_ID = '5790000000001:14';
const RECIPIENT_ID = '5790000000002:14';
const BOUNDARY = '=_measured';

const encoded = (octets: Buffer): string =>
  octets
    .toString('base64')
    .match(/.{1,76}/g)
    ?.join('\r\n') ?? '';
/** How many octets fill this number of base64 characters, in lines. */
const decodedSize = (characters: number): number => Math.max(0, Math.ceil((characters * 3) / 4 / 1.027));

/**
 * One MEDRPT of about `size` octets with a reference of its own. The same interchange again would
 * count as sent twice.
 */
function interchange(size: number, reference: string, finished: boolean): Buffer {
  const head = `UNA:+.? 'UNB+UNOC:3+${SENDER_ID}+${RECIPIENT_ID}+261124:1200+${reference}'UNH+1+MEDRPT:D:93A:UN:R0130R'`;
  const segments: string[] = [];
  for (let octets = head.length; octets < size - 100;) {
    const n = segments.length;
    const segment =
      [`DTM+137:20261128${1000 + n}:203'`, `RSL+NV+${n}.${n % 10}+:::mmol/l'`, `FTX+RE++M+Result ${n}'`][n % 3] ?? '';
    segments.push(segment);
    octets += segment.length;
  }
  const tail = finished ? `UNT+${segments.length + 2}+1'UNZ+1+${reference}'` : '';
  return Buffer.from(`${head}${segments.join('')}${tail}`, 'latin1');
}

/**
 * A message of about `size` octets as it goes over the wire. `n`: its number. Two messages with
 * exactly the same octets would count as sent twice by mistake.
 */
export function compose(size: number, sender: string, kind: Kind, n: number): Buffer {
  const number = String(n).padStart(10, '0');
  const head =
    `From: <${sender}>\r\nTo: <${sender}>\r\nSubject: measured\r\n` +
    `Date: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${number}@client.test>\r\n`;
  if (kind === 'text')
    return Buffer.from(`${head}\r\n${encoded(randomBytes(decodedSize(size - head.length)))}\r\n`, 'latin1');
  const type = kind === 'attachment' ? 'application/octet-stream' : 'application/EDIFACT';
  const before =
    `${head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${BOUNDARY}"\r\n\r\n` +
    `--${BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMeasured.\r\n--${BOUNDARY}\r\n` +
    `Content-Type: ${type}; name="report"\r\nContent-Disposition: attachment; filename="report"\r\n` +
    'Content-Transfer-Encoding: base64\r\n\r\n';
  const room = decodedSize(size - before.length);
  const octets =
    kind === 'attachment'
      ? randomBytes(room)
      : interchange(room, `${process.pid % 10_000}${number}`.slice(-14), kind === 'edi');
  return Buffer.from(`${before}${encoded(octets)}\r\n--${BOUNDARY}--\r\n`, 'latin1');
}
