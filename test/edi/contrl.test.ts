/**
 * Acknowledgements as they are written: golden files, and that our own reader finds in them what
 * was asked for.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Interchange } from '../../src/domain/interchange.ts';
import { instant } from '../../src/domain/units.ts';
import { type Acknowledgement, writeContrl } from '../../src/edi/contrl.ts';
import { insideRoom } from '../../src/edi/inside.ts';
import { contrlFaults } from './contrl-grammar.ts';
import { GROUPED, MEDLAB, MEDVRI, PACKAGE } from './samples.ts';
import { sniff } from './support.ts';

const at = instant(Date.UTC(2026, 10, 26, 9, 5));

function matchesGolden(name: string, written: Buffer): void {
  const file = new URL(`../../test/golden/edi/${name}`, import.meta.url);
  if (!existsSync(file)) writeFileSync(file, written);
  assert.equal(written.toString('latin1'), readFileSync(file, 'latin1'));
}

const write = (sample: Buffer | string, answer: Acknowledgement['answer'], change = (text: string) => text): Buffer => {
  const text = typeof sample === 'string' ? sample : sample.toString('latin1');
  const [interchange] = sniff(change(text));
  assert.ok(interchange !== undefined);
  return writeContrl({ interchange, answer, reference: 'C0123456789AB', at });
};

test('received and rejected, in the syntax of the question, with a test for a test', () => {
  matchesGolden('contrl-received.edi', write(MEDVRI, 'received'));
  matchesGolden('contrl-rejected.edi', write(PACKAGE, 'rejected'));
  matchesGolden(
    'contrl-version-4.edi',
    write(GROUPED, 'received', (text) => text.replace('UNOC:3', 'UNOC:4')),
  );
});

test('signs with a meaning are released, accents ask for level C, and the parties are turned round', () => {
  const unb = "UNB+UNOC:3+S?+1:A?'B+caf\xe9+261124:1037+R??1'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+R??1'";
  const written = write(unb, 'rejected');
  matchesGolden('contrl-signs.edi', written);
  const [read, more] = sniff(written);
  assert.ok(read !== undefined && more === undefined);
  assert.deepEqual(
    [read.syntax, read.sender.id, read.recipient, read.messages, read.controls, read.remarks],
    [
      'UNOC:3',
      'caf\xe9',
      { id: 'S+1', qualifier: "A'B" },
      [{ type: 'CONTRL', version: 'D:3:UN', count: 1 }],
      'right',
      [],
    ],
  );
  assert.deepEqual([read.acknowledge, read.test, read.reference], [false, false, 'C0123456789AB']);
});

// --- by message

const MIXED = [
  "UNB+UNOC:3+LAB:14+GP:14+261124:1037+I1++++1'",
  "UNH+M1+MEDRPT:D:93A:UN:H0130K'BGM+X'UNT+3+M1'",
  "UNH+M2+MEDRPT:D:93A:UN:H0130K'BGM+X'UNT+4+M2'",
  "UNH+M3+MEDRPT:D:93A:UN:H0130K'BGM+X'UNT+3+M9'",
  "UNH+M4+MEDRPT:D:93A:UN:H0130K'BGM+X'",
  "UNH+M5+MEDREF:D:93A:UN'UNT+2+M5'",
  "UNH+M5+MEDREF:D:93A:UN'UNT+2+M5'",
  "UNH+M5+MEDRPT:D:93A:UN'UNT+2+M5'UNZ+7+I1'",
].join('');

const GROUPS =
  "UNB+UNOC:3+LAB:14+GP:14+261124:1037+I2++++1'UNG+ORDERS+AA:ZZ+BB+261124:1037+G1'UNH+M1+ORDERS:D:96A:UN'UNT+2+M1'UNE+1+G1'" +
  "UNG+ORDERS+AA+CC+261124:1037+G2'UNH+M1+ORDERS:D:96A:UN'UNT+2+M1'UNE+2+G2'UNG+ORDERS+AA+DD+261124:1037+G3'UNE+0+G3'UNZ+3+I2'";

function writeByMessage(
  text: string,
  answer: Acknowledgement['answer'] = 'received',
  seen?: Interchange['seen'],
): string {
  const [interchange] = sniff(text, undefined, insideRoom());
  assert.ok(interchange !== undefined);
  const asked = seen === undefined ? interchange : { ...interchange, seen };
  const written = writeContrl({ interchange: asked, answer, reference: 'C0123456789AB', at }).toString('latin1');
  // Our own reader agrees with its counts and references.
  assert.deepEqual(sniff(written)[0]?.remarks, [], written);
  return written;
}

/** The segments that answer. */
const middle = (written: string): string[] => written.split("'\r\n").filter((line) => line.startsWith('UC'));

test('by message: each is named with what is wrong about its envelope, two of one name once, and nothing that was handed over is called rejected', () => {
  const written = writeByMessage(MIXED);
  matchesGolden('contrl-messages.edi', Buffer.from(written, 'latin1'));
  assert.deepEqual(contrlFaults(written), []);
  assert.deepEqual(middle(written), [
    'UCI+I1+LAB:14+GP:14+7',
    'UCM+M1+MEDRPT:D:93A:UN:H0130K+7',
    'UCM+M2+MEDRPT:D:93A:UN:H0130K+7+29+UNT',
    'UCM+M3+MEDRPT:D:93A:UN:H0130K+7+28+UNT',
    'UCM+M4+MEDRPT:D:93A:UN:H0130K+7+13+UNT',
    'UCM+M5+MEDREF:D:93A:UN+7+26+UNH',
    'UCM+M5+MEDRPT:D:93A:UN+7',
  ]);
  // A receipt and a rejection say nothing about single messages.
  assert.deepEqual(middle(writeByMessage(MIXED, 'rejected')), ['UCI+I1+LAB:14+GP:14+4+18']);
  assert.deepEqual(middle(write(MIXED, 'received').toString('latin1')), ['UCI+I1+LAB:14+GP:14+8']);
});

test('by message: what stands in groups is named below the UCF of each, an empty group is covered by what is above it', () => {
  const written = writeByMessage(GROUPS);
  assert.deepEqual(contrlFaults(written), []);
  assert.deepEqual(middle(written), [
    'UCI+I2+LAB:14+GP:14+7',
    'UCF+G1+AA:ZZ+BB+7',
    'UCM+M1+ORDERS:D:96A:UN+7',
    'UCF+G2+AA+CC+7+29+UNE',
    'UCM+M1+ORDERS:D:96A:UN+7',
  ]);
  const beside = GROUPS.replace('UNG+ORDERS+AA+CC', "UNH+L1+ORDERS:D:96A:UN'UNT+2+L1'UNG+ORDERS+AA+CC");
  const mixed = writeByMessage(beside);
  assert.deepEqual(contrlFaults(mixed), []);
  assert.deepEqual(middle(mixed)[0], 'UCI+I2+LAB:14+GP:14+7+30');
  assert.doesNotMatch(mixed, /UCM\+L1/);
});

test('by message: of the interchange the gravest error stands in the UCI, a reference that was used for other messages before all', () => {
  const uci = (text: string, seen?: Interchange['seen'], answer?: Acknowledgement['answer']): string | undefined => {
    const written = writeByMessage(text, answer, seen);
    assert.deepEqual(contrlFaults(written), []);
    return middle(written)[0]?.replace('UCI+I1+LAB:14+GP:14+', '');
  };
  assert.equal(uci(MIXED, 'reused'), '7+26+UNB');
  // A repetition is answered as the original was, and one that reached nobody takes nothing back.
  for (const seen of ['repeated', 'repackaged'] as const) {
    assert.equal(uci(MIXED, seen), '7');
    assert.equal(uci(MIXED, seen, 'rejected'), '4+26+UNB');
  }
  assert.equal(uci(MIXED.replace('UNZ+7', 'UNZ+6')), '7+29+UNZ');
  assert.equal(uci(MIXED.replace('UNZ+7+I1', 'UNZ+6+I9')), '7+28+UNZ');
  assert.equal(uci(MIXED.replace(/UNZ.*/, '')), '7+13+UNZ');
  // Old kinds have less than S009 asks for: told as it stands, so that its sender knows it again.
  assert.deepEqual(middle(writeByMessage(MEDLAB)).slice(1), ['UCM+1+MEDLAB:1+7', 'UCM+2+MEDLAB:1+7']);
});

test('the tables know wrong answers from right ones: shapes as published guidelines show them, and one mistake each', () => {
  const contrl = (...inside: string[]): string =>
    [
      "UNB+UNOA:3+A+B+261126:0905+C1'",
      "UNH+1+CONTRL:D:3:UN'",
      ...inside,
      `UNT+${inside.length + 2}+1'`,
      "UNZ+1+C1'",
    ].join('');
  for (const right of [
    contrl("UCI+72+S:14+A:ZZZ+8'"),
    contrl("UCI+1+S:14+R:14+4+13+UNB'"),
    contrl(
      "UCI+7+S+R+7'",
      "UCM+1+CUSDEC:D:99B:UN+7'",
      "UCM+2+CUSDEC:D:99B:UN+4+18'",
      "UCS+60+18'",
      "UCD+12+4:2'",
      "UCM+3+CUSDEC:D:99B:UN+7'",
    ),
    contrl("UCI+131+S+N?+T:ZZ+7'", "UCM+1+PAYMUL:D:96A:UN+4+13+UNH'", "UCS+17+16'"),
    contrl("UCI+9+S+R+7'", "UCF+G1+A+B+4+29+UNE'", "UCF+G2+A+B+7'", "UCM+1+ORDERS:D:96A:UN+7'"),
  ])
    assert.deepEqual(contrlFaults(right), [], right);
  for (const [wrong, why] of [
    [contrl("UCI+72+S+A+8'", "UCM+1+ORDERS:D:96A:UN+7'"), /below a receipt/],
    [contrl("UCI+72+S+A+5'"), /action 5/],
    [contrl("UCI+72+S+A+7'", "UCM+1+ORDERS:D:96A:UN+8'"), /action 8/],
    [contrl("UCI+72+S+A+7'", "UCM+1+ORDERS:D:96A:UN+7'", "UCM+1+ORDERS:D:96A:UN+7'"), /named twice/],
    [contrl("UCI+72+S+A+7'", "UCM+1+ORDERS:D:96A:UN+7'", "UCF+G1+A+B+7'"), /side by side/],
    [contrl("UCI+72+S+A+7+29+UNT'"), /about UNT/],
    [contrl("UCI+72+S+A+7'", "UCM+1+ORDERS:D:96A:UN+4+24'"), /error 24 at UCM/],
    [contrl("UCI+72+S+A+7'", "UCM+1+ORDERS:D:96A:UN+4'"), /no error told/],
    [contrl("UCI+72+S+A+7'", "UCM++ORDERS:D:96A:UN+7'"), /mandatory/],
    [contrl("UCM+1+ORDERS:D:96A:UN+7'"), /stands behind UNH/],
    [contrl("UCI+72+S+A+8'").replace('UNT+3', 'UNT+4'), /3 segments/],
  ] as const)
    assert.match(contrlFaults(wrong).join('\n'), why, wrong);
});
