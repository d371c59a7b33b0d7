/**
 * What a message costs, in figures that are the same on every machine. A change that makes one
 * dearer has to raise its figure here, and say why; one that makes it cheaper lowers it. What takes
 * a share of a commit with others (large bodies) has a bound instead.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { HttpWire } from '../support/http-wire.ts';
import { Instance, addressOf, apiListener, freePort, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { type Cost, Costs } from './cost.ts';

const wards = Array.from({ length: 20 }, (_, i) => `ward${i}`);
const KB10 = 10_000;
const MB5 = 5_000_000;
let instance: Instance;
let costs: Costs;
let client: SmtpClient;
let api: HttpWire;

before(async () => {
  const port = await freePort();
  instance = await Instance.create({ configuration: apiListener(port) });
  instance.addAccounts(['sender', ...wards]);
  costs = await Costs.serve(instance);
  client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  api = await HttpWire.open({ ...instance.target('submissions'), port }, loginOf('sender'));
});
after(() => instance.remove());

const LINE = `${'B'.repeat(76)}\r\n`;
let sent = 0;

function contentOf(octets: number): Buffer {
  const fields = [`From: <${addressOf('sender')}>`, 'Date: Wed, 25 Nov 2026 12:00:00 +0000', 'Subject: x'];
  const header = [...fields, `Message-ID: <${(sent += 1)}@x>`, '', ''].join('\r\n');
  return Buffer.from(header + LINE.repeat(Math.ceil((octets - header.length) / LINE.length)));
}

async function send(octets: number, to: readonly string[]): Promise<void> {
  await client.submit(addressOf('sender'), to.map(addressOf), contentOf(octets), { pipelined: true });
}

/**
 * Each figure: exact, or `[0, most]`. `copies` and `hashed`: how often the octets of the content,
 * to a tenth.
 */
type Table = Readonly<
  Record<Exclude<keyof Cost, 'hashedOctets' | 'copiedOctets' | 'walOctets'>, number | readonly [number, number]>
> & {
  readonly hashed: number;
  readonly copies: number;
  /** Written to the log of the store, in 1,000 octets. */
  readonly walKB: number | readonly [number, number];
};

/** A message of 10 KB for one. */
const ONE: Table = {
  // BEGIN, message, content, entry, mailbox, row of the trail, COMMIT.
  statements: 7,
  transactions: 1,
  // Nine pages of 4 KB. One of a table splits now and then.
  walKB: [29, 41],
  hashes: 6,
  hashed: 2.1,
  messages: 3,
  // The replies to MAIL, RCPT and DATA leave in one, the 250 in another.
  tlsWrites: 2,
  logWrites: 1,
  copies: 2,
};

function assertCost(cost: Cost, content: number, table: Table): void {
  const { hashedOctets, copiedOctets, walOctets, ...counts } = cost;
  const tenths = (octets: number): number => Math.round((octets / content) * 10) / 10;
  const found: Record<string, number> = {
    ...{ ...counts, hashed: tenths(hashedOctets), copies: tenths(copiedOctets) },
    walKB: Math.round(walOctets / 1000),
  };
  const expected = Object.fromEntries(
    Object.entries(table).map(([name, figure]) => {
      if (typeof figure === 'number') return [name, figure];
      const n = found[name] ?? -1;
      return [name, n >= figure[0] && n <= figure[1] ? n : `${figure[0]} to ${figure[1]}`];
    }),
  );
  assert.deepEqual(found, expected);
}

test('a message of 10 KB', async () => {
  // The first ones fill caches.
  for (let i = 0; i < 5; i += 1) await send(KB10, ['ward0']);
  assertCost(await costs.of(() => send(KB10, ['ward0'])), KB10, ONE);
});

async function post(octets: number, to: string): Promise<void> {
  const content = contentOf(octets);
  const recipients = `Sluis-Recipients: ${addressOf(to)}`;
  api.begin('/messages', content.length, randomUUID(), ['Content-Type: message/rfc822', recipients]);
  if (!api.wire.send(content)) await api.wire.drained();
  assert.equal((await api.answer()).status, 201);
}

test('the same over HTTPS: what SMTP costs, and the key of the request', async () => {
  for (let i = 0; i < 5; i += 1) await post(KB10, 'ward0');
  assertCost(await costs.of(() => post(KB10, 'ward0')), KB10, {
    ...ONE,
    // The row of the key.
    statements: (ONE.statements as number) + 1,
    // A page of the table of keys and one of its index.
    walKB: [37, 57],
    // Of the key, and of what was asked for.
    hashes: (ONE.hashes as number) + 2,
    tlsWrites: 1,
    // Of the message and of the request.
    logWrites: 2,
  });
});

test('messages whose commands come behind the dot of the one before: its 250 and their replies leave in one write', async () => {
  const commands = `MAIL FROM:<${addressOf('sender')}>\r\nRCPT TO:<${addressOf('ward0')}>\r\nDATA\r\n`;
  await client.begin(addressOf('sender'), [addressOf('ward0')], true);
  const { tlsWrites, logWrites, transactions } = await costs.of(async () => {
    client.wire.send(Buffer.concat([contentOf(KB10), Buffer.from(`.\r\n${commands}`)]));
    for (const code of ['250', '250', '250', '354']) await client.expect(code);
  });
  assert.deepEqual({ tlsWrites, logWrites, transactions }, { tlsWrites: 1, logWrites: 1, transactions: 1 });
  client.wire.send(Buffer.concat([contentOf(KB10), Buffer.from('.\r\n')]));
  await client.expect('250');
});

test('a message of 10 KB for twenty', async () => {
  // An entry and a mailbox for each of nineteen more; nothing else is done once more for each.
  assertCost(await costs.of(() => send(KB10, wards)), KB10, { ...ONE, statements: 45, walKB: [33, 46] });
});

test('a message of 5 MB', async () => {
  assertCost(await costs.of(() => send(MB5, ['ward1']), 3), MB5, {
    // A transaction for each 256 KB, or for four of them.
    statements: [50, 130],
    transactions: [5, 22],
    walKB: [5200, 5450],
    hashes: 6,
    hashed: 2,
    messages: [40, 90],
    tlsWrites: 2,
    logWrites: 1,
    copies: 1,
  });
});

test('one message fetched, deleted and sealed by QUIT', async () => {
  // One for each run, also for those that are repeated, and some that are read ahead.
  for (let i = 0; i < 18; i += 1) await send(KB10, ['ward2']);
  const cost = await costs.of(async () => {
    const pop = await Pop3Client.open(instance.target('pop3'), loginOf('ward2'));
    await pop.retrieve(1);
    await pop.command('DELE 1');
    await pop.command('QUIT');
    pop.wire.destroy();
  });
  assertCost(cost, KB10, {
    statements: 10,
    transactions: 1,
    walKB: [16, 29],
    hashes: 6,
    hashed: 0.1,
    messages: 9,
    tlsWrites: 5,
    logWrites: 2,
    copies: 4.1,
  });
});

test('a poll that finds nothing', async () => {
  const cost = await costs.of(async () => {
    const pop = await Pop3Client.open(instance.target('pop3'), loginOf('ward19'));
    await pop.stat();
    await pop.command('QUIT');
    pop.wire.destroy();
  });
  assertCost(cost, KB10, {
    statements: 0,
    transactions: 0,
    walKB: 0,
    hashes: 0,
    hashed: 0,
    messages: 0,
    tlsWrites: 4,
    logWrites: 2,
    copies: 0,
  });
});

test('commands that come together: what answers them leaves in one write, also behind a message', async () => {
  // The line of the others was idle for long on a busy machine.
  client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
  await send(KB10, ['ward3']);
  const pop = await Pop3Client.open(instance.target('pop3'), loginOf('ward3'));
  const tell = async (commands: readonly string[], replies: readonly RegExp[]): Promise<number> => {
    const { tlsWrites } = await costs.of(async () => {
      pop.wire.send(commands.map((command) => `${command}\r\n`).join(''));
      for (const reply of replies) {
        let line = await pop.wire.line();
        while (!reply.test(line)) line = await pop.wire.line();
      }
    }, 3);
    return tlsWrites;
  };
  assert.equal(await tell(['STAT', 'LIST', 'NOOP', 'WHAT'], [/^\+OK \d/, /^\.$/, /^\+OK/, /^-ERR/]), 1);
  assert.equal(await tell(['RETR 1', 'DELE 1', 'RSET', 'NOOP'], [/^\.$/, /^\+OK/, /^\+OK/, /^\+OK/]), 1);
  pop.wire.destroy();
});
