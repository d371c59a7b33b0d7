/**
 * What became of a message: the sender's steps, then those of each recipient, in plain words, with
 * what the caller may be told. It never shows a subject, the name of a file, or content.
 *
 * The page limits the recipients and shows only the latest steps of each, so that it stays below 60
 * KB for any message.
 */
import type { CopyView, EventView, TraceView } from '../../admin/delivery-views.ts';
import type { Language } from '../../domain/registry.ts';
import { type Hole, type Html, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { accountLink, card, facts, list, note, state, timeLine } from '../../web/look/parts.ts';
import { isAboutPeople, stepOwners, stepText } from './message-steps.ts';
import { AGAIN, MESSAGE_DEEDS, deedsOf, isHandedOutAgain } from './message-deeds.ts';
import { outcomeOf } from './message-outcome.ts';
import { MESSAGE } from './message-words.ts';
import { partnerLink } from './partners.ts';
import { queueDeeds } from './queue.ts';
import { deedButtons, doneNote } from '../parts/deed.ts';

type Words = (typeof MESSAGE)['nl'];

const RECIPIENTS = 12;
const STEPS = 10;
/** Most interchanges, and most kinds of parts, that are shown. */
const SHOWN = 10;

export const message: Page = {
  method: 'GET',
  path: '/messages/{id}',
  access: 'support',
  run: async (asked) => {
    const {
      operate,
      language,
      query,
      params: { id = '' },
    } = asked;
    const words = MESSAGE[language];
    const found = await operate('trace.show', { message: id });
    const from = Math.max(0, Math.trunc(Number(query.get('from') ?? 0)) || 0);
    const { own, ofCopy } = sortedSteps(found, from);
    const shown = found.copies.slice(from, from + RECIPIENTS);
    const next = from + RECIPIENTS;
    return {
      kind: 'page',
      title: `${words.title} ${found.id}`,
      body: html`${doneNote(asked, MESSAGE_DEEDS)}${doThese(asked, words, found)}
${card(words.fromSender, html`${about(language, words, found)}${steps(asked, words, own)}`)}
${shown.map((copy, i) => recipientCard(asked, words, found, copy, ofCopy.get(from + i) ?? []))}
${next < found.copies.length ? html`<p><a class="button second" href="/messages/${found.id}?from=${next}">${words.rest}</a></p>` : undefined}
${lookedAt(language, words, found)}
${found.more ? note('plain', html`<p>${words.more}</p>`) : undefined}`,
    };
  },
};

/** The steps of the sender, and the steps of each copy that is shown, by the index of the copy. */
function sortedSteps(
  { events, copies }: TraceView,
  from: number,
): { readonly own: readonly EventView[]; readonly ofCopy: ReadonlyMap<number, readonly EventView[]> } {
  const own: EventView[] = [];
  const shown = copies.slice(from, from + RECIPIENTS).map((_, i): [number, EventView[]] => [from + i, []]);
  const ofCopy = new Map(shown);
  const ownersOf = stepOwners(copies);
  for (const event of events) {
    if (isAboutPeople(event)) continue;
    const owners = ownersOf(event);
    if (owners.length === 0) own.push(event);
    for (const i of owners) ofCopy.get(i)?.push(event);
  }
  return { own, ofCopy };
}

const about = (language: Language, words: Words, found: TraceView): Html =>
  facts([
    [words.received, timeOf(found.received, language)],
    [words.sender, found.sender],
    [words.account, found.account === undefined ? words.byGateway : accountLink(found.account)],
    [words.messageId, found.messageId],
    [words.size, sizeOf(found.octets, language)],
    [words.parts, partsText(found.parts)],
    [
      words.edi,
      found.interchanges.length === 0
        ? undefined
        : list(found.interchanges.slice(0, SHOWN).map((one) => interchangeText(words, one))),
    ],
    [words.recipients, found.copies.length > 1 ? found.copies.length : undefined],
  ]);

/** The parts of a message, such as `text/plain, 2 x application/edifact`. */
function partsText(parts: TraceView['parts']): string {
  const counts = new Map<string, number>();
  for (const { type } of parts) counts.set(type, (counts.get(type) ?? 0) + 1);
  const all = [...counts].slice(0, SHOWN).map(([type, n]) => (n === 1 ? type : `${n} x ${type}`));
  return `${all.join(', ')}${counts.size > SHOWN ? ' ...' : ''}`;
}

const interchangeText = (words: Words, one: TraceView['interchanges'][number]): string =>
  `${one.messages.map(({ type, count }) => (count === 1 ? type : `${count} x ${type}`)).join(', ')} ${one.sender} ${words.to} ${one.recipient}, ${words.reference} ${one.reference}${one.test ? `, ${words.test}` : ''}`;

/** Buttons of the deeds on the message as a whole. */
function doThese(asked: Asked, words: Words, found: TraceView): Html | undefined {
  const buttons = deedButtons(asked, deedsOf(found), { id: found.id });
  return buttons && card(words.next, buttons);
}

/** Buttons of the deeds on one copy. */
const copyButtons = (asked: Asked, { id }: TraceView, copy: CopyView): readonly (Html | undefined)[] => [
  copy.delivery && deedButtons(asked, queueDeeds(copy.delivery), { id: String(copy.delivery.id) }),
  isHandedOutAgain(copy) ? deedButtons(asked, [AGAIN], { id, login: copy.account ?? '' }) : undefined,
];

function recipientCard(
  asked: Asked,
  words: Words,
  found: TraceView,
  copy: CopyView,
  events: readonly EventView[],
): Html {
  const { language } = asked;
  const { word, tone, tell, help } = outcomeOf(copy, events, language);
  const { delivery } = copy;
  return card(
    copy.recipient,
    html`${facts([
      [words.tell, html`${state(tone, word)}. ${tell} ${help}`],
      [words.mailbox, copy.account === undefined ? undefined : accountLink(copy.account)],
      [words.partner, copy.partner === undefined ? undefined : partnerLink(copy.partner)],
      [words.keptUntil, copy.expires === undefined ? undefined : timeOf(copy.expires, language)],
      [words.again, copy.restored === undefined ? undefined : timeOf(copy.restored, language)],
      [words.attempts, delivery === undefined || delivery.attempts === 0 ? undefined : delivery.attempts],
      [words.nextAttempt, delivery?.due === undefined ? undefined : timeOf(delivery.due, language)],
      [words.reply, delivery?.lastReply === undefined ? undefined : html`<span lang="en">${delivery.lastReply}</span>`],
    ])}${copyButtons(asked, found, copy)}${steps(asked, words, events, copy.partner)}`,
  );
}

function steps({ language }: Asked, words: Words, events: readonly EventView[], partner?: string): Html {
  const earlier = events.length - STEPS;
  const shown: readonly (readonly [Hole, Hole])[] = events
    .slice(-STEPS)
    .map((event) => [timeOf(event.at, language), stepText(event, language, partner)]);
  return html`<h3>${words.steps}</h3>${earlier > 0 ? html`<p class="soft">${earlier} ${words.earlier}</p>` : undefined}${shown.length === 0 ? html`<p>${words.noSteps}</p>` : timeLine(shown)}`;
}

/** Who else has looked at the message. Every operator who may look at it may see that. */
function lookedAt(language: Language, words: Words, { events }: TraceView): Html | undefined {
  const people = events.filter(isAboutPeople);
  if (people.length === 0) return undefined;
  return card(
    words.looked,
    timeLine(
      people.slice(-STEPS).map(({ at, event, outcome, facts: { actor, operation } }) => {
        const did = event === 'operator.looked' ? words.looks : `${words.asks} ${String(operation)}`;
        return [
          timeOf(at, language),
          `${String(actor ?? '-')} ${did}${outcome === 'success' ? '' : ` (${words.refusedAsk})`}`,
        ];
      }),
    ),
  );
}
