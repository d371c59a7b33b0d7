/**
 * `GET /messages`: lists what an account has sent, page by page, with the state of each recipient
 * in a word. `GET /messages/{messageId}` shows the rest of a message.
 */
import { z } from '../../config/zod.ts';
import { type SentState, sentStates } from '../../notices/sent-status.ts';
import { type Address, parseAddress } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { SentQuery } from '../../store/deliveries.ts';
import { openCursor, sealCursor } from '../administration/opaque.ts';
import type { AccountCaller } from '../core/callers.ts';
import { cursor, limit, moment } from '../core/fields.ts';
import { linkToNext } from '../core/next-page.ts';
import { malformed } from '../core/problem.ts';
import { route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { sentState } from './states.ts';

/** Most steps for one page; each reads at most 2000 rows of the trail. */
const MOST_STEPS = 10;

const messageOfPage = z
  .object({
    id: z.string(),
    messageId: z.string().meta({ description: 'Of the header, without angle brackets.' }),
    acceptedAt: z.iso.datetime(),
    recipients: z.array(z.object({ address: z.string(), state: sentState })),
  })
  .meta({ id: 'MessageOfPage' });

const page = z
  .object({
    messages: z.array(messageOfPage).meta({ description: 'Newest first.' }),
    next: z.string().optional().meta({
      description: 'Where the next page begins: `after` of it. A page may have few messages, or none, and a next one.',
    }),
  })
  .meta({ id: 'MessagesPage' });

type Services = Pick<ApiServices, 'store' | 'random'>;

export const listMessages = route({
  id: 'listMessages',
  method: 'GET',
  path: '/messages',
  tag: 'messages',
  summary: 'List what you sent, newest first',
  description:
    'As far back as the trail goes. Recipients are those that you wrote to. A message must match all filters; send them with every page.',
  access: { kind: 'account', scope: 'send' },
  query: {
    since: moment('Accepted then or later.'),
    until: moment('Accepted then or earlier.'),
    state: sentState.optional(),
    after: cursor.optional(),
    limit: limit(100, 25),
  },
  headers: {
    'sluis-recipient': z.string().max(320).optional().meta({
      description: 'Only what went to this address. In a header, since addresses in a query are in logs.',
    }),
  },
  answers: {
    200: { about: 'The messages', json: page, headers: { Link: 'The next page, `rel="next"`.' } },
  },
  async run({ query, headers, caller }, services: Services) {
    const { since, until, state, after, limit: most } = query;
    const recipient = recipientIn(headers['sluis-recipient']);
    let before = placeOf(services, caller, after);
    const messages: z.infer<typeof messageOfPage>[] = [];
    for (let step = 0; step < MOST_STEPS && messages.length < most; step += 1) {
      const wanted: SentQuery = {
        account: caller.account.id,
        limit: most - messages.length,
        ...defined({ before, since, until, recipient }),
      };
      const { sent, next } = await services.store.deliveries.sentPage(wanted);
      for (const { message, places } of sent) {
        const recipients = [...sentStates(message, places, caller)];
        if (!isWanted(state, recipients)) continue;
        const { id, messageIdField, receivedAt } = message;
        messages.push({ id, messageId: messageIdField, acceptedAt: iso(receivedAt), recipients });
      }
      before = next;
      if (before === undefined) break;
    }
    const next = before === undefined ? undefined : sealedPlace(services, caller, before);
    const shown = { since: iso(since), until: iso(until), state, limit: most };
    return { status: 200, json: { messages, ...defined({ next }) }, headers: linkToNext('/messages', shown, next) };
  },
});

const isWanted = (state: SentState | undefined, recipients: readonly { readonly state: SentState }[]): boolean =>
  state === undefined || recipients.some((one) => one.state === state);

function recipientIn(text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  const read = parseAddress(Buffer.from(text, 'latin1').toString('utf8'));
  if (!read.ok) throw malformed('The header Sluis-Recipient must be one address, such as name@example.nl');
  return read.value;
}

/**
 * A cursor holds the number of a row of the trail. It is sealed, so that nobody learns how many
 * rows there are, and for one account, so that no other can open it.
 */
const listing = ({ account }: AccountCaller): string => `listMessages ${account.id}`;

const sealedPlace = ({ store, random }: Services, caller: AccountCaller, seq: number): string =>
  sealCursor(store, random, listing(caller), String(seq));

function placeOf({ store }: Services, caller: AccountCaller, after: string | undefined): number | undefined {
  if (after === undefined) return undefined;
  const opened = openCursor(store, listing(caller), after);
  if (opened === undefined) throw malformed('"after" must be what "next" of the page before said');
  return Number(opened);
}
