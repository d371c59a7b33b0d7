/** Acknowledgements as they are written: golden files, and that our own reader finds in them what was asked for. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { instant } from '../../src/domain/units.ts';
import { type Acknowledgement, writeContrl } from '../../src/edi/contrl.ts';
import { GROUPED, MEDVRI, PACKAGE } from './samples.ts';
import { sniff } from './support.ts';

const at = instant(Date.UTC(2026, 10, 26, 9, 5));

function matchesGolden(name: string, written: Buffer): void {
  const file = new URL(`../../../test/golden/edi/${name}`, import.meta.url);
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
