/**
 * What an account sent and got last, each with a link to its time line, for a caller who asks "did
 * it arrive?". It is a page of its own: an operator who opens the account for a lost password does
 * not see with whom it writes. Whoever opens this page does see it, and the trail has a row for
 * that.
 */
import { type Html, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { type Tone, accountLink, card, messageLink, state, table } from '../../web/look/parts.ts';

export const ACCOUNT_MESSAGES = {
  nl: {
    title: 'Berichten van',
    button: 'Berichten opzoeken',
    lead: 'De laatste berichten, nieuwste eerst. Open een bericht om te zien wat ermee gebeurde.',
    sent: 'Verzonden',
    got: 'Ontvangen',
    noSent: 'Dit account verzond niets, voor zover het logboek teruggaat.',
    noGot: 'In deze postbus kwam niets, voor zover de gateway weet.',
    message: 'Bericht',
    time: 'Tijd',
    to: 'Aan',
    from: 'Van',
    size: 'Grootte',
    became: 'Wat werd ervan',
    more: 'en nog',
    gateway: 'de gateway zelf',
    older: 'Staat het er niet bij? Zoek dan op het nummer van het bericht of een EDI-referentie.',
    states: {
      waiting: 'wacht',
      collected: 'opgehaald',
      deleted: 'verwijderd door de ontvanger',
      withdrawn: 'teruggehaald',
      expired: 'niet op tijd opgehaald',
    },
  },
  en: {
    title: 'Messages of',
    button: 'Look up messages',
    lead: 'The latest messages, newest first. Open one to see what became of it.',
    sent: 'Sent',
    got: 'Got',
    noSent: 'This account sent nothing, as far as the trail goes.',
    noGot: 'Nothing came into this mailbox, as far as the gateway knows.',
    message: 'Message',
    time: 'Time',
    to: 'To',
    from: 'From',
    size: 'Size',
    became: 'What became of it',
    more: 'and also',
    gateway: 'the gateway itself',
    older: 'Is it not there? Then search for the id of the message or an EDI reference.',
    states: {
      waiting: 'waits',
      collected: 'fetched',
      deleted: 'deleted by the addressee',
      withdrawn: 'taken back',
      expired: 'not fetched in time',
    },
  },
};
type Words = (typeof ACCOUNT_MESSAGES)['nl'];
type State = keyof Words['states'];

const TONES: Readonly<Record<State, Tone>> = {
  waiting: 'plain',
  collected: 'good',
  deleted: 'good',
  withdrawn: 'warn',
  expired: 'bad',
};

/** Most addressees that are shown of one message. */
const SHOWN = 3;

const some = (words: Words, all: readonly string[]): string =>
  all.length > SHOWN ? `${all.slice(0, SHOWN).join(', ')} ${words.more} ${all.length - SHOWN}` : all.join(', ');

/**
 * True if the visitor may look at messages. An operator of one organisation may not: the other side
 * of a message may be another organisation's.
 */
export const seesMessages = ({ may, visitor }: Asked): boolean =>
  may('support') && visitor?.session.holder.organisation === undefined;

export const accountMessages: Page = {
  method: 'GET',
  path: '/accounts/{login}/messages',
  access: 'support',
  run: async (asked) => {
    const { operate, language, params } = asked;
    const words = ACCOUNT_MESSAGES[language];
    const { login = '' } = params;
    const { sent, got } = await operate('account.messages', { login });
    const sentRows = sent.map((one) => [
      messageLink(one.id),
      timeOf(one.received, language),
      some(words, one.recipients),
      sizeOf(one.octets, language),
    ]);
    const gotRows = got.map((one) => [
      messageLink(one.id),
      timeOf(one.received, language),
      one.sender === '<>' ? words.gateway : one.sender,
      sizeOf(one.octets, language),
      state(TONES[one.state], words.states[one.state]),
    ]);
    const [id, time, size] = [words.message, words.time, words.size];
    const part = (title: string, none: string, header: readonly string[], rows: Parameters<typeof table>[2]): Html =>
      card(title, rows.length === 0 ? html`<p>${none}</p>` : table(title, header, rows));
    return {
      kind: 'page',
      title: `${words.title} ${login}`,
      body: html`<p>${words.lead}</p>
${part(words.got, words.noGot, [id, time, words.from, size, words.became], gotRows)}
${part(words.sent, words.noSent, [id, time, words.to, size], sentRows)}
<p class="soft">${words.older}</p><p>${accountLink(login)}</p>`,
    };
  },
};
