/**
 * Seeded fuzz of the EDI readers alone: octets from the words of EDIFACT, HL7 and XML in any order,
 * and damaged samples. The same is found wherever they are cut, without an error, and no word that
 * only a message says comes out.
 */
import assert from 'node:assert/strict';
import { type Seeded, seeded } from '../support/seeded.ts';
import { BATCH, CDA, GROUPED, MEDLAB, MEDSPE, MEDVRI, ORU, PACKAGE } from './samples.ts';
import { sniff } from './support.ts';

export interface Fuzzed {
  readonly rounds: number;
  readonly octets: number;
  readonly interchanges: number;
}

const SAMPLES = [MEDLAB, MEDVRI, MEDSPE, GROUPED, PACKAGE.toString('latin1'), ORU, BATCH, CDA];
const SIGNS = [
  "'",
  '+',
  ':',
  '?',
  '*',
  ' ',
  '\r',
  '\n',
  '|',
  '^',
  '~',
  '\\',
  '&',
  '<',
  '>',
  '"',
  '\x00',
  '\x0b',
  '\xff',
  'U',
  'N',
  'A',
  'B',
  'Z',
  '1',
  '9',
];
const WORDS = [
  'UNA',
  'UNB',
  'UNG',
  'UNH',
  'UNT',
  'UNE',
  'UNZ',
  'UNO',
  'UNP',
  'MSH',
  'BHS',
  'BTS',
  'FHS',
  'FTS',
  'PID|SECRETWORD',
  'TXT+SECRETWORD',
  '<?xml',
  '<!--',
  '-->',
];

/** Samples and words of all formats, put into one another and damaged. */
export function ediText(random: Seeded): string {
  let made = random.pick([
    '',
    ...SAMPLES,
    ...SAMPLES,
    "UNB+UNOC:3+S+R+261124:1037+REF'",
    'MSH|^~\\&|A|B|C|D|20261124||ORU^R01|1|P|2.4\r',
  ]);
  for (let n = random.below(40); n > 0; n--) {
    const at = random.below(made.length + 1);
    const put = random.pick([SIGNS, SIGNS, WORDS, SAMPLES] as const);
    const taken = random.below(3) === 0 ? random.below(30) : 0;
    made = made.slice(0, at) + random.pick(put) + made.slice(at + taken);
  }
  return made;
}

export function fuzzEdi(milliseconds: number, seed: number): Fuzzed {
  const until = performance.now() + milliseconds;
  const done = { rounds: 0, octets: 0, interchanges: 0 };
  while (performance.now() < until) {
    const round = seed + done.rounds;
    const random = seeded(round);
    const made = ediText(random);
    const whole = sniff(made);
    for (const cuts of [() => 1, () => 1 + random.below(9), () => 1 + random.below(300)])
      assert.deepEqual(sniff(made, cuts), whole, `seed ${round}`);
    done.rounds += 1;
    done.octets += made.length;
    done.interchanges += whole.length;
  }
  return done;
}
