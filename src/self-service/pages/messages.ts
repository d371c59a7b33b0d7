/**
 * What became of what the account sent: the latest, one that is asked for, and where each
 * recipient's copy stands. What a sender may see over the API, in words; never a subject or
 * content.
 */
import { timeOf } from '../../web/core/times.ts';
import { visitorOf } from '../../web/core/page.ts';
import { card, facts, note, state, table, type Tone } from '../../web/look/parts.ts';
import { type SentState, sentStatus } from '../../notices/sent-status.ts';
import { type MessageId, parseMessageId } from '../../domain/ids.ts';
import { instant, iso } from '../../domain/units.ts';
import { type Hole, type Html, html } from '../../http/html.ts';
import type { MessageRecord } from '../../store/deliveries.ts';
import type { Asked, Page, Services } from '../core/page.ts';
import { MESSAGES } from './messages-words.ts';

type Words = (typeof MESSAGES)['nl'];

/** Messages that are shown, the latest first. */
const MOST = 20;

const own = (found: readonly MessageRecord[], account: MessageRecord['submitter']): MessageRecord[] =>
  found.filter(({ submitter, copyOf }) => submitter === account && copyOf === undefined);

/** By our id, or by its Message-ID as a mail program shows it. */
async function idOf(asked: Asked, { store }: Services, typed: string): Promise<MessageId | undefined> {
  const id = parseMessageId(typed);
  if (id !== undefined) return id;
  const messageIdField = typed.replace(/^<|>$/g, '');
  if (messageIdField === '') return undefined;
  const { account } = visitorOf(asked).record;
  const found = await store.deliveries.findMessages({ messageIdField, since: instant(0), limit: MOST });
  return own(found, account.id)[0]?.id;
}

const messages: Page = {
  method: 'GET',
  path: '/messages',
  access: 'session',
  run: async (asked, services) => {
    const words = MESSAGES[asked.language];
    const typed = (asked.query.get('id') ?? '').trim().slice(0, 400);
    const id = typed === '' ? undefined : await idOf(asked, services, typed);
    if (id !== undefined) return { kind: 'see', to: `/messages/${encodeURIComponent(id)}` };
    const { account } = visitorOf(asked).record;
    const shown = own(await services.store.deliveries.submittedBy(account.id, MOST), account.id);
    const rows = shown.map((one) => [
      html`<a href="/messages/${one.id}">${timeOf(iso(one.receivedAt), asked.language)}</a>`,
      recipientsText(one, words),
    ]);
    return {
      kind: 'page',
      status: typed === '' ? 200 : 404,
      title: words.title,
      body: html`${typed === '' ? undefined : note('bad', html`<p role="alert">${words.unknown}</p>`)}
<div class="card"><form action="/messages" role="search"><label for="id">${words.id}</label><span class="hint" id="id-hint">${words.idHint}</span>
<input type="search" id="id" name="id" maxlength="400" autocapitalize="none" spellcheck="false" aria-describedby="id-hint" value="${typed}"><button>${words.find}</button></form></div>
${card(words.latest, rows.length === 0 ? html`<p>${words.none}</p>` : table(words.latest, [words.sentAt, words.to], rows))}`,
    };
  },
};

const SHOWN_RECIPIENTS = 3;
function recipientsText({ recipients }: MessageRecord, words: Words): string {
  const named = recipients.slice(0, SHOWN_RECIPIENTS).map(({ address, substituteFor }) => substituteFor ?? address);
  const rest = recipients.length - named.length;
  return `${named.join(', ')}${rest > 0 ? ` ${words.and} ${rest} ${words.more}` : ''}`;
}

const TONES: Readonly<Record<SentState, Tone>> = {
  delivered: 'good',
  collected: 'good',
  relayed: 'good',
  waiting: 'warn',
  held: 'warn',
  failed: 'bad',
  withdrawn: 'bad',
  expired: 'bad',
  'no-longer-kept': 'plain',
};
/** Recipients of one page: any message stays below 60 KB. */
const PAGE = 100;

const message: Page = {
  method: 'GET',
  path: '/messages/{id}',
  access: 'session',
  run: async (asked, { store }) => {
    const words = MESSAGES[asked.language];
    const id = parseMessageId(asked.params.id ?? '');
    const found = id === undefined ? undefined : await sentStatus(store, id, visitorOf(asked).record);
    if (found === undefined)
      return {
        kind: 'page',
        status: 404,
        title: words.title,
        body: html`${note('bad', html`<p role="alert">${words.unknown}</p>`)}<p><a href="/messages">${words.back}</a></p>`,
      };
    const { message: sent, recipients } = found;
    const rows = recipients
      .slice(0, PAGE)
      .map((one): readonly Hole[] => [
        one.address,
        html`${state(TONES[one.state], words.states[one.state][0])}<br>${words.states[one.state][1]}`,
        one.at === undefined ? '' : timeOf(iso(one.at), asked.language),
        one.code ?? '',
      ]);
    return { kind: 'page', title: words.title, body: status(asked, words, sent, rows, recipients.length) };
  },
};

const status = (
  { language }: Asked,
  words: Words,
  sent: MessageRecord,
  rows: readonly (readonly Hole[])[],
  all: number,
): Html => html`<div class="card">${facts([
  [words.sentAt, timeOf(iso(sent.receivedAt), language)],
  [words.from, sent.sender],
  [words.ours, sent.id],
  [words.id, sent.messageIdField],
])}</div>
${card(words.recipients, html`${table(words.recipients, [words.to, words.state, words.since, words.code], rows)}${all > PAGE ? html`<p class="soft">${words.first}</p>` : undefined}`)}
<p><a href="/messages">${words.back}</a></p>`;

export const messagePages: readonly Page[] = [messages, message];
