/**
 * What nodes tell each other that they have counted, as it goes over the database: gathered,
 * bounded, sealed.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ClusterSecrets } from '../../src/crypto/keys/cluster-secrets.ts';
import { heard } from '../../src/store/postgres/hints.ts';
import { MOST_WAITING, NotifiedCounts } from '../../src/store/postgres/notified-counts.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

const MASTER = randomBytes(32);

interface Line {
  readonly clock: FakeClock;
  readonly said: string[];
  cut: boolean;
  node(number: number, epoch?: number, master?: Uint8Array): Node;
  /** Lets what is gathered be said. */
  go(): Promise<void>;
}
interface Node {
  readonly counts: NotifiedCounts;
  readonly told: (readonly [string, ...number[]])[];
}

function line(): Line {
  const clock = new FakeClock();
  const nodes: { readonly number: number; readonly counts: NotifiedCounts }[] = [];
  const made: Line = {
    clock,
    said: [],
    cut: false,
    node: (number, epoch = 1, master = MASTER) => {
      const notify = async (payload: string): Promise<void> => {
        await Promise.resolve();
        if (made.cut) throw new Error('the line is cut');
        made.said.push(payload);
        for (const other of nodes) {
          const hint = heard(payload, other.number);
          if (hint?.counts !== undefined) other.counts.hear(hint.counts);
        }
      };
      const secrets = new ClusterSecrets(master);
      const counts = new NotifiedCounts({
        ...{ notify, secrets, clock, random: randomBytes, log: new MemoryLog() },
        owner: { node: number, epoch },
      });
      const told: [string, ...number[]][] = [];
      counts.of('messages').onTold((key, more) => told.push([key, ...more]));
      nodes.push({ number, counts });
      return { counts, told };
    },
    go: async () => {
      clock.advance(100);
      for (const { counts } of nodes) await counts.settled();
    },
  };
  return made;
}

test('what was counted in a tenth of a second goes in one notice, added up, and to the others alone', async () => {
  const its = line();
  const [one, two] = [its.node(1), its.node(2)];
  const messages = one.counts.of('messages');
  for (let n = 0; n < 500; n += 1) messages.tell(String(n % 5), [1, n % 2]);
  one.counts.of('octets').tell('1', [10]);
  await its.go();
  assert.equal(its.said.length, 1);
  assert.deepEqual(
    two.told,
    [0, 1, 2, 3, 4].map((n) => [String(n), 100, 50]),
  );
  assert.deepEqual(one.told, []);
  await its.go();
  assert.equal(its.said.length, 1, 'nothing is said of nothing');
});

test('many go in several notices that a server takes, and of more than may wait nobody is told', async () => {
  const its = line();
  const [one, two] = [its.node(1), its.node(2)];
  const messages = one.counts.of('messages');
  for (let n = 0; n < MOST_WAITING + 7; n += 1)
    messages.tell(`2001:db8:${n.toString(16)}::/64 0 practice-${n}@group.example`, [1]);
  messages.tell('x'.repeat(600), [1]);
  assert.equal(one.counts.lost, 8);
  for (let rounds = 0; two.told.length < MOST_WAITING; rounds += 1) {
    assert(rounds < 300, `${two.told.length} after ${rounds} notices`);
    await its.go();
  }
  assert(its.said.every((payload) => Buffer.byteLength(payload) < 8000));
  assert.equal(new Set(two.told.map(([key]) => key)).size, MOST_WAITING);
});

test('who may listen to the server reads nothing, and what he makes up or says again counts for nothing', async () => {
  const its = line();
  const [one, two] = [its.node(1), its.node(2)];
  one.counts.of('messages').tell('anna@group.example', [3]);
  await its.go();
  const [payload = ''] = its.said;
  assert(!payload.includes('anna') && !Buffer.from(payload, 'base64').includes('anna'));
  const counts = heard(payload, 2)?.counts ?? '';
  two.counts.hear(counts);
  two.counts.hear(`AAAA${counts}`);
  two.counts.hear('');
  const stranger = its.node(3, 1, randomBytes(32));
  stranger.counts.of('messages').tell('bert@group.example', [1000]);
  await its.go();
  assert.deepEqual(two.told, [['anna@group.example', 3]]);
  // After a restart its numbers begin again; what it said before does not count again.
  const again = its.node(1, 2);
  again.counts.of('messages').tell('7', [1]);
  await its.go();
  two.counts.hear(counts);
  assert.deepEqual(two.told, [
    ['anna@group.example', 3],
    ['7', 1],
  ]);
});

test('what cannot be told is lost, is known to be, and keeps nothing that follows', async () => {
  const its = line();
  const [one, two] = [its.node(1), its.node(2)];
  its.cut = true;
  one.counts.of('messages').tell('7', [5]);
  await its.go();
  its.cut = false;
  assert.equal(one.counts.lost, 1);
  one.counts.of('messages').tell('7', [1]);
  await its.go();
  assert.deepEqual(two.told, [['7', 1]]);
});
