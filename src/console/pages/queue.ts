/**
 * The queue: copies that wait for partners and copies that are held, each with its reason and what
 * can be done with it.
 */
import type { DeliveryView } from '../../admin/delivery-views.ts';
import type { Language } from '../../domain/registry.ts';
import { type Hole, type Html, html } from '../../http/html.ts';
import { filled } from '../../web/core/filled.ts';
import type { Asked, Page } from '../core/page.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { type Tone, accountLink, card, facts, messageLink, state, timeLine } from '../../web/look/parts.ts';
import { type Deed, deedButtons, deedLinks, doneNote } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, registerPages } from '../parts/register.ts';
import { stepText } from './message-steps.ts';
import { partnerLink } from './partners.ts';
import { DELIVERY, QUEUE, QUEUE_DEEDS } from './queue-words.ts';

const ids = ({ id = '' }: Readonly<Record<string, string>>) => ({ ids: [Number(id)] });

const RELEASE: Deed = {
  path: '/queue/{id}/release',
  operation: 'queue.release',
  input: ids,
  words: QUEUE_DEEDS.release,
};
const REFUSE: Deed = { path: '/queue/{id}/refuse', operation: 'queue.fail', input: ids, words: QUEUE_DEEDS.refuse };
const RETRY: Deed = { path: '/queue/{id}/retry', operation: 'queue.retry', input: ids, words: QUEUE_DEEDS.retry };
const HOLD: Deed = { path: '/queue/{id}/hold', operation: 'queue.hold', input: ids, words: QUEUE_DEEDS.hold };
export const QUEUE_DEED_LIST: readonly Deed[] = [RELEASE, REFUSE, RETRY, HOLD];

/** Deeds on a delivery that make sense in its state. */
export const queueDeeds = ({ state: now, partner }: Pick<DeliveryView, 'state' | 'partner'>): readonly Deed[] =>
  now === 'held' ? [RELEASE, REFUSE] : now === 'waiting' && partner !== undefined ? [RETRY, HOLD, REFUSE] : [];

const TONES: Readonly<Record<string, Tone>> = { held: 'warn', waiting: 'plain', failed: 'bad', withdrawn: 'warn' };

const stateOf = (language: Language, { state: now }: DeliveryView): Html => {
  const words: Readonly<Record<string, string>> = DELIVERY[language].states;
  return state(TONES[now] ?? 'good', words[now] ?? now);
};

function waitsFor(language: Language, { state: now, attempts, due }: DeliveryView): Hole {
  const words = DELIVERY[language].waits;
  if (now === 'held') return words.decision;
  if (now !== 'waiting') return words.nothing;
  return attempts === 0 || due === undefined ? words.turn : filled(words.again, { due: timeOf(due, language) });
}

const goalOf = (language: Language, { partner, account }: DeliveryView): Hole =>
  (partner === undefined ? undefined : partnerLink(partner)) ??
  (account === undefined ? '' : html`${DELIVERY[language].postbox} ${accountLink(account)}`);

const deliveryLink = (id: number): Html => html`<a href="/queue/${id}">${id}</a>`;

export const queue: Register<'queue.list'> = {
  path: '/queue',
  operation: 'queue.list',
  filters: ['partner', 'message', 'all'],
  rowDeeds: QUEUE_DEED_LIST,
  words: QUEUE,
  columns: {
    number: ({ id }) => deliveryLink(id),
    message: ({ message }) => messageLink(message),
    to: (one, { language }) => html`${one.recipient}<br><span class="soft">${goalOf(language, one)}</span>`,
    state: (one, { language }) => stateOf(language, one),
    waits: (one, { language }) => waitsFor(language, one),
    since: ({ accepted }, { language }) => timeOf(accepted, language),
    deeds: (one, asked) => deedLinks(asked, queueDeeds(one), { id: String(one.id) }, String(one.id)),
  },
};

const delivery: Page = {
  method: 'GET',
  path: '/queue/{id}',
  access: 'support',
  run: async (asked) => {
    const { language, operate, params } = asked;
    const words = DELIVERY[language];
    const one = await operate('queue.show', { id: Number(params.id) });
    return {
      kind: 'page',
      title: `${words.title} ${one.id}`,
      body: html`${doneNote(asked, QUEUE_DEED_LIST)}
${card(
  words.title,
  facts([
    [QUEUE[language].columns.state, html`${stateOf(language, one)}. ${waitsFor(language, one)}`],
    [QUEUE[language].columns.message, messageLink(one.message)],
    [words.sender, one.sender],
    [words.recipient, one.recipient],
    [QUEUE[language].columns.to, goalOf(language, one)],
    [QUEUE[language].columns.since, timeOf(one.accepted, language)],
    [words.size, sizeOf(one.octets, language)],
    [words.attempts, one.attempts === 0 ? undefined : one.attempts],
    [words.reply, one.lastReply === undefined ? undefined : html`<span lang="en">${one.lastReply}</span>`],
    [words.told, one.delayed === undefined ? undefined : timeOf(one.delayed, language)],
    [words.ended, one.settled === undefined ? undefined : timeOf(one.settled, language)],
  ]),
)}
${one.state === 'held' ? await whyHeld(asked, one) : undefined}
${doThese(asked, one)}`,
    };
  },
};

/** Why the copy is held: what a check found, or who held it and why, from the message's trace. */
async function whyHeld({ language, operate }: Asked, { id, message }: DeliveryView): Promise<Html | undefined> {
  const { events } = await operate('trace.show', { message });
  const steps = events.filter(
    ({ event, facts: of }) =>
      event === 'edi.held' || (event === 'delivery.held' && (of.delivery === undefined || of.delivery === id)),
  );
  if (steps.length === 0) return undefined;
  return card(
    DELIVERY[language].why,
    timeLine(steps.slice(-MOST_REASONS).map((step) => [timeOf(step.at, language), stepText(step, language)])),
  );
}
const MOST_REASONS = 10;

function doThese(asked: Asked, one: DeliveryView): Html | undefined {
  const buttons = deedButtons(asked, queueDeeds(one), { id: String(one.id) });
  return buttons && card(DELIVERY[asked.language].next, buttons);
}

export const queuePages: readonly Page[] = [...registerPages(queue), delivery, ...deedPagesOf(QUEUE_DEED_LIST)];
