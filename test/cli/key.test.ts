/**
 * `sluis key`: shares on paper, proof that they are right, the key made again from them, a new one;
 * with a second person where that is asked.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { KeyState } from '../../src/commands/key/custody.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { commandsOn, sluisHere } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-key-'));
const at = (name: string): string => join(folder, name);
let gateway: TestGateway;
let running = true;

before(async () => {
  gateway = await startTestGateway({ accounts: ['anna'], configuration: '[operators]\nsecond-person = ["key"]' });
  writeFileSync(at('passphrase'), 'four words make one\n');
  for (const name of ['jan', 'piet']) {
    const { sealed, publicKey } = makeOperatorKey('four words make one');
    writeFileSync(at(`${name}.pem`), sealed);
    writeFileSync(at(`${name}.pub`), publicKey);
    await done('operator', 'add', name, '--public-key', at(`${name}.pub`));
  }
});
after(async () => {
  if (running) await gateway.stop();
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

const { run, done } = commandsOn(() => gateway.config.file, 'yes\n');
async function refused(code: number, text: RegExp, ...args: string[]): Promise<string> {
  const ran = await run(...args);
  assert.match(ran.stdout + ran.stderr, text);
  assert.equal(ran.code, code, ran.stderr);
  return ran.stderr;
}
/** Asks, has both sign, and runs. */
async function approved(...args: string[]): Promise<string> {
  const id = /--approval ([A-Z2-7-]{9})/.exec(await refused(8, /needs a second person/, ...args))![1]!;
  for (const who of ['jan', 'piet'])
    await done('approve', id, '--key', at(`${who}.pem`), '--passphrase-file', at('passphrase'));
  return await done(...args, '--approval', id);
}
const state = async (): Promise<KeyState> => JSON.parse(await done('key', 'status', '--json')) as KeyState;
const trail = async (event: string): Promise<AuditRowView[]> =>
  JSON.parse(await done('audit', 'list', '--event', event, '--json')) as AuditRowView[];
const custodians = ['--custodian', 'Jan de Vries', '--custodian', 'Piet', '--custodian', 'Klaas'];
const shares = (set: string): string[] =>
  readdirSync(at(set))
    .sort()
    .map((name) => join(at(set), name));

test('the key is split among custodians, when two operators say so; the shares are nowhere but in their files', async () => {
  assert.match((await state()).reminder!, /never put in escrow/);
  const escrow = ['key', 'escrow', '--out', at('set1'), ...custodians, '--reason', 'first escrow'];
  await refused(2, /2 to 16 different people/, ...escrow.slice(0, 6), '--reason', 'x');
  await refused(2, /expected a whole number from 2 to 16/, ...escrow, '--needed', '1');
  await refused(2, /expected a number from 2/, ...escrow, '--needed', '4');
  const text = await approved(...escrow);
  assert.match(text, /any 2 of these 3 shares/);
  const files = shares('set1');
  assert.deepEqual(
    files.map((file) => file.slice(at('set1').length + 1)),
    ['share-1-Jan-de-Vries.txt', 'share-2-Piet.txt', 'share-3-Klaas.txt'],
  );
  for (const file of files) assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(files[0]!, 'utf8'), /SHARE 1 OF 3\n[^]*Custodian: {2}Jan de Vries/);
  const master = readFileSync(gateway.config.keys['master-key-file']!, 'utf8').trim();
  assert(!files.some((file) => readFileSync(file, 'utf8').includes(master)));
  const line = /^ {2}5: (.*)$/m.exec(readFileSync(files[0]!, 'utf8'))![1]!;
  for (const name of readdirSync(join(gateway.folder, 'keys'), { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.json'))
      assert(!readFileSync(join(gateway.folder, 'keys', name), 'utf8').includes(line.slice(0, 9)));
  const [row] = await trail('key.escrowed');
  assert.equal(row?.facts.actor, 'jan, approved by piet');
  assert.equal(row.facts.custodians, 'Jan de Vries, Piet, Klaas');
  // Nothing is overwritten, and nothing stays of a run that was refused.
  const again = await refused(4, /it exists/, ...escrow);
  assert.match(again, /share-1/);
  await refused(8, /needs a second person/, ...escrow.map((word) => (word === at('set1') ? at('set2') : word)));
  assert.equal(existsSync(at('set2')), false, 'no empty folder that reads as an escrow');
});

test('shares are verified against the store, and the reminder ends', async () => {
  const [one, two, three] = shares('set1');
  assert.match((await state()).reminder!, /nobody has shown that the shares/);
  await refused(2, /2 different shares .* are needed, and 1 are here/, 'key', 'verify', one!);
  const changed = readFileSync(two!, 'utf8').replace(
    /^( {2}3: )(.)/m,
    (_, head: string, c: string) => `${head}${c === 'A' ? 'C' : 'A'}`,
  );
  writeFileSync(at('changed'), changed);
  await refused(2, /line 3 is not as it was written/, 'key', 'verify', one!, at('changed'));
  assert.match(await done('key', 'verify', one!, three!, '--reason', 'yearly'), /make the master key of this store/);
  assert.equal((await state()).reminder, undefined);
  assert.equal((await trail('key.verified'))[0]?.facts.reason, 'yearly');
  // Shares of an older set of the same key open it, and show nothing of those that count now.
  await approved('key', 'escrow', '--out', at('newer'), ...custodians, '--reason', 'second escrow');
  const older = await done('key', 'verify', one!, three!);
  assert.match(
    older,
    /make the master key[^]*not of the set of the present escrow, .*: whether its shares make the key/,
  );
  assert.match((await state()).reminder!, /nobody has shown that the shares/);
});

test('a lost key comes back from any two shares, and the gateway starts with it', async () => {
  const file = gateway.config.keys['master-key-file']!;
  const key = readFileSync(file, 'utf8');
  renameSync(file, at('lost.key'));
  const [, two, three] = shares('set1');
  const here = await sluisHere(['key', 'recover', three!, two!, '--out', file]);
  assert.equal(here.code, 0, here.stderr);
  assert.equal(readFileSync(file, 'utf8'), key);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await sluisHere(['key', 'recover', three!, two!, '--out', file])).code, 4);
  gateway = await gateway.restart();
});

test('a new master key: only with the gateway stopped and two who say so; then the old shares are of no use', async () => {
  const old = (await state()).fingerprint;
  const rotate = ['key', 'rotate', '--reason', 'custodian left'];
  await refused(7, /while the gateway runs: .* stop it/, ...rotate);
  await refused(2, /leave it out/, ...rotate, '--out', at('new.key'));
  await gateway.stop();
  running = false;
  assert.match(await approved(...rotate), /New master key [0-9a-f]{20}; [1-9]\d* keys and secrets[^]*sluis key escrow/);
  const now = await state();
  assert.notEqual(now.fingerprint, old);
  assert.match(now.reminder!, /another one than was put in escrow/);
  const [row] = await trail('key.rotated');
  assert.deepEqual([row?.facts.from, row?.facts.to, row?.facts.actor], [old, now.fingerprint, 'jan, approved by piet']);
  const [one, two] = shares('set1');
  await refused(2, /the store is sealed with/, 'key', 'verify', one!, two!);
});
