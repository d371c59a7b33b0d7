/**
 * What an account sees first: its addresses, its mailbox and who empties it, and what else it can
 * do here. Nothing of any message.
 */
import type { OperationResult } from '../../admin/operations.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { visitorOf } from '../../web/core/page.ts';
import { card, facts, list, note, state, table } from '../../web/look/parts.ts';
import { STATES, toneOf } from '../../web/parts/states.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { HOME } from './home-words.ts';

type Words = (typeof HOME)['nl'];

export const home: Page = {
  method: 'GET',
  path: '/',
  access: 'session',
  run: async (asked) => {
    const words = HOME[asked.language];
    const { login } = visitorOf(asked).record.account;
    const shown = await asked.operate('account.show', { login });
    const consumers = await asked.operate('mailbox.consumers', { login });
    return {
      kind: 'page',
      title: words.title,
      body: html`<div class="cards">
${card(words.account, accountFacts(asked, words, shown))}
${card(
  words.mailbox,
  facts([
    [words.waiting, shown.messages],
    [words.size, sizeOf(shown.used, asked.language)],
    [words.lastLogin, shown.lastLogin ?? words.never],
  ]),
)}
</div>
${card(words.emptied, emptied(asked, words, consumers))}`,
    };
  },
};

const accountFacts = ({ language }: Asked, words: Words, shown: OperationResult<'account.show'>): Html => {
  const states = STATES[language];
  return facts([
    [words.login, shown.login],
    [words.organisation, shown.organisation],
    [
      words.addresses,
      shown.addresses.length === 0
        ? words.none
        : list(
            shown.addresses.map((one) =>
              one.state === 'active'
                ? one.address
                : html`${one.address} (${state(toneOf(one.state), states[one.state] ?? one.state)})`,
            ),
          ),
    ],
    [words.sendsAs, shown.sendsAs.join(', ')],
  ]);
};

/** Networks that empty it: whoever does not know one of them is told what to do. */
function emptied(
  { language }: Asked,
  words: Words,
  consumers: readonly {
    readonly network: string;
    readonly last: string;
    readonly sessions: number;
    readonly retrieved: number;
    readonly deleted: number;
  }[],
): Html {
  if (consumers.length === 0) return note('warn', html`<p>${words.nobody}</p>`);
  const rows = consumers.map((one) => [
    one.network,
    timeOf(one.last, language),
    one.sessions,
    one.retrieved,
    one.deleted,
  ]);
  return html`${table(words.emptied, [words.network, words.last, words.times, words.fetched, words.deleted], rows)}<p class="soft">${words.stranger}</p>`;
}
