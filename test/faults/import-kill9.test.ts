/**
 * kill -9 of the gateway, and of the command, in the middle of an import: whole batches stay, and
 * the same command goes on from there.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { effort } from '../support/effort.ts';
import { start } from '../support/command-line.ts';
import { Instance, type Served, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { until } from '../support/until.ts';

const MESSAGES = 1500;
const ROUNDS = effort(4, 8);
let instance: Instance;
let maildir: string;
const expected = new Map<string, string>();
const sha256 = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['anna']);
  maildir = join(instance.folder, 'old');
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
  for (let n = 1; n <= MESSAGES; n += 1) {
    // Some of them longer than what travels inside a transaction.
    const text = Buffer.from(
      `Subject: ${n}\r\n\r\n${'x'
        .repeat(78)
        .concat('\r\n')
        .repeat(n % 40 === 0 ? 3000 : 5)}`,
    );
    expected.set(`${n}.old`, sha256(text));
    writeFileSync(join(maildir, 'new', `${n}.old`), text);
  }
});
after(() => instance.remove());

async function waiting(): Promise<number> {
  const client = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
  const { messages } = await client.stat();
  await client.quit();
  return messages;
}

test(`${ROUNDS} times killed and repeated, an import has filed each message once`, { timeout: 240_000 }, async (t) => {
  const args = ['mailbox', 'import', 'anna', '--maildir', maildir, '--config', instance.config, '--json'];
  const seen: number[] = [];
  let served: Served = await instance.serve();
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await waiting();
    const command = start(args);
    // Again and again somewhere else: some batches behind where the round began.
    const enough = before + 1 + 50 * (round % 3);
    let now = before;
    await until(
      'some batches',
      async () => (now = await waiting()) >= enough || command.child.exitCode !== null,
      30_000,
    );
    if (round % 2 === 0) await served.kill();
    else command.child.kill('SIGKILL');
    await command.end('SIGKILL');
    if (round % 2 === 0) served = await instance.serve();
    seen.push(await waiting());
    assert(seen.at(-1)! >= now, 'what was filed stays');
  }
  t.diagnostic(`filed after each round: ${seen.join(', ')}`);
  assert(seen[0]! < MESSAGES, 'the first kill came too late to prove anything');
  const last = JSON.parse(instance.sluis(...args.slice(0, 5), '--json')) as {
    already: number;
    imported: { messages: number };
  };
  // The last kill was the command's: a batch that the gateway had read then is filed afterwards.
  assert(last.already >= seen.at(-1)! && last.already <= seen.at(-1)! + 50, `${last.already}, before ${seen.at(-1)}`);
  assert.equal(last.already + last.imported.messages, MESSAGES);
  const client = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
  const found = new Map<string, string>();
  const listed = await client.uidl();
  for (const [n, uidl] of listed) found.set(uidl, sha256(await client.fetch(n)));
  await client.quit();
  assert.equal(listed.size, MESSAGES, 'nothing twice');
  assert.deepEqual([...found].sort(), [...expected].sort());
  assert.equal(await served.stop(), 0);
});
