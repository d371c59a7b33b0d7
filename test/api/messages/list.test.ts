/** `GET /messages`: an account finds what it sent, page by page, and nothing of anybody else's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiClient, basic, startApi } from '../../support/api.ts';
import { addressOf, loginOf } from '../../support/gateway.ts';

interface Page {
  readonly messages: readonly {
    readonly id: string;
    readonly acceptedAt: string;
    readonly recipients: readonly { readonly address: string; readonly state: string }[];
  }[];
  readonly next?: string;
}

const sendOne = async (client: ApiClient, from: string, to: readonly string[]): Promise<string> => {
  const made = await client.post('/messages', { from: addressOf(from), to: to.map(addressOf), text: 'Tekst.' });
  assert.equal(made.status, 201, made.body.toString());
  return (made.json as { readonly id: string }).id;
};

const list = async (client: ApiClient, query = '', recipient?: string): Promise<Page> => {
  const headers = recipient === undefined ? {} : { 'sluis-recipient': addressOf(recipient) };
  const answer = await client.get(`/messages${query}`, { headers });
  assert.equal(answer.status, 200, answer.body.toString());
  const page = answer.json as Page;
  assert.equal(answer.headers.link !== undefined, page.next !== undefined);
  return page;
};
const idsOf = ({ messages }: Page): readonly string[] => messages.map(({ id }) => id);

test('what an account sent is listed newest first, in pages, by time, recipient and state, and is nobody else’s', async (t) => {
  const api = await startApi(t, { accounts: ['anna', 'bert', 'chris'] });
  const [anna, bert] = [api.as('anna'), api.as('bert')];
  const sent: string[] = [];
  for (const to of [['bert'], ['bert', 'chris'], ['chris']]) sent.unshift(await sendOne(anna, 'anna', to));
  await sendOne(bert, 'bert', ['anna']);

  const all = await list(anna);
  assert.deepEqual([idsOf(all), all.next], [sent, undefined]);
  assert.deepEqual(all.messages[1]?.recipients, [
    { address: addressOf('bert'), state: 'delivered' },
    { address: addressOf('chris'), state: 'delivered' },
  ]);
  const found: string[] = [];
  let link = '';
  for (let pages = 0; pages < 5; pages += 1) {
    const page = await list(anna, `?limit=1${link}`);
    found.push(...idsOf(page));
    if (page.next === undefined) break;
    link = `&after=${page.next}`;
    // It opens for nobody else.
    assert.equal((await bert.get(`/messages?limit=1${link}`)).status, 400);
  }
  assert.deepEqual(found, sent);

  assert.deepEqual(idsOf(await list(anna, '', 'bert')), sent.slice(1));
  const [newest] = all.messages;
  assert.deepEqual(idsOf(await list(anna, '?until=2026-01-01T00:00:00Z')), []);
  assert.deepEqual(idsOf(await list(anna, `?since=${newest?.acceptedAt}`)), sent.slice(0, 1));

  const mailbox = (await bert.get('/mailbox/messages')).json as {
    readonly messages: readonly { readonly id: string }[];
  };
  await bert.get(`/mailbox/messages/${mailbox.messages[0]?.id}/content`);
  assert.deepEqual(idsOf(await list(anna, '?state=collected')), [mailbox.messages[0]?.id]);
  assert.deepEqual(idsOf(await list(anna, '?state=failed')), []);

  for (const wrong of ['?state=lost', '?since=yesterday', '?after=AAAA', '?limit=0', '?recipient=a@b.test'])
    assert.equal((await anna.get(`/messages${wrong}`)).status, 400, wrong);
  const nonsense = await anna.get('/messages', { headers: { 'sluis-recipient': 'nobody' } });
  assert.equal(nonsense.status, 400);
});

test('an app password that only fetches lists nothing that was sent', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  for (const [scope, status] of [
    ['fetch', 403],
    ['send', 200],
  ] as const) {
    const made = await api.as('anna').post('/app-passwords', { name: scope, scope });
    const { password } = made.json as { readonly password: string };
    assert.equal((await api.client(basic(loginOf('anna').login, password)).get('/messages')).status, status);
  }
});
