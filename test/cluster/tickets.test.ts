/** Which ticket key holds on all nodes, whatever order they hear of each other in. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { SharedTickets } from '../../src/cluster/tickets.ts';
import { ClusterSecrets } from '../../src/crypto/keys/cluster-secrets.ts';
import { seeded } from '../support/seeded.ts';

class Listening extends SharedTickets {
  key: Buffer | undefined;
  constructor(node: string, secrets: ClusterSecrets) {
    super(node, secrets, randomBytes);
    this.onKey((key) => (this.key = key));
  }
  makes(voids = false): void {
    this.key = this.rotate(voids);
  }
}

const secrets = new ClusterSecrets(Buffer.alloc(32, 1));
const three = (): Listening[] => ['gw1', 'gw2', 'gw3'].map((name) => new Listening(name, secrets));
const meet = (one: SharedTickets, two: SharedTickets): void => {
  two.hear(one.current);
  one.hear(two.current);
};

test('nodes that start with keys of their own soon have one', () => {
  const all = three();
  for (const node of all) node.makes();
  for (let n = 0; n < 2; n += 1) for (const one of all) for (const two of all) if (one !== two) meet(one, two);
  for (const { key } of all) assert.deepEqual(key, all[0]!.key);
});

test('a node that starts anew takes what the others have, though it makes one of its own', () => {
  const [one, two] = three() as [Listening, Listening];
  for (let n = 0; n < 5; n += 1) one.makes();
  two.makes();
  const held = one.key;
  meet(two, one);
  assert.deepEqual(two.key, held);
  assert.deepEqual(one.key, held);
});

test('what was made void does not come back from a node that rotated often and did not hear of it', () => {
  const [one, two] = three() as [Listening, Listening];
  one.makes();
  meet(one, two);
  for (let n = 0; n < 9; n += 1) two.makes();
  const old = two.key;
  one.makes(true);
  meet(two, one);
  assert.notDeepEqual(one.key, old);
  assert.deepEqual(two.key, one.key);
});

test('in any order of rotations, voidings and meetings all agree once they have met', (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  const random = seeded(seed);
  for (let round = 0; round < 200; round += 1) {
    const all = three();
    const some = (): Listening => all[random.below(3)]!;
    for (let n = 0; n < 12; n += 1) {
      const what = random.below(4);
      if (what < 2) some().makes(what === 0);
      else {
        const [one, two] = [some(), some()];
        if (one !== two) meet(one, two);
      }
    }
    for (let n = 0; n < 2; n += 1) for (const one of all) for (const two of all) if (one !== two) meet(one, two);
    for (const { key } of all) assert.deepEqual(key, all[0]!.key);
  }
});

test('a ticket key travels sealed, and one of another master key is not taken', () => {
  const [one, two] = [new Listening('gw1', secrets), new Listening('gw2', new ClusterSecrets(Buffer.alloc(32, 2)))];
  one.makes();
  const said = one.current!;
  assert.equal(JSON.stringify(said).includes(one.key!.toString('base64').slice(0, 20)), false);
  two.hear(said);
  assert.equal(two.key, undefined);
});
