import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../src/domain/address.ts';
import { parseMessageId } from '../../src/domain/ids.ts';
import { refusing, row } from '../../src/domain/refusal.ts';
import { octets } from '../../src/domain/units.ts';
import { Chain } from '../../src/middleware/chain.ts';
import type { Addressee, Middleware, StepOutcome, Submitted } from '../../src/middleware/middleware.ts';
import type { BodyWriter } from '../../src/store/body.ts';
import type { Store } from '../../src/store/port/store.ts';
import { filed } from '../support/filed.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { type SmtpFixture, type SmtpFixtureOptions, startSmtp } from '../support/smtp.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';
import { trusting } from '../support/wire.ts';

const MESSAGE = Buffer.from('From: Alice <alice@group.test>\r\nTo: bob@group.test\r\nSubject: x\r\n\r\ntext\r\n');

const step = (change: Partial<Middleware> = {}): Middleware => ({
  name: 'test',
  wants: () => true,
  run: async (_, copies) => ({ kind: 'passed', copies }),
  ...change,
});

/** Counts bodies that were opened, and those that were given up. */
class Counting {
  opened = 0;
  aborted = 0;

  wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        if (name === 'openBody') return (promised: number) => this.#open(target, promised);
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });

  #open(store: Store, promised: number): BodyWriter {
    this.opened += 1;
    const writer = store.openBody(octets(promised));
    const abort = writer.abort.bind(writer);
    writer.abort = async () => {
      this.aborted += 1;
      await abort();
    };
    return writer;
  }
}

async function start(t: Cleanup, steps: readonly Middleware[], more: SmtpFixtureOptions = {}): Promise<SmtpFixture> {
  return await startSmtp(t, { ...more, middleware: (store) => new Chain(store, steps) });
}

async function submit(t: Cleanup, smtp: SmtpFixture, recipients = ['bob@group.test']): Promise<string> {
  const client = await SmtpClient.open(
    { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
    { login: 'alice', password: 'alice-pw' },
  );
  t.after(() => client.wire.destroy());
  await client.command('MAIL FROM:<alice@group.test>', '250');
  for (const recipient of recipients) client.wire.send(`RCPT TO:<${recipient}>\r\n`);
  const taken: string[] = [];
  for (const recipient of recipients) taken.push(`${recipient} ${await client.reply()}`);
  const refused = taken.filter((line) => !line.includes(' 250'));
  if (refused.length === recipients.length) return refused.join('\n');
  await client.command('DATA', '354');
  client.wire.send(Buffer.concat([MESSAGE, Buffer.from('.\r\n')]));
  return [...refused, await client.reply()].join('\n');
}

test('a message that no step wants pays nothing: no second body, and nothing is run', async (t) => {
  const counting = new Counting();
  const smtp = await start(t, [step({ wants: () => false, run: () => assert.fail('was run') })], {
    wrap: counting.wrap,
  });
  assert.match(await submit(t, smtp), /^250 2\.0\.0 accepted as \w+$/);
  assert.deepEqual([counting.opened, counting.aborted], [1, 0]);
  assert.equal((await filed(smtp.store, 'bob')).length, 1);
});

test('a step sees the message, and what it says is in the reply and in the audit', async (t) => {
  const seen: Submitted[] = [];
  const smtp = await start(t, [
    step({
      run: async (message, copies) => {
        seen.push(message);
        const audit = [{ event: 'test.looked', outcome: 'success' as const, message: message.body.id }];
        return { kind: 'passed', copies, audit, note: 'looked at' };
      },
    }),
    step({ run: async (_, copies) => ({ kind: 'passed', copies, note: 'twice' }) }),
  ]);
  assert.match(await submit(t, smtp, ['bob@group.test', 'alice@group.test']), /accepted as \w+; looked at; twice$/);
  const [message] = seen;
  assert.deepEqual(
    [message?.from, message?.sender, message?.content.type, message?.eightBit],
    ['alice@group.test', 'alice@group.test', 'text/plain', false],
  );
  assert.deepEqual(
    message?.recipients.map(({ to, registered }) => [to.address, registered.account.login]),
    [
      ['bob@group.test', 'bob'],
      ['alice@group.test', 'alice'],
    ],
  );
  const rows = await smtp.store.audit.read({ message: message.body.id, limit: 10 });
  assert.deepEqual(
    rows.map(({ event }) => event),
    ['message.accepted', 'test.looked'],
  );
});

test('a refusal at RCPT leaves the other recipients', async (t) => {
  const { refusal } = refusing({ refusal: row(550, '5.7.5', 'not today', '') });
  const smtp = await start(t, [
    step({ recipient: ({ at, sender }) => (at === 'bob@group.test' && sender !== '' ? refusal : undefined) }),
  ]);
  assert.match(
    await submit(t, smtp, ['bob@group.test', 'alice@group.test']),
    /^bob@group\.test 550 5\.7\.5 .*not today.*\n250/,
  );
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
  assert.equal((await filed(smtp.store, 'alice')).length, 1);
});

test('a refusal of the content files nothing, and what was written is given up', async (t) => {
  const counting = new Counting();
  const { refusal } = refusing({ refusal: row(554, '5.6.0', 'no such thing', '') });
  const run: Middleware['run'] = async (_message, _copies, bodies) => {
    await bodies.open(octets(10)).write(Buffer.from('half a'));
    return { kind: 'refused', refusal };
  };
  const smtp = await start(t, [step({ run }), step({ run: () => assert.fail('was run') })], { wrap: counting.wrap });
  assert.match(await submit(t, smtp), /^554 5\.6\.0 .*no such thing/);
  assert.deepEqual([counting.opened, counting.aborted], [2, 2]);
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
});

test('a step that loses a recipient, or throws, costs the message for now, never a copy', async (t) => {
  for (const run of [
    async (): Promise<StepOutcome> => ({ kind: 'passed', copies: [] }),
    async (): Promise<StepOutcome> => assert.fail('broken'),
  ]) {
    const smtp = await start(t, [step({ run })]);
    assert.match(await submit(t, smtp), /^451 4\.3\.0/);
    assert.equal((await filed(smtp.store, 'bob')).length, 0);
  }
});

test('a body that a step wrote goes to whom the step says, and is a copy of the message', async (t) => {
  const run: Middleware['run'] = async (message, copies, bodies) => {
    const writer = bodies.open(octets(100));
    await writer.write(Buffer.from('X-Protected: yes\r\n'));
    for await (const slice of message.body.slices()) await writer.write(slice);
    const body = await writer.seal();
    const [copy] = copies;
    const split = (login: string): Addressee[] =>
      message.recipients.filter(({ registered }) => registered.account.login === login);
    return {
      kind: 'passed',
      copies: [
        { ...copy!, recipients: split('alice') },
        { body, recipients: split('bob'), protection: 'test' },
      ],
    };
  };
  const smtp = await start(t, [step({ run })]);
  const id = acceptedId(await submit(t, smtp, ['bob@group.test', 'alice@group.test']));
  assert.match((await filed(smtp.store, 'alice'))[0] ?? '', /^Authentication-Results: mail\.test; none\r\nReceived: /);
  assert.match(
    (await filed(smtp.store, 'bob'))[0] ?? '',
    new RegExp(`^X-Protected: yes\\r\\nAuthentication-Results: mail\\.test; none\\r\\nReceived: [^;]*id ${id}`),
  );
  const record = await smtp.store.deliveries.findMessage(parseMessageId(id)!);
  assert.deepEqual(record?.recipients.map(({ address, copy }) => [address, copy === undefined]).sort(), [
    ['alice@group.test', true],
    ['bob@group.test', false],
  ]);
});

test('a mailbox that has no room for its copy refuses the message, and the copy is given up', async (t) => {
  const counting = new Counting();
  const run: Middleware['run'] = async (message, [copy], bodies) => {
    const writer = bodies.open(octets(2_000_000));
    await writer.write(Buffer.alloc(2_000_000, 'x\r\n'));
    return { kind: 'passed', copies: [{ ...copy!, body: await writer.seal(), recipients: message.recipients }] };
  };
  const smtp = await start(t, [step({ run })], { wrap: counting.wrap, settings: { bob: { quota: 1_500_000 } } });
  assert.match(await submit(t, smtp), /^452 4\.2\.2/);
  assert.deepEqual([counting.opened, counting.aborted], [2, 2]);
});

test('more copies than the store files with one message are refused, and sent to fewer it goes', async (t) => {
  const run: Middleware['run'] = async (message, [copy]) => ({
    kind: 'passed',
    copies: message.recipients.map((each) => ({ ...copy!, recipients: [each] })),
  });
  const many = Array.from({ length: 65 }, (_, i) => `to${i}@many.test`);
  const smtp = await start(t, [step({ run })]);
  await smtp.store.registry.addAccount(
    { login: 'many', organisation: 'practice', kind: 'mail', addresses: many.map((each) => each as Address) },
    { name: 'test' },
  );
  assert.match(await submit(t, smtp, many), /^554 5\.5\.3 .*65 separately encrypted copies.*fewer recipients/);
  assert.match(await submit(t, smtp, many.slice(1)), /^250 /);
});

/** Reads the message and says how often a slice of it was asked for. */
const reading = (read: () => Promise<void> | void = () => undefined): Middleware =>
  step({
    run: async (message, copies) => {
      for await (const slice of message.body.slices()) if (slice.length > 0) await read();
      return { kind: 'passed', copies };
    },
  });

const loggedIn = (smtp: SmtpFixture, login: string): Promise<SmtpClient> =>
  SmtpClient.open(
    { port: smtp.port, tls: 'starttls', servername: 'mail.test', context: trusting(smtp.ca) },
    { login, password: `${login}-pw` },
  );

async function send(client: SmtpClient, from: string): Promise<void> {
  await client.begin(`${from}@group.test`, ['bob@group.test'], true);
  const head = `From: <${from}@group.test>\r\nMessage-ID: <${Math.random()}@x>\r\n\r\n`;
  client.wire.send(`${head}text\r\n.\r\n`);
}

test('messages of one account are worked on a few at a time, and another account comes in between', async (t) => {
  const inside: (() => void)[] = [];
  const smtp = await start(t, [reading(() => new Promise((resolve) => inside.push(resolve)))]);
  const greedy = await Promise.all(Array.from({ length: 6 }, () => loggedIn(smtp, 'alice')));
  const modest = await loggedIn(smtp, 'bob');
  t.after(() => [...greedy, modest].forEach(({ wire }) => wire.destroy()));
  for (const client of greedy) await send(client, 'alice');
  await until('four of them are inside', () => inside.length === 4);
  await send(modest, 'bob');
  await until('the other is inside as well', () => inside.length === 5);
  inside[4]?.();
  assert.match(await modest.reply(), /^250/);
  assert.equal(inside.length, 5, 'the first account has its share still');
  for (let i = 0; i < 6; i += 1) {
    await until('the next is inside', () => inside.length > (i < 4 ? i : i + 1));
    inside[i < 4 ? i : i + 1]?.();
  }
  for (const client of greedy) assert.match(await client.reply(), /^250/);
});

test('work ends when its client has gone: nothing is filed, what waited does not begin, and the trail tells', async (t) => {
  let slices = 0;
  const begun: (() => void)[] = [];
  const counting = new Counting();
  const slow = step({
    run: async (message, copies, bodies) => {
      const writer = bodies.open(octets(100));
      for await (const slice of message.body.slices()) {
        slices += 1;
        await new Promise<void>((resolve) => begun.push(resolve));
        await writer.write(slice);
      }
      return { kind: 'passed', copies };
    },
  });
  const smtp = await start(t, [slow], { wrap: counting.wrap });
  const clients = await Promise.all(Array.from({ length: 6 }, () => loggedIn(smtp, 'alice')));
  for (const client of clients) await send(client, 'alice');
  await until('four of them are inside', () => begun.length === 4);
  for (const { wire } of clients) wire.destroy();
  const gone = (): boolean => smtp.log.events.filter(({ event }) => event === 'smtp.closed').length >= 6;
  await until('the gateway knows that they have gone', gone);
  for (const go of begun) go();
  await until('all is given up', () => counting.aborted === counting.opened);
  assert.equal(slices, 4, 'what waited did not begin');
  assert.equal((await filed(smtp.store, 'bob')).length, 0);
  const refused = smtp.log.events.filter(({ event }) => event === 'smtp.refused');
  assert.deepEqual([...new Set(refused.map(({ fields }) => fields.status))], ['4.4.2']);
  assert.equal(refused.length, 6);
  // The places are free again.
  const after = await loggedIn(smtp, 'alice');
  t.after(() => after.wire.destroy());
  await send(after, 'alice');
  await until('the next one is inside', () => begun.length === 5);
  begun[4]?.();
  assert.match(await after.reply(), /^250/);
});
