// @own-process: it measures processor time or memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '../mime/composer.ts';
import { seeded } from '../support/seeded.ts';
import { BATCH, CDA, ORU } from './samples.ts';
import { effort } from '../support/effort.ts';
import { CPU_LIMIT, remarksOf, sniff } from './support.ts';

/** Of each line. */
const MEGABYTES = effort(3, 10);
const LIMIT = (CPU_LIMIT * MEGABYTES) / 10;

test('an HL7 message: parties, control id, type and version, acknowledgement', () => {
  const body = ORU.slice(ORU.indexOf('PID'));
  for (const end of ['\r', '\n']) {
    assert.deepEqual(sniff(ORU.replaceAll('\r', end)), [
      {
        ...{ part: '1', format: 'hl7', syntax: '', reference: 'CTRL1', preparedAt: '20261124103700' },
        sender: { id: 'LABFAC', qualifier: 'LABAPP' },
        recipient: { id: 'GPFAC', qualifier: 'GPAPP' },
        ...{ application: '', test: false, acknowledge: true, eightBit: false },
        messages: [{ type: 'ORU^R01', version: '2.4', count: 1 }],
        digest: sha256(body.replaceAll('\r', end)).slice(0, 32),
        ...{ controls: 'none', remarks: [] },
      },
    ]);
  }
});

test('messages are known again under another control id, other messages are others', () => {
  const digest = (text: string): string | undefined => sniff(text)[0]?.digest;
  assert.equal(digest(ORU.replace('CTRL1', 'CTRL2').replace('20261124103700', '20261125080000')), digest(ORU));
  assert.notEqual(digest(ORU.replace('TOKEN1', 'TOKEN2')), digest(ORU));
  assert.equal(digest(ORU.replaceAll('\r', '\r\n')), digest(ORU.replaceAll('\r', '\r\n').replace('CTRL1', 'CTRL2')));
});

test('several messages without a batch are one interchange; other parties, a test and Latin-1 are told of', () => {
  const other = ORU.replace('GPFAC', 'OTHER').replace('|P|', '|T|').replace('Synthetic', 'S\xffnthetic');
  const [found, more] = sniff(`\x0b${ORU}\r\x0b${ORU}\r\x1c\r${other}\r`);
  assert.equal(more, undefined);
  assert.deepEqual(found?.messages, [{ type: 'ORU^R01', version: '2.4', count: 3 }]);
  assert.deepEqual([remarksOf(found), found.test, found.eightBit], ['parties-differ', true, true]);
});

test('batches have totals, right or wrong, and an end', () => {
  const [found, more] = sniff(BATCH);
  assert.equal(more, undefined);
  assert.deepEqual([found?.reference, found?.controls, remarksOf(found)], ['FILE1', 'right', '']);
  assert.deepEqual(found?.messages, [{ type: 'ADT^A08', version: '2.3', count: 2 }]);
  for (const [remarks, from, to] of [
    ['bts-count', 'BTS|2', 'BTS|3'],
    ['fts-count', 'FTS|1', 'FTS|4'],
    ['batch-end', 'FTS|1\r', ''],
    ['', 'BTS|2', 'BTS|'],
  ] as const) {
    const [changed] = sniff(BATCH.replace(from, to));
    assert.deepEqual([remarksOf(changed), changed?.controls], [remarks, remarks === '' ? 'right' : 'wrong']);
  }
  const single = BATCH.replace(/FHS.*?\r/, '').replace('FTS|1\r', '');
  assert.deepEqual(
    sniff(`${single}${single}`).map((f) => f.reference),
    ['BATCH1', 'BATCH1'],
  );
  assert.deepEqual(sniff(single.replace('BTS|2\r', '') + single).map(remarksOf), ['batch-end', '']);
});

test('nothing of what a message says leaves the reader, and a cut changes nothing', () => {
  for (const sample of [ORU, BATCH, `${ORU}\r\n${ORU}`]) {
    const whole = sniff(sample);
    assert.ok(!/TOKEN|Synthetic|OBX|PID/.test(JSON.stringify(whole)));
    assert.deepEqual(
      sniff(sample, () => 1),
      whole,
    );
    const random = seeded(9);
    for (let n = 0; n < 200; n++)
      assert.deepEqual(
        sniff(sample, () => 1 + random.below(40)),
        whole,
      );
  }
});

test(`${MEGABYTES} MB of HL7 lines of any kind with any line end take no quadratic time`, () => {
  const lines = [
    'OBX|1|NM|x\r',
    'OBX|1|NM|x\n',
    'OBX|1|NM|x\r\n',
    '\r',
    'ABC\n',
    'MSH|^~\\&|A|B|C|D\r',
    'BTS|1\r',
    'x',
  ];
  for (const line of lines) {
    const data = Buffer.alloc(MEGABYTES * 1e6, line);
    data.write(`${ORU}\r`);
    const started = process.cpuUsage();
    const found = sniff(data, () => 65_536).length;
    assert.ok(found >= 1, line);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < LIMIT, `${Math.round((user + system) / 1000)} ms of CPU`);
  }
});

test('XML counts by its root and namespace, nothing else does', () => {
  for (const end of [Infinity, 1]) {
    const [found] = sniff(CDA, () => end);
    assert.deepEqual(
      [found?.format, found?.messages, found?.controls],
      ['xml', [{ type: 'ClinicalDocument', version: 'urn:hl7-org:v3', count: 1 }], 'none'],
    );
  }
  const prefixed = `<x:ORU_R01 a='1' xmlns:x='urn:hl7-org:v2xml'>`;
  assert.equal(sniff(prefixed)[0]?.messages[0]?.type, 'ORU_R01');
  for (const none of [
    '<html><body>',
    '<ClinicalDocument>',
    '<ClinicalDocument xmlns="urn:other">',
    '<!-- never closed',
    '<?xml',
    '<',
    '< b',
    `<!DOCTYPE ${'x'.repeat(9000)}`,
  ])
    assert.deepEqual(sniff(none), [], none.slice(0, 40));
});

test('content decides: words that begin like a tag are no message', () => {
  for (const none of ['MSHA', 'MSH and more', 'BHS', 'MS', 'UNBOXED things', 'FHS1|'])
    assert.deepEqual(sniff(none), [], none);
});
