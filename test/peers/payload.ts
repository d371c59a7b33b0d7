/**
 * What the programs send each other: the four kinds of content that break in practice. All of it is
 * made up; no person is in it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PayloadFile {
  /** As the addressee must see it. */
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly octets: Buffer;
}

export interface Payload {
  readonly subject: string;
  /** UTF-8, LF line ends as in a file on a Unix system; in mail they are CRLF. */
  readonly text: Buffer;
  readonly textPath: string;
  readonly files: readonly PayloadFile[];
}

const TEXT = `Geachte collega,

Bijgaand de uitslag in µmol/l en °C; de patiënt is geïnformeerd. Überweisung folgt – œuvre, naïef, 日本語, 🙂.
.
..een regel die met punten begint
.een andere
From here on a line starts with From.
=20 is geen code, en deze regel eindigt met spaties:  \t
${'een lange regel zonder einde '.repeat(30)}

Met vriendelijke groet,
het laboratorium
`;

/**
 * A laboratory report in the manner of the Dutch MEDLAB message: Latin-1, service characters
 * announced by UNA, no line ends.
 */
function medlab(): Buffer {
  const segments = [
    'UNB+UNOC:3+500000001:ZZ+500000002:ZZ+261125:0100+REF0001++MEDLAB',
    'UNH+1+MEDLAB:1',
    'BGM+LAB+26-000001',
    'DTM+137+202611250100:203',
    'NAD+PAT+TEST0001++Proefpersoon:Ë. van den:Fictief?+Co++Kruisstraat 1:Ãœ:D´Orléans+Nergenshuizen',
    'DTM+329+19000101:102',
    "RFF+LAB+L?:000?'1",
    'INV+GLUC+Glucose nüchtern',
    'RSL+N+5,4+µmol/l+3,9:5,6',
    'FTX+OPM++geen bijzonderheden, ß-bepaling herhaald bij 37 °C; §§ ±2 %',
    'UNT+10+1',
    'UNZ+1+REF0001',
  ];
  return Buffer.from(`UNA:+,? '${segments.map((s) => `${s}'`).join('')}`, 'latin1');
}

/**
 * Octets that look random and are the same every time: every value, runs of dots, CR, LF and NUL in
 * all orders.
 */
function binary(length: number): Buffer {
  const octets = Buffer.alloc(length);
  for (let at = 0, block = 0; at < length; block += 1, at += 32)
    createHash('sha256').update(`block ${block}`).digest().copy(octets, at);
  octets.write('\r\n.\r\n\n.\n\r.\r\0\0\r\n..\r\nFrom ', 1000, 'latin1');
  return octets;
}

export function makePayload(folder: string): Payload {
  mkdirSync(folder, { recursive: true });
  const text = Buffer.from(TEXT, 'utf8');
  const textPath = join(folder, 'text.txt');
  writeFileSync(textPath, text);
  const file = (name: string, type: string, octets: Buffer): PayloadFile => {
    const path = join(folder, name);
    writeFileSync(path, octets);
    return { name, path, type, octets };
  };
  return {
    subject: 'Uitslag 26-000001',
    text,
    textPath,
    files: [
      file('uitslag.edi', 'application/EDIFACT', medlab()),
      file('scan.bin', 'application/octet-stream', binary(3_000_000)),
      file('Überweisung für Müller.pdf', 'application/pdf', binary(20_000)),
    ],
  };
}
