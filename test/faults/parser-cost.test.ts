/**
 * The worst that each parser of the gateway can be fed, and what it costs: either the input is
 * refused at its bound, or it is read in one cheap pass. In processor time, since the machine is
 * busy; most of it is far below the limit, which the defects that this file is about exceeded.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BER_LIMITS, parse } from '../../src/crypto/certificates/ber.ts';
import { ContentDigests } from '../../src/crypto/cms/content-digests.ts';
import { describeEnvelope } from '../../src/crypto/cms/decrypt.ts';
import { CMS_LIMITS } from '../../src/crypto/cms/limits.ts';
import { describeSignedData } from '../../src/crypto/cms/signed-data.ts';
import { readCrl } from '../../src/crypto/certificates/crl.ts';
import { decodePem } from '../../src/crypto/certificates/pem.ts';
import { unarmoured } from '../../src/crypto/pgp/armour.ts';
import { PacketFrames } from '../../src/crypto/pgp/packet-frames.ts';
import { readClearSigned } from '../../src/crypto/smime/clear-signed.ts';
import { readMessage } from '../../src/crypto/smime/message.ts';
import { EdiCollector } from '../../src/edi/collector.ts';
import { contentFields } from '../../src/mime/content-fields.ts';
import { readHeader } from '../../src/mime/header.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { DataDecoder } from '../../src/smtp/data-decoder.ts';
import { judgeHeader } from '../../src/submission/header-rules.ts';

/**
 * Processor time for each MB, in that of the yardstick below: 17 ms where nothing else runs, and
 * twice that where the other half of a core is somebody else's. The dearest rows are at 9 to 16, by
 * what else runs. Empty OpenPGP packets were at 560 once, and what is quadratic at more.
 */
const DEAREST = 20;
const SIZE = 1_000_000;
/** A header counts as one at its limit: there is no more than one of it. */
const HEADER = 250_000;

const fill = (text: string, octets = SIZE): Buffer => Buffer.alloc(octets, text, 'latin1');
function slices(octets: Buffer, size = 64 * 1024): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) made.push(octets.subarray(at, at + size));
  return made;
}
const text = (value: string): Buffer => Buffer.from(value, 'latin1');

type Answer = string | undefined;
interface Row {
  readonly what: string;
  readonly octets: Buffer;
  /** What it says of the bound that was met. */
  readonly read: (octets: Buffer) => Answer | Promise<Answer>;
  readonly bound?: RegExp;
}

const walked = (what: string, head: string, body: Buffer, bound?: RegExp): Row => ({
  ...{ what, octets: Buffer.concat([text(head), body]) },
  ...(bound === undefined ? {} : { bound }),
  read: (octets) => {
    const edi = new EdiCollector();
    const walk = new MimeWalk(edi.observe);
    for (const slice of slices(octets)) walk.write(slice);
    const { limits, leaves } = walk.end();
    edi.interchanges(new Set(leaves.map(({ path }) => path)));
    return [...limits, ...(edi.full ? ['interchanges'] : [])].join(' ');
  },
});
const MIXED = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
const encoded = (encoding: string): string => `Content-Transfer-Encoding: ${encoding}\r\n\r\n`;
const UNB = "UNB+UNOA:1+S+R+261126:1000+REF'";

/** A header at its limit of 256 KB. */
const header = (what: string, field: string, bound?: RegExp): Row => ({
  ...{ what, octets: text(`${`From: a@b.test\r\n${field}`.slice(0, 255_000)}\r\n\r\n`) },
  ...(bound === undefined ? {} : { bound }),
  read: async (octets) => {
    const read = readHeader(octets);
    if (!read.ok) return read.error;
    contentFields(octets);
    const context = { hostname: 'mail.test', nullSender: false, maySendAs: () => Promise.resolve(true) };
    const plan = await judgeHeader(read.value, context);
    return plan.ok ? undefined : plan.error.text;
  },
});
const from = (what: string, value: string, bound?: RegExp): Row => {
  const row = header(what, `X: y\r\n`, bound);
  return { ...row, octets: text(`From: ${value.slice(0, 250_000)}\r\n\r\n`) };
};

const SIGNED = '308006092a864886f70d010702a0803080020101310030';
const certificates = (inside: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${SIGNED}80`, 'hex'),
    Buffer.from('06092a864886f70d0107010000', 'hex'),
    ...[Buffer.from('a080', 'hex'), inside, Buffer.from('0000310000000000000000', 'hex')],
  ]);
const content = (pieces: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`${SIGNED}80`, 'hex'),
    Buffer.from('06092a864886f70d010701a0802480', 'hex'),
    ...[pieces, Buffer.from('0000000000003100000000000000', 'hex')],
  ]);
const signed = (what: string, octets: Buffer, bound?: RegExp): Row => ({
  ...{ what: `CMS, ${what}`, octets },
  ...(bound === undefined ? {} : { bound }),
  read: async (given) => {
    const read = await describeSignedData(slices(given), CMS_LIMITS);
    return read.ok ? undefined : read.error.text;
  },
});
const armour = (what: string, octets: Buffer, bound?: RegExp): Row => ({
  ...{ what: `armour, ${what}` },
  ...(bound === undefined ? {} : { bound }),
  octets: Buffer.concat([text('-----BEGIN PGP MESSAGE-----\r\n'), octets, text('\r\n-----END PGP MESSAGE-----\r\n')]),
  read: async (given) => {
    try {
      for await (const slice of unarmoured('MESSAGE', slices(given))) if (slice.length === 0) return 'empty';
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
});
const frames = (what: string, octets: Buffer, bound?: RegExp): Row => ({
  ...{ what: `OpenPGP packets, ${what}`, octets },
  ...(bound === undefined ? {} : { bound }),
  read: (given) => {
    const read = new PacketFrames();
    try {
      for (const slice of slices(given)) read.push(slice);
      return undefined;
    } catch (error) {
      return String(error);
    }
  },
});
const digests = (what: string, octets: Buffer): Row => ({
  ...{ what: `digests of signed content, ${what}`, octets },
  read: (given) => {
    const made = new ContentDigests(['sha256'], 'exact-and-canonical');
    for (const slice of slices(given)) made.update(slice);
    made.finish();
    return undefined;
  },
});
const clearSigned = (what: string, body: Buffer): Row => ({
  what: `clear-signed, ${what}`,
  octets: Buffer.concat([text('Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n'), body]),
  read: async (octets) => {
    const read = await readMessage({
      octets: octets.length,

      slices: async function* () {
        yield* slices(octets);
      },
    });
    if (!read.ok) return read.error;
    const parts = await readClearSigned(read.value, contentFields(read.value.header.octets));
    return parts.ok ? undefined : parts.error;
  },
});
const data = (what: string, octets: Buffer): Row => ({
  ...{ what: `DATA, ${what}`, octets },
  read: (given) => {
    const decoder = new DataDecoder(true);
    // In place: what was given is changed.
    for (const slice of slices(Buffer.from(given))) decoder.push(slice);
    return undefined;
  },
});

const ROWS: readonly Row[] = [
  walked('empty parts', MIXED, fill('--b\r\n\r\n'), /leaves/),
  walked('messages in one another', '', fill('Content-Type: message/rfc822\r\n\r\n'), /depth/),
  walked('lines that are nearly delimiters', MIXED, fill('--a\r\n')),
  walked('header lines of a part', `${MIXED}--b\r\n`, fill('A:b\r\n'), /header/),
  walked('parameters of parts', MIXED, fill(`--b\r\nContent-Type: a/b${'; a=b'.repeat(40_000)}\r\n\r\n`)),
  walked('base64, an octet a line', encoded('base64'), fill('A\r\n')),
  walked('base64, a blank behind each octet', encoded('base64'), fill('A ')),
  walked('base64, nothing but padding', encoded('base64'), fill('AA==')),
  walked('quoted-printable, every octet', encoded('quoted-printable'), fill('=41')),
  walked('quoted-printable, soft line breaks', encoded('quoted-printable'), fill('=\r\n')),
  walked('quoted-printable, broken', encoded('quoted-printable'), fill('==')),
  walked('uuencode, files', '\r\n', fill('begin 644 f\r\n#04)#\r\n`\r\nend\r\n'), /leaves/),
  walked('uuencode, lines of one octet', '\r\nbegin 644 f\r\n', fill('!\r\n')),
  walked('EDIFACT, empty segments', `\r\n${UNB}UNH+1+A'`, fill("'")),
  walked('EDIFACT, elements', `\r\n${UNB}UNH+1+A'`, fill('+:')),
  walked('EDIFACT, messages', `\r\n${UNB}`, fill("UNH+1+A'UNT+2+1'")),
  walked('EDIFACT, interchanges', '\r\n', fill(`${UNB}UNZ+0+REF'\r\n`), /interchanges/),
  walked('HL7, short segments', '\r\nMSH|^~\\&|A|B|C|D\r\n', fill('O\r\n')),
  walked('HL7, batches', '\r\n', fill('MSH|^~\\&|A|B|C|D\r\n')),
  walked('XML, elements', 'Content-Type: text/xml\r\n\r\n', fill('<a>')),
  header('header, fields', 'A: b\r\n'.repeat(900)),
  header('parameters', `Content-Type: a/b${';a=b'.repeat(60_000)}`),
  header('continued parameters', `Content-Type: a/b${Array.from({ length: 20_000 }, (_, i) => `;a*${i}=b`).join('')}`),
  header('parameters, comments', `Content-Type: a/b ${'('.repeat(240_000)}`),
  header('addresses of Reply-To', `Reply-To: ${'a@b.test,'.repeat(27_000)}`),
  header('Authentication-Results, comments', `Authentication-Results: ${'('.repeat(240_000)}`),
  header('Authentication-Results, closed comments', `Authentication-Results: ${'()'.repeat(120_000)} mail.test`),
  from('addresses of From', 'a@b.test,'.repeat(27_000), /more than 100 addresses/),
  from('quoted strings in From', `${'"" '.repeat(80_000)}<a@b.test>`),
  from('encoded words in From', `${'=?utf-8?q?=41?= '.repeat(15_000)}<a@b.test>`),
  from('broken encoded words in From', `${'=?a?q?'.repeat(40_000)} <a@b.test>`),
  from('comments in From', '('.repeat(240_000), /comment does not end/),
  signed('content in pieces of one octet', content(fill('\x04\x01A')), /pieces of less than 16 octets/),
  signed('content in empty pieces', content(fill('\x04\x00')), /pieces of less than 16 octets/),
  signed('content in pieces in pieces', content(fill('\x24\x80\x00\x00')), /pieces of less than 16 octets/),
  signed('content in pieces of 16 octets', content(fill(`\x04\x10${'A'.repeat(16)}`, 999_990))),
  signed('content in pieces of 64 octets', content(fill(`\x04\x40${'A'.repeat(64)}`, 999_966))),
  signed('certificates that are none', certificates(fill('\x05\x00')), /more than 20000 values/),
  signed('certificates without length', certificates(fill('\x30\x80\x00\x00')), /more than 20000 values/),
  {
    what: 'CMS, recipients that are none',
    octets: Buffer.concat([Buffer.from('308006092a864886f70d010703a08030800201003180', 'hex'), fill('\x05\x00')]),
    read: async (octets) => {
      const read = await describeEnvelope(slices(octets), CMS_LIMITS);
      return read.ok ? undefined : read.error.text;
    },
    bound: /more than 20000 values/,
  },
  {
    what: 'BER, depth',
    octets: fill('\x30\x80'),
    read: (octets) => {
      try {
        parse(octets, BER_LIMITS);
        return undefined;
      } catch (error) {
        return String(error);
      }
    },
    bound: /deeper than 32 levels/,
  },
  armour('a line of base64 and another in turn', Buffer.concat([text('\r\n'), fill('A\n=\n')]), /not base64/),
  armour('an octet a line', Buffer.concat([text('\r\n'), fill('A\r\n')])),
  armour('header lines', fill('A: b\r\n')),
  frames('empty ones', fill('\xfc\x00'), /more than 2000 packets/),
  frames('parts of one octet', Buffer.concat([Buffer.from([0xd2]), fill('\xe0A')])),
  digests('bare LF', fill('\n')),
  digests('bare LF behind each octet', fill('a\n')),
  clearSigned('lines that are nearly delimiters', fill('--a\r\n')),
  data('stuffed lines', fill('..\r\n')),
  data('bare line ends', fill('\n')),
  data('NUL', fill('\0')),
  {
    what: 'PEM, blocks',
    octets: fill('-----BEGIN A-----\nAAAA\n-----END A-----\n'),
    read: (octets) => {
      const read = decodePem(octets.toString('latin1'));
      return read.ok ? undefined : read.error.text;
    },
    bound: /more than 1000 blocks/,
  },
  {
    what: 'revocation list, zeros',
    octets: fill('\0'),
    read: async (octets) => {
      const read = await readCrl(octets);
      return read.ok ? undefined : read.error.text;
    },
    bound: /revocation list/,
  },
];

const used = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const YARD = fill('\x55\xaa');

/**
 * Milliseconds of processor time of a fixed loop over octets, which is as slow as the machine is at
 * present.
 */
function yardstick(): number {
  const before = used();
  let sum = 0;
  for (let n = 0; n < 10; n += 1)
    for (let i = 0; i < YARD.length; i += 1) sum = (Math.imul(sum, 31) + (YARD[i] ?? 0) + i) | 0;
  assert.notEqual(sum, 0);
  return used() - before;
}

test('no parser takes more processor time than its input is worth', async (t) => {
  const dear: string[] = [];
  for (const { what, octets, read, bound } of ROWS) {
    let cost = Infinity;
    let answer: Answer;
    // The first time compiles; a second and a third only where it was dear, and more only where it
    // was too dear.
    for (let i = 0; i < 3 ? cost > DEAREST / 4 : i < 8 && cost > DEAREST; i += 1) {
      const yard = yardstick();
      const before = used();
      answer = await read(octets);
      cost = Math.min(cost, (used() - before) / (Math.max(octets.length, HEADER) / 1e6) / yard);
    }
    t.diagnostic(`${cost.toFixed(1).padStart(5)} a MB  ${what}${bound === undefined ? '' : `: ${answer}`}`);
    if (bound !== undefined) assert.match(answer ?? '', bound, what);
    if (cost > DEAREST) dear.push(`${what}: ${cost.toFixed(1)} times the yardstick a MB`);
  }
  assert.deepEqual(dear, []);
});
