import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_GUARDS,
  GUARDS,
  type GuardFacts,
  type GuardModes,
  judgeInterchanges,
  repetitionOf,
} from '../../src/domain/edi-guard.ts';
import { verdictOf } from '../../src/domain/edi-verdict.ts';
import type { Interchange } from '../../src/domain/interchange.ts';
import { address } from '../support/store.ts';

const interchange: Interchange = {
  part: '2',
  format: 'edifact',
  syntax: 'UNOA:1',
  sender: { id: '500000001', qualifier: 'ZZ' },
  recipient: { id: 'gp-000002', qualifier: '' },
  reference: 'R1',
  preparedAt: '261124:1037',
  application: '',
  test: false,
  acknowledge: false,
  messages: [{ type: 'MEDLAB', version: '1', count: 2 }],
  eightBit: false,
  controls: 'right',
  remarks: [],
  digest: '',
};
const practice = address('practice@group.test');
const facts: GuardFacts = {
  identities: ['500000001:zz', '500000009'],
  recipients: [{ address: practice, identities: ['GP-000002'], accepts: ['medlab', 'MEDVRI:1'] }],
  earlier: [{ reference: false, messages: false }],
};

const found = (
  more: Partial<Interchange>,
  other: Partial<GuardFacts> = {},
  modes: GuardModes = DEFAULT_GUARDS,
): string[] =>
  judgeInterchanges([{ ...interchange, ...more }], { ...facts, ...other }, modes).map((f) => `${f.guard} ${f.mode}`);

test('an interchange of the sender, for the addressee, whole and new, is found in nothing', () => {
  assert.deepEqual(found({}), []);
});

test('each guard finds what it is for, and is off where it is off', () => {
  const recipient = (identities: string[], accepts: string[]): Partial<GuardFacts> => ({
    recipients: [{ address: practice, identities, accepts }],
  });
  for (const [guard, more, other] of [
    ['sender', { sender: { id: '500000002', qualifier: 'ZZ' } }, {}],
    ['sender', { sender: { id: '500000001', qualifier: '14' } }, {}],
    ['recipient', { recipient: { id: 'gp-000003', qualifier: '' } }, {}],
    ['type', { messages: [{ type: 'MEDEUR', version: '1', count: 1 }] }, {}],
    ['type', { messages: [{ type: 'MEDVRI', version: '12', count: 1 }] }, {}],
    ['type', {}, recipient([], ['ORU^*'])],
    ['controls', { controls: 'wrong', remarks: [{ kind: 'unt-count', count: 1 }] }, {}],
    ['reference', {}, { earlier: [{ reference: true, messages: false }] }],
    ['test', { test: true }, {}],
  ] as const satisfies readonly (readonly [string, Partial<Interchange>, Partial<GuardFacts>])[]) {
    assert.deepEqual(found(more, other), [`${guard} warn`], guard);
    assert.deepEqual(found(more, other, { ...DEFAULT_GUARDS, [guard]: 'off' }), []);
    assert.deepEqual(found(more, other, { ...DEFAULT_GUARDS, [guard]: 'hold' }), [`${guard} hold`]);
  }
  assert.equal(GUARDS.length, Object.keys(DEFAULT_GUARDS).length);
});

test('where nothing is registered, or nothing is said, a guard does not guess', () => {
  const bare = { recipients: [{ address: practice, identities: [], accepts: [] }] };
  assert.deepEqual(
    found({ sender: { id: 'x', qualifier: '' }, recipient: { id: 'y', qualifier: '' } }, { ...bare, identities: [] }),
    [],
  );
  const nobody = { id: '', qualifier: '' };
  assert.deepEqual(found({ sender: nobody, recipient: nobody, controls: 'none' }), []);
  const { earlier: _, ...unknown } = facts;
  assert.deepEqual(judgeInterchanges([interchange], unknown, DEFAULT_GUARDS), []);
});

test('kinds are compared without regard to case, by version, and by the beginning of an HL7 event', () => {
  const takes = (accepts: string[], type: string, version: string): boolean =>
    found({ messages: [{ type, version, count: 1 }] }, { recipients: [{ address: practice, identities: [], accepts }] })
      .length === 0;
  assert.ok(takes(['ORU^*'], 'ORU^R01', '2.4'));
  assert.ok(takes(['ORU^R01:2.4'], 'oru^r01', '2.4'));
  assert.ok(takes(['MEDRPT:D:93A'], 'MEDRPT', 'D:93A:UN:X'));
  assert.ok(!takes(['MEDRPT:D:93A'], 'MEDRPT', 'D:93AB'));
  assert.ok(!takes(['ORU^R01'], 'ORU^R30', '2.4'));
});

test('the four cases: only a reference that was used for other messages is an error', () => {
  assert.equal(repetitionOf({ reference: false, messages: false }), 'new');
  assert.equal(repetitionOf({ reference: true, messages: true }), 'repeated');
  assert.equal(repetitionOf({ reference: false, messages: true }), 'repackaged');
  assert.equal(repetitionOf({ reference: true, messages: false }), 'reused');
  assert.deepEqual(found({}, { earlier: [{ reference: true, messages: true }] }), []);
});

test('the strictest finding decides, and each addressee is named with its own', () => {
  const other = address('other@group.test');
  const both = {
    ...facts,
    recipients: [...facts.recipients, { address: other, identities: ['9'], accepts: ['MEDVRI'] }],
  };
  const modes = { ...DEFAULT_GUARDS, type: 'hold', recipient: 'refuse' } as const;
  const findings = judgeInterchanges([interchange], both, modes);
  assert.deepEqual(
    findings.map((f) => [f.guard, f.recipient]),
    [
      ['recipient', other],
      ['type', other],
    ],
  );
  const verdict = verdictOf(findings);
  assert.ok(verdict.kind === 'refuse');
  const { reply, status, text } = verdict.refusal;
  assert.deepEqual(
    [reply, status, text],
    [
      554,
      '5.7.1',
      'The interchange names as its recipient "gp-000002", which is not <other@group.test>; nothing was sent',
    ],
  );
  assert.equal(verdictOf(findings.filter((f) => f.guard === 'type')).kind, 'hold');
  const wrong = judgeInterchanges(
    [{ ...interchange, controls: 'wrong', remarks: [{ kind: 'unz-count', count: 1 }] }],
    facts,
    { ...DEFAULT_GUARDS, controls: 'refuse' },
  );
  const refused = verdictOf(wrong);
  assert.ok(refused.kind === 'refuse' && refused.refusal.status === '5.6.0');
  const latin = verdictOf(
    judgeInterchanges([{ ...interchange, sender: { id: 'caf\u00e9', qualifier: '' } }], facts, {
      ...DEFAULT_GUARDS,
      sender: 'refuse',
    }),
  );
  assert.ok(latin.kind === 'refuse' && latin.refusal.text.includes('"caf?"'));
  assert.equal(verdictOf([]).kind, 'pass');
});
