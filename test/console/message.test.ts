/**
 * What became of a message, on the console: from both sides, in words, without content; and how
 * large the page can become.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyView, EventView, TraceView } from '../../src/admin/delivery-views.ts';
import type { Asked } from '../../src/console/core/page.ts';
import { stepOwners, stepText } from '../../src/console/pages/message-steps.ts';
import { outcomeOf } from '../../src/console/pages/message-outcome.ts';
import { message } from '../../src/console/pages/message.ts';
import { html } from '../../src/http/html.ts';
import { startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';

const EDI = "UNB+UNOA:1+500000001+500000002+241124:1037+REF4711'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+REF4711'";
const CONTENT = [
  `From: ${addressOf('anna')}`,
  'To: a list',
  'Subject: uitslag van mevrouw Jansen',
  'MIME-Version: 1.0',
  'Message-ID: <uitslag-1@his.example>',
  'Content-Type: application/EDIFACT; name="jansen.edi"',
  'Content-Disposition: attachment; filename="jansen.edi"',
  '',
  EDI,
  '',
].join('\r\n');

test('a message shows its steps from both sides, and what the caller may be told, and nothing of what it says', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees'] });
  const { gateway } = console;
  const to = [addressOf('bram'), addressOf('cees')];
  const id = await send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    to,
    content: CONTENT,
  });
  const { browser } = await console.loggedIn('els', 'support');
  const path = `/messages/${id}`;
  const waits = await browser.get(path);
  assert.equal(waits.status, 200);
  assert.equal(waits.body.match(/It is ready in the addressee&#39;s mailbox/g)?.length, 2);
  assert.match(waits.body, /The gateway accepted it\./);
  assert.match(waits.body, /MEDLAB 500000001 to 500000002, reference REF4711/);
  assert.match(waits.body, /uitslag-1@his\.example/);
  assert.match(waits.body, /href="\/accounts\/anna%40group\.test"/);
  assert.doesNotMatch(waits.body, /jansen|UNB|Subject/i);
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'quit');
  await fetchAll(gateway.target('pop3s'), loginOf('cees'), 'delete');
  await browser.post('/language', { to: 'nl' });
  const { body } = await browser.get(path);
  const [, ofBram = '', ofCees = ''] = body.split('<section class="card">').slice(1);
  assert.match(
    ofBram,
    /bram@group\.test.*Er ligt nog een exemplaar in de postbus.*opgehaald vanaf 127\.0\.0\.1\. Het bleef/s,
  );
  assert.match(ofCees, /cees@group\.test.*Daarna is het uit de postbus verwijderd.*127\.0\.0\.1 en uit de postbus/s);
  assert.doesNotMatch(ofCees, /Het bleef in de postbus/, 'each side has its own steps');
  assert.match(body, /Wie dit bekeek.*els keek/s, 'whoever asks sees who else did');
  assert.equal((await browser.get('/messages/nothing')).status, 404);
  // Who mailed with whom is not for those who look at counts, nor for an operator of one
  // organisation.
  const { browser: reader } = await console.loggedIn('jan', 'read');
  assert.equal((await reader.get(path)).status, 403);
  const { browser: own } = await console.loggedIn('piet', 'support', { organisation: 'group' });
  assert.equal((await own.get(path)).status, 403);
});

const event = (name: string, more: Partial<EventView> = {}): EventView => ({
  at: '2026-11-27T12:00:00.000Z',
  event: name,
  outcome: 'success',
  facts: {},
  ...more,
});
const inMailbox = (state: string, recipient = 'b@x.test'): CopyView => ({ recipient, account: 'b', state });
const toPartner = (state: string, lastReply?: string, attempts = 1): CopyView => ({
  recipient: 'p@y.test',
  partner: 'umc',
  state,
  delivery: {
    ...{ id: 7, message: 'm', sender: 's@x.test', recipient: 'p@y.test', state, octets: 1, attempts },
    ...{ accepted: '2026-11-27T12:00:00.000Z', ...(lastReply === undefined ? {} : { lastReply }) },
  },
});

test('toldOf() says what became of a copy, why, and what helps', () => {
  const words = (copy: CopyView, events: readonly EventView[] = []): readonly string[] => {
    const { word, tone } = outcomeOf(copy, events, 'en');
    return [word, tone];
  };
  assert.deepEqual(words(inMailbox('waiting')), ['ready', 'plain']);
  assert.deepEqual(words(inMailbox('deleted'), [event('message.collected')]), ['collected', 'good']);
  assert.deepEqual(words(inMailbox('deleted'), [event('message.deleted')]), ['deleted', 'warn']);
  assert.deepEqual(words(inMailbox('held')), ['held', 'warn']);
  assert.deepEqual(words(inMailbox('failed')), ['refused', 'bad']);
  assert.deepEqual(words(toPartner('waiting', undefined, 0)), ['on its way', 'plain']);
  assert.deepEqual(words(toPartner('waiting')), ['waits', 'warn']);
  assert.deepEqual(words(inMailbox('something new')), ['no longer kept', 'warn']);
  const full = outcomeOf(toPartner('failed', '552 5.2.2 Mailbox full'), [], 'nl');
  assert.match(full.tell, /De postbus van de ontvanger is vol/);
  assert.match(full.help, /Laat de ontvanger weten/);
  const stopped = outcomeOf(toPartner('failed', 'x'), [event('delivery.failed', { facts: { operator: true } })], 'nl');
  assert.match(stopped.tell, /helpdesk .* heeft de bezorging gestopt/);
});

test('stepOwners() finds whose step it is: of whom it names, of the delivery, of the mailbox, else of the sender', () => {
  const copies = [inMailbox('waiting'), toPartner('waiting'), inMailbox('waiting', 'second@x.test')];
  const of = (name: string, more: Partial<EventView>): readonly number[] => stepOwners(copies)(event(name, more));
  assert.deepEqual(
    of('message.collected', { account: 'b' }),
    [0, 2],
    'addresses of one mailbox share what happens there',
  );
  assert.deepEqual(of('message.collected', { account: 'z' }), []);
  assert.deepEqual(of('delivery.relayed', { account: 'b', facts: { delivery: 7 } }), [1]);
  assert.deepEqual(of('message.withdrawn', { facts: { recipients: ['SECOND@x.test'] } }), [2]);
  assert.deepEqual(of('message.accepted', { facts: { recipients: ['b@x.test'] } }), []);
  assert.deepEqual(of('notice.filed', { facts: { notice: 'failed' } }), []);
});

test('a step of a later version is shown by its name, and text of a peer stays text', () => {
  assert.match(html`${stepText(event('message.folded'), 'nl')}`.text, />message\.folded</);
  const relayed = event('delivery.relayed', { facts: { reply: '250 <script>' } });
  assert.match(html`${stepText(relayed, 'nl', '<b>')}`.text, /mailserver van &lt;b&gt;.*250 &lt;script&gt;/);
});

test('the page stays below 60 KB, however many recipients and steps there are, and leads to the others', async () => {
  const long = (n: number): string => `${'x'.repeat(50)}${n}@${'y'.repeat(60)}.test`;
  const copies = Array.from({ length: 1000 }, (_, n) => inMailbox('collected', long(n)));
  const reply = 'z'.repeat(200);
  const events = Array.from({ length: 1000 }, () =>
    event('message.collected', { account: 'b', facts: { address: reply } }),
  );
  const trace = {
    id: 'm',
    messageId: 'x',
    received: event('x').at,
    sender: long(0),
    recipients: [],
    octets: 1,
    copies,
    events,
  };
  const more = {
    parts: [],
    interchanges: [],
    limits: [],
    sha256: '',
    envelope: { body: '7BIT', smtpUtf8: false },
    more: true,
  };
  const shown = { ...trace, ...more } as unknown as TraceView;
  const page = await message.run(
    {
      operate: () => Promise.resolve(shown),
      may: () => true,
      language: 'nl',
      query: new URLSearchParams('from=12'),
      params: { id: 'm' },
    } as unknown as Asked,
    undefined as never,
  );
  assert(page.kind === 'page');
  const { text } = page.body;
  assert(text.includes(long(12)) && !text.includes(long(11)) && text.includes(long(23)) && !text.includes(long(24)));
  assert.match(text, /href="\/messages\/m\?from=24"/);
  assert.match(text, /990 eerdere stappen/);
  assert(text.length < 58_000, `${text.length}`);
});
