/**
 * `sluis address move`: addresses that are routed to an old platform move here in waves, while mail
 * for them is accepted.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testCertificates } from '../support/certificates.ts';
import { sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const sender = addressOf('sender');
const practice = (n: number): string => `practice${n}@old.test`;

interface World {
  readonly gateway: TestGateway;
  readonly old: ScriptedPartner;
  readonly sluis: (...args: string[]) => Promise<string>;
}

/**
 * Accounts `a0`... without addresses, and a partner `old` with all addresses of old.test, of which
 * some are registered one by one.
 */
async function world(t: TestContext, accounts: number): Promise<World> {
  const names = Array.from({ length: accounts }, (_, n) => `a${n}`);
  const gateway = await startTestGateway({ accounts: ['sender', ...names] });
  t.after(() => gateway.remove());
  const { server, ca } = await testCertificates();
  const old = await ScriptedPartner.start({ ...server, tls: 'starttls' });
  t.after(() => old.stop());
  const sluis = async (...args: string[]): Promise<string> => {
    const ran = await sluisHere([...args, '--config', gateway.config.file]);
    return ran.stdout + ran.stderr;
  };
  const authority = join(gateway.folder, 'old-ca.pem');
  writeFileSync(authority, ca.certificate);
  await sluis('organisation', 'add', 'old', '--title', 'Old platform');
  const host = ['--host', '127.0.0.1', '--port', String(old.port), '--ca', authority];
  assert.match(await sluis('partner', 'add', 'old', '--organisation', 'old', ...host), /old/);
  await sluis('partner', 'domain', 'add', 'old', 'old.test');
  await sluis('address', 'add', 'old', practice(0));
  return { gateway, old, sluis };
}

const letter = (id: string): Buffer =>
  Buffer.from(`From: ${sender}\r\nMessage-ID: <${id}@x>\r\nDate: Wed, 25 Nov 2026 09:00:00 +0100\r\n\r\n${id}\r\n`);
const idsIn = (content: Buffer): string => /^Message-ID: <(.*)@x>/m.exec(content.toString('latin1'))?.[1] ?? '';

async function fetched(gateway: TestGateway, name: string): Promise<string[]> {
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf(name));
  const { messages } = await client.stat();
  const ids: string[] = [];
  for (let n = 1; n <= messages; n += 1) ids.push(idsIn(await client.fetch(n)));
  await client.quit();
  return ids;
}

test('while mail for them comes in, addresses move in waves: every message is at one place, and after the move it is here', async (t) => {
  const PRACTICES = 8;
  const { gateway, old, sluis } = await world(t, PRACTICES);
  const state = { over: false };
  const accepted: { readonly id: string; readonly to: number; readonly moved: boolean }[] = [];
  const moved = new Set<number>();
  const submit = async (who: number): Promise<void> => {
    const client = await SmtpClient.open(gateway.target('submission'), loginOf('sender'));
    for (let n = 0; !state.over; n += 1) {
      const to = (n + who) % PRACTICES;
      const [id, here] = [`${who}-${n}`, moved.has(to)];
      await client.submit(sender, [practice(to)], letter(id));
      accepted.push({ id, to, moved: here });
      // Some hundred a second, so that the old platform keeps up.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await client.quit();
  };
  const submitting = [0, 1, 2].map(submit);
  await until('mail at the old platform', () => old.taken.length > 10);
  for (const wave of [
    [0, 1, 2],
    [3, 4],
    [5, 6, 7],
  ]) {
    const csv = join(gateway.folder, 'wave.csv');
    writeFileSync(csv, `address,account\n${wave.map((n) => `${practice(n)},${addressOf(`a${n}`)}`).join('\n')}\n`);
    const said = await sluis('address', 'move', '--from', csv, '--reason', 'wave');
    assert.match(said, new RegExp(`^Moved ${wave.length} addresses; mail that is accepted from now on goes there`));
    for (const n of wave) moved.add(n);
    const before = accepted.length;
    await until('more mail', () => accepted.length > before + 30, 30_000);
  }
  state.over = true;
  await Promise.all(submitting);
  const here = new Map<string, number>();
  for (let n = 0; n < PRACTICES; n += 1) for (const id of await fetched(gateway, `a${n}`)) here.set(id, n);
  await until('the queue is empty', () => old.taken.length + here.size >= accepted.length, 30_000);
  const there = old.taken.map(({ content }) => idsIn(content));
  t.diagnostic(`${accepted.length} messages: ${there.length} at the old platform, ${here.size} here`);
  assert.equal(new Set(there).size, there.length, 'nothing twice there');
  assert.deepEqual([...there, ...here.keys()].sort(), accepted.map(({ id }) => id).sort());
  for (const { id, to, moved: afterwards } of accepted) if (afterwards) assert.equal(here.get(id), to);
  assert(there.length > 10 && here.size > 50);
});

test('a transaction whose RCPT came before the move is filed where the address leads when it is accepted', async (t) => {
  const { gateway, old, sluis } = await world(t, 1);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('sender'));
  await client.command(`MAIL FROM:<${sender}>`, '250');
  for (const n of [0, 1]) await client.command(`RCPT TO:<${practice(n)}>`, '250');
  assert.equal(
    await sluis('address', 'move', practice(0), '--to-account', addressOf('a0')),
    'Moved 1 address; mail that is accepted from now on goes there.\n',
  );
  await client.command('DATA', '354');
  client.wire.send(Buffer.concat([letter('between'), Buffer.from('.\r\n')]));
  const reply = await client.expect('250');
  await client.quit();
  assert.deepEqual(await fetched(gateway, 'a0'), ['between']);
  await until('the other recipient is served', () => old.taken.length === 1);
  assert.deepEqual(
    old.taken.map(({ rcpt }) => rcpt),
    [`RCPT TO:<${practice(1)}>`],
  );
  const id = /accepted as (\S+)/.exec(reply)?.[1] ?? '';
  assert.match(await sluis('trace', id), new RegExp(`${practice(0)}[^\\n]*${addressOf('a0')}|mailbox`));
});

test('what waits for the old platform stays there or is filed here, as the operator says; the whole way back works too', async (t) => {
  const { gateway, old, sluis } = await world(t, 1);
  const a0 = addressOf('a0');
  await sluis('partner', 'suspend', 'old');
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('sender'));
  for (const id of ['one', 'two']) await client.submit(sender, [practice(0), practice(1)], letter(id));
  assert.equal(
    await sluis('address', 'move', practice(0), '--to-account', a0, '--dry-run'),
    '1 address would move. Nothing was changed.\n2 messages that were accepted before wait for the old platform and still go there.\n',
  );
  assert.equal(
    await sluis('address', 'move', practice(0), '--to-account', a0),
    'Moved 1 address; mail that is accepted from now on goes there.\n2 messages that were accepted before wait for the old platform and still go there; --queued move files them here instead.\n',
  );
  await client.submit(sender, [practice(0)], letter('three'));
  const open = await Pop3Client.open(gateway.target('pop3'), loginOf('a0'));
  assert.equal(
    await sluis('address', 'move', practice(0), '--to-account', a0, '--queued', 'move', '--reason', 'wave 2'),
    'Moved 0 addresses; mail that is accepted from now on goes there.\n1 led there already.\n2 messages that waited for the old platform are in the mailbox now.\n',
  );
  assert.equal((await open.stat()).messages, 1, 'a session that is open sees nothing of it');
  await open.quit();
  assert.deepEqual(await fetched(gateway, 'a0'), ['three', 'one', 'two']);
  await sluis('partner', 'resume', 'old');
  await sluis('queue', 'retry', '--partner', 'old');
  await until('the others are pushed', () => old.taken.length === 2);
  assert.deepEqual(
    old.taken.map(({ rcpt }) => rcpt),
    [`RCPT TO:<${practice(1)}>`, `RCPT TO:<${practice(1)}>`],
  );
  assert.match(await sluis('address', 'move', practice(0), '--to-partner', 'old'), /^Moved 1 address/);
  await client.submit(sender, [practice(0)], letter('four'));
  await until('it is pushed again', () => old.taken.length === 3);
  assert.equal((await fetched(gateway, 'a0')).length, 3);
  await client.quit();
  const trail = await sluis('audit', 'list', '--json', '--reason', 'look');
  for (const event of ['registry.address-moved', 'delivery.refiled', 'wave 2']) assert.match(trail, new RegExp(event));
});

test("an operator's mistakes: all of them at once, and nothing is changed", async (t) => {
  const { gateway, sluis } = await world(t, 1);
  const a0 = addressOf('a0');
  await sluis('organisation', 'add', 'other');
  await sluis('organisation', 'add', 'other', '--title', 'Other');
  await gateway.store.registry.addAccount(
    { login: 'foreign', organisation: 'other', kind: 'mail', addresses: [addressOf('foreign')] },
    { name: 'test' },
  );
  await sluis('address', 'end', practice(0), '--now', '--yes', '--reason', 'test');
  const said = await sluis(
    'address',
    'move',
    practice(0),
    practice(1),
    'x@nowhere.test',
    addressOf('foreign'),
    '--to-account',
    a0,
  );
  assert.equal(
    said,
    [
      'Cannot move, nothing was changed:',
      `  ${practice(0)}: it has ended, which cannot be undone; leave it out`,
      '  x@nowhere.test: it was never registered, and nowhere.test is not a partner\'s; add it with "sluis address add"',
      `  ${addressOf('foreign')}: it belongs to "other", and "${a0}" to "group": mail for one would reach the other; end it, and add another address`,
      '',
    ].join('\n'),
  );
  for (const [args, text] of [
    [[], /name addresses, or give a file with --from/],
    [[practice(1)], /expected either --to-account LOGIN or --to-partner NAME/],
    [[practice(1), '--to-partner', 'new'], /Cannot find partner "new".*"sluis partner list"/],
    [[practice(1), '--to-account', 'nobody'], /there is no account "nobody"/],
    [[practice(1), practice(1), '--to-account', a0], /twice in one call/],
  ] as const)
    assert.match(await sluis('address', 'move', ...args), text);
  assert.doesNotMatch(await sluis('address', 'list', '--account', a0), /old\.test/);
});
