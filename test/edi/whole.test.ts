/**
 * What counts as interchanges and nothing else: a scan for malware may leave it out, so whatever is
 * not plainly so is not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WholeEdifact, WholeHl7 } from '../../src/edi/whole.ts';
import { EICAR } from '../../src/scan/proof.ts';
import { BATCH, GROUPED, MEDLAB, MEDSPE, MEDVRI, ORU, PACKAGE } from './samples.ts';

type Reader = typeof WholeEdifact | typeof WholeHl7;

/** In one piece, and octet for octet: both must say the same. */
function isWhole(Kind: Reader, text: string | Buffer): boolean {
  const data = Buffer.from(text as string, 'latin1');
  const [once, split] = [new Kind(), new Kind()];
  once.write(data);
  once.end();
  for (const octet of data) split.write(Buffer.from([octet]));
  split.end();
  assert.equal(split.whole, once.whole);
  return once.whole;
}
const edifact = (text: string | Buffer): boolean => isWhole(WholeEdifact, text);
const hl7 = (text: string | Buffer): boolean => isWhole(WholeHl7, text);
const LEVEL_B = "UNB+UNOA:1+5+6+2+3'UNZ+0+3'".replaceAll('+', '\x1d').replaceAll(':', '\x1f').replaceAll("'", '\x1c');

test('interchanges of EDIFACT are whole, one or several, with lines or without, with service characters of their own', () => {
  for (const text of [MEDLAB, MEDVRI, GROUPED, MEDSPE, `${MEDLAB}\r\n${MEDVRI}`, LEVEL_B])
    assert.ok(edifact(text), text);
  assert.ok(edifact(`\r\n ${MEDLAB}\r\n\r\n`), 'blanks around them are of the mail');
});

test('messages and batches of HL7 are whole, whatever ends their lines', () => {
  for (const text of [ORU, BATCH, ORU.replaceAll('\r', '\r\n'), `${ORU}\n${ORU}`, `\r\n${ORU}\r\n\r\n`])
    assert.ok(hl7(text), text);
});

for (const [what, text] of [
  ['text in front', `Geachte collega\r\n${MEDLAB}`],
  ['text behind', `${MEDLAB}\r\n${EICAR.toString('latin1')}`],
  ['text between two', `${MEDLAB}\r\nzie onder\r\n${MEDLAB}`],
  ['a program behind', `${MEDLAB}MZ\x90\x00`],
  ['a binary object', PACKAGE],
  ['a binary object that is text', MEDLAB.replace('BGM+LAB', 'UNO+P1')],
  ['a control in a segment', MEDLAB.replace('TOKEN', 'TO\x00KEN')],
  ['a segment whose tag is none', MEDLAB.replace('NAD+', 'nad+')],
  ['a tag that nothing separates', MEDLAB.replace('NAD+', 'NADA+')],
  ['no end', MEDLAB.slice(0, MEDLAB.indexOf('UNZ'))],
  ['no terminator at its end', MEDLAB.slice(0, -1)],
  ['an interchange within an interchange', MEDLAB.replace('BGM', 'UNB')],
  ['an end without a beginning', `UNZ+1+1'${MEDLAB}`],
  ['service characters twice', `UNA:+.? 'UNA:+.? '${MEDLAB}`],
  ['service characters alone', "UNA:+.? '"],
  ['nothing at all', ''],
] as const)
  test(`an interchange of EDIFACT with ${what} is not whole`, () => {
    assert.equal(edifact(text), false);
  });

for (const [what, text] of [
  ['text in front', `Geachte collega\r${ORU}`],
  ['text behind', `${ORU}\rMet vriendelijke groet\r`],
  ['a script behind', `${ORU}\r<script>`],
  ['a control in a segment', ORU.replace('TOKEN', 'TO\x00KEN')],
  ['the frame of MLLP', `\x0b${ORU}\x1c\r`],
  ['a segment that something else separates', ORU.replace('PID|', 'PID!')],
  ['half a tag at its end', `${ORU}\rPI`],
  ['no header', ORU.replace('MSH', 'MSA')],
  ['nothing at all', ''],
] as const)
  test(`a message of HL7 with ${what} is not whole`, () => {
    assert.equal(hl7(text), false);
  });

test('service characters hold for one interchange, and not for the one behind it', () => {
  const own = 'UNA;*.! ~UNB*UNOA;1*5*6*2*3~UNZ*0*3~';
  assert.ok(edifact(own));
  assert.ok(edifact(`${own}${MEDLAB}`));
  assert.equal(edifact(`${own}UNB*UNOA;1*5*6*2*3~UNZ*0*3~`), false);
  assert.ok(edifact(MEDLAB.replace('TERMINATOR', "?'UNZ+0+1?'")), 'a terminator that is released ends nothing');
});
