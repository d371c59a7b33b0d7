/**
 * What is listed of an interchange for whoever is answered about each message, and that the list
 * ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EdiCollector } from '../../src/edi/collector.ts';
import { insideRoom } from '../../src/edi/inside.ts';
import { seeded } from '../support/seeded.ts';
import { GROUPED, MEDLAB } from './samples.ts';
import { sniff } from './support.ts';

const interchange = (inside: string, count: number): string =>
  `UNB+UNOC:3+A+B+261124:1037+I1++++1'${inside}UNZ+${count}+I1'`;
const messages = (from: number, to: number, wrong = false): string =>
  Array.from({ length: to - from }, (_, n) => `UNH+${from + n}+X:D:96A:UN'UNT+${wrong ? 9 : 2}+${from + n}'`).join('');

test('nothing is listed unless it is asked for, and the same in slices of any length', () => {
  for (const sample of [MEDLAB, GROUPED]) assert.equal(sniff(sample)[0]?.inside, undefined);
  const whole = sniff(MEDLAB + GROUPED, undefined, insideRoom()).map(({ inside }) => inside);
  assert.deepEqual(whole, [
    {
      groups: [],
      messages: [
        { reference: '1', type: 'MEDLAB', version: '1' },
        { reference: '2', type: 'MEDLAB', version: '1' },
      ],
    },
    {
      groups: [{ reference: 'G1', sender: { id: 'S', qualifier: '' }, recipient: { id: 'R', qualifier: '' } }],
      messages: [{ reference: 'M1', type: 'ORDERS', version: 'D:96A:UN:EAN008', group: 0 }],
    },
  ]);
  const random = seeded(1970);
  for (let n = 0; n < 50; n += 1) {
    const cuts = (): number => 1 + random.below(40);
    assert.deepEqual(
      sniff(MEDLAB + GROUPED, cuts, insideRoom()).map(({ inside }) => inside),
      whole,
    );
  }
});

test('the list ends for a whole mail; what is wrong is listed behind a thousand that are right, groups without anything are not', () => {
  const collector = new EdiCollector({ inside: true });
  const many = interchange(messages(0, 1500) + messages(1500, 3000, true), 3000);
  for (const part of ['1', '2']) {
    const reader = collector.observe(part);
    reader.write(Buffer.from(many, 'latin1'));
    reader.end();
  }
  const [first, second] = collector.interchanges(new Set(['1', '2']));
  assert.equal(first?.messages[0]?.count, 3000);
  assert.deepEqual(
    [first.inside?.messages.length, first.inside?.messages.at(999)?.reference, first.inside?.messages[1000]],
    [2000, '999', { reference: '1500', type: 'X', version: 'D:96A:UN', fault: 'count' }],
  );
  assert.deepEqual(second?.inside, { groups: [], messages: [] });

  const empty = (n: number): string => `UNG+X+S+R+261124:1037+G${n}'UNE+0+G${n}'`;
  const wrong = (n: number): string => `UNG+X+S+R+261124:1037+G${n}'UNE+7+G${n}'`;
  const groups = Array.from({ length: 5000 }, (_, n) => (n % 2 === 0 ? empty(n) : wrong(n))).join('');
  const [found] = sniff(interchange(groups, 5000), undefined, insideRoom(10));
  assert.deepEqual(
    [found?.inside?.groups.length, found?.inside?.groups.at(-1)?.reference, found?.inside?.groups.at(-1)?.fault],
    [10, 'G19', 'count'],
  );
});

test('a message without a reference has no name, and one of two with the same name is listed once', () => {
  const text = interchange("UNH++X:D:96A:UN'UNT+2+'UNH+1+X:D:96A:UN'UNT+2+1'UNH+1+X:D:96A:UN'UNT+7+1'", 3);
  assert.deepEqual(sniff(text, undefined, insideRoom())[0]?.inside?.messages, [
    { reference: '1', type: 'X', version: 'D:96A:UN', fault: 'twice' },
  ]);
});
