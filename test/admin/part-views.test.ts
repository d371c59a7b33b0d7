import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewParts } from '../../src/admin/part-views.ts';
import { partsText } from '../../src/cli/parts-text.ts';
import type { MessageParts } from '../../src/domain/message-part.ts';
import { EdiCollector } from '../../src/edi/collector.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { GROUPED, MEDLAB, MEDVRI, ORU } from '../edi/samples.ts';
import { sha256 } from '../mime/composer.ts';

function walked(message: string): MessageParts {
  const edi = new EdiCollector();
  const walk = new MimeWalk(edi.observe);
  walk.write(Buffer.from(message, 'latin1'));
  const { leaves, limits } = walk.end();
  return {
    leaves,
    limits: edi.full ? [...limits, 'interchanges'] : limits,
    interchanges: edi.interchanges(new Set(leaves.map((leaf) => leaf.path))),
  };
}

const multipart = (...parts: string[]): string =>
  `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;

test('a trace shows format, syntax, parties, reference, kinds with versions and counts, totals and hashes', () => {
  const wrong = MEDLAB.replace('UNZ+2', 'UNZ+3');
  const view = viewParts(
    walked(multipart(`Content-Type: text/plain; name=lab.edi\r\n\r\n${wrong}`, `\r\n${MEDVRI}`, `\r\n${ORU}`)),
  );
  assert.deepEqual(
    view.parts.map((p) => [p.part, p.name, p.octets, p.sha256, p.exact]),
    [
      ['1', 'lab.edi', wrong.length, sha256(wrong), true],
      ['2', undefined, MEDVRI.length, sha256(Buffer.from(MEDVRI, 'latin1')), true],
      ['3', undefined, ORU.length, sha256(ORU), true],
    ],
  );
  const [medlab, medvri, oru] = view.interchanges;
  assert.deepEqual(medlab, {
    part: '1',
    format: 'edifact',
    syntax: 'UNOA:1',
    sender: '500000001',
    recipient: '500000002',
    reference: 'LAB0001',
    prepared: '261124:1037',
    messages: [{ type: 'MEDLAB', version: '1', count: 2 }],
    controls: 'wrong',
    test: false,
    acknowledge: false,
    remarks: [{ kind: 'unz-count', count: 1 }],
  });
  assert.deepEqual(
    [medvri?.sender, medvri?.application, medvri?.controls, medvri?.acknowledge, medvri?.test],
    ['500000003:ZZ', 'VRIJTEKST', 'right', true, true],
  );
  assert.deepEqual(
    [oru?.format, oru?.syntax, oru?.sender, oru?.messages, oru?.controls],
    ['hl7', undefined, 'LABFAC:LABAPP', [{ type: 'ORU^R01', version: '2.4', count: 1 }], 'none'],
  );
});

test('the text for people names everything once, and nothing of what a message says', () => {
  const text = partsText(
    viewParts(walked(multipart(`\r\n${MEDLAB.replace('UNZ+2', 'UNZ+3')}`, `\r\n${GROUPED}`))),
  ).join('\n\n');
  assert.match(text, /PART +TYPE +NAME +ENCODING +SIZE +SHA-256\n1 +text\/plain +- +7bit/);
  assert.match(text, /Interchange: edifact UNOA:1 in part 1\nFrom: +500000001\nTo: +500000002\nReference: +LAB0001/);
  assert.match(text, /Messages: +2 x MEDLAB 1\nTotals: +wrong\nRemarks: +1 x unz-count/);
  assert.match(text, /Messages: +1 x ORDERS D:96A:UN:EAN008\nTotals: +right/);
  assert.ok(!/TOKEN|QUESTION|PASSWORD/.test(text), text);
});

test('what the gateway wrote itself has no parts, and what has too many says so', () => {
  assert.deepEqual(partsText(viewParts(undefined)), []);
  const many = partsText(viewParts(walked(`\r\n${`${MEDLAB}\r\n`.repeat(101)}`)));
  assert.match(many.at(-1) ?? '', /beyond the limit of interchanges/);
});
