/**
 * Seeded fuzz of the MIME walk together with the EDI readers behind it: whatever comes, and
 * wherever it is cut, the walk ends without an error, finds the same, keeps what it tells of
 * bounded, and takes time for octets alone.
 */
import assert from 'node:assert/strict';
import type { MessageParts } from '../../src/domain/message-part.ts';
import { EdiCollector } from '../../src/edi/collector.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { BATCH, CDA, GROUPED, MEDLAB, MEDSPE, MEDVRI, ORU, PACKAGE } from '../edi/samples.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { compose } from './composer.ts';

export interface Fuzzed {
  readonly rounds: number;
  readonly octets: number;
  readonly leaves: number;
  readonly interchanges: number;
}

const LARGEST = 64 * 1024;
/**
 * Milliseconds of CPU for one message of at most `LARGEST` octets, on a busy machine with the
 * collector at work.
 */
const PATIENCE = 1000;

const MIME = [
  ...[
    '--b\r\n',
    '--b--\r\n',
    '--b',
    '--c\r\n',
    '--c--',
    '\r\n',
    '\r\n\r\n',
    '\r',
    '\n',
    '-',
    '=',
    '==',
    '=41',
    '=\r\n',
    '.',
    ' ',
    '\t\r\n',
  ],
  'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n',
  'Content-Type: multipart/digest; boundary="c"\r\n\r\n--c\r\n',
  'Content-Type: message/rfc822\r\n\r\n',
  "Content-Type: text/plain; name*=utf-8''%41;\r\n\tname=\"x\r\n",
  'Content-Transfer-Encoding: base64\r\n\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n\r\n',
  'Content-Disposition: attachment; filename="a(b"\r\n',
  ...['begin 644 f\r\n', '#04)#\r\n', '`\r\nend\r\n', 'From ', 'x'.repeat(1200), '\x00', '\xff\xfe'],
] as const;
const EDI = [
  ...[
    "UNA:+.? '",
    "UNA:+ ? '",
    "UNB+UNOA:1+S+R+261124:1037+REF'",
    "UNH+1+MEDLAB:1'",
    "UNT+2+1'",
    "UNZ+1+REF'",
    "UNG+A'",
    "UNE+1+A'",
  ],
  ...["UNO+1+a+b+9'", "UNO+1+a+b+999999999'", "UNP+9+1'", "'", '?', "?'", '??', '+', ':', 'UN', 'UNB', 'UNZ', 'TXT+A'],
  ...[
    'MSH|^~\\&|A|B|C|D|20261124||ORU^R01|1|P|2.4\r',
    'BHS|^~\\&|A|B\r',
    'BTS|1\r',
    'FHS|^~\\&|A\r',
    'FTS|1\r',
    'MSH',
    '|',
    '^',
    '\x0b',
    '\x1c\r',
  ],
  ...['<?xml version="1.0"?>', '<!--', '-->', '<ClinicalDocument xmlns="urn:hl7-org:v3">', '<', '>', '"'],
] as const;
const SAMPLES = [MEDLAB, MEDVRI, MEDSPE, GROUPED, PACKAGE.toString('latin1'), ORU, BATCH, CDA];

/** Whole messages, samples and pieces in any order, some of them damaged, doubled or cut. */
function message(random: Seeded): Buffer {
  const kind = random.below(4);
  let text: string;
  if (kind === 0) text = compose(1 + random.below(1_000_000), 3).octets.toString('latin1');
  else if (kind === 1) text = `A: b\r\n\r\n${random.pick(SAMPLES)}`;
  else {
    text = random.pick([
      '',
      'A: b\r\n\r\n',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
      'Content-Transfer-Encoding: base64\r\n\r\n',
    ]);
    const atoms = kind === 2 ? [...MIME, ...SAMPLES] : [...EDI, ...SAMPLES, '--b\r\n'];
    for (let n = random.below(80); n > 0; n--) text += random.pick(atoms);
  }
  for (let n = random.below(6); n > 0; n--) text = damaged(random, text);
  return Buffer.from(text.slice(0, LARGEST), 'latin1');
}

function damaged(random: Seeded, text: string): string {
  const at = random.below(text.length + 1);
  const until = Math.min(text.length, at + random.below(200));
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at) + text.slice(until);
    case 1:
      return text.slice(0, until) + text.slice(at, until).repeat(1 + random.below(20)) + text.slice(until);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + random.pick([...MIME, ...EDI]) + text.slice(at);
    default:
      return text.slice(0, at);
  }
}

function walked(octets: Buffer, cuts: () => number): MessageParts {
  const edi = new EdiCollector();
  const walk = new MimeWalk(edi.observe);
  for (let at = 0; at < octets.length;) {
    const length = Math.max(1, Math.min(cuts(), octets.length - at));
    const slice = Buffer.from(octets.subarray(at, at + length));
    walk.write(slice);
    // Nothing of a slice may be kept.
    slice.fill(0x55);
    at += length;
  }
  const { leaves, limits } = walk.end();
  return { leaves, limits, interchanges: edi.interchanges(new Set(leaves.map((leaf) => leaf.path))) };
}

export function fuzzWalk(milliseconds: number, seed: number): Fuzzed {
  const until = performance.now() + milliseconds;
  const done = { rounds: 0, octets: 0, leaves: 0, interchanges: 0 };
  while (performance.now() < until) {
    const round = seed + done.rounds;
    const random = seeded(round);
    const octets = message(random);
    const started = process.cpuUsage();
    const whole = walked(octets, () => Infinity);
    const { user, system } = process.cpuUsage(started);
    const why = `seed ${round}`;
    assert.ok(
      user + system < PATIENCE * 1000,
      `${why}: ${(user + system) / 1000} ms of CPU for ${octets.length} octets`,
    );
    for (const cuts of [() => 1 + random.below(4), () => 1 + random.below(700)])
      assert.deepEqual(walked(octets, cuts), whole, why);
    for (const leaf of whole.leaves) assert.ok(leaf.octets <= octets.length && /^[0-9a-f]{64}$/.test(leaf.sha256), why);
    // An envelope tells of a few hundred octets, however much it says.
    assert.ok(JSON.stringify(whole.interchanges).length <= 100 * 8192, why);
    for (const found of whole.interchanges)
      assert.ok(found.remarks.every(({ count }) => count >= 1) && found.messages.length <= 20, why);
    done.rounds += 1;
    done.octets += octets.length;
    done.leaves += whole.leaves.length;
    done.interchanges += whole.interchanges.length;
  }
  return done;
}
