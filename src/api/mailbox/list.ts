/**
 * `GET /mailbox/messages`: lists the mailbox page by page, without a lease, and can wait for new
 * mail.
 */
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import type { EntryUid } from '../../domain/ids.ts';
import { type Instant, type Milliseconds, iso, milliseconds } from '../../domain/units.ts';
import { previewedRow } from '../../pickup/evidence.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import type { AccountCaller } from '../core/callers.ts';
import { ifNoneMatch, isCurrent } from '../core/etags.ts';
import { entryId, limit, moment } from '../core/fields.ts';
import { linkToNext } from '../core/next-page.ts';
import { type Remote, route } from '../core/route.ts';
import { headOf, headerFacts } from './header-facts.ts';
import { LONGEST_WAIT, WAITS, prefer, waitOf } from './preference.ts';
import { ACCESS, type MailboxServices, visitorOf } from './visitor.ts';
import { type MessageView, mailboxMessage, viewEntry } from './views.ts';

const page = z
  .object({
    messages: z.array(mailboxMessage).readonly().meta({ description: 'Oldest first.' }),
    next: z
      .string()
      .optional()
      .meta({ description: 'Present if there are more pages: give it as `after` for the next one.' }),
    last: z.string().optional().meta({
      description: 'Where this list ends: give it as `after`, with `Prefer: wait`, to wait for what comes next.',
    }),
  })
  .meta({ id: 'MailboxPage' });

interface Query {
  readonly after?: EntryUid | undefined;
  readonly since?: Instant | undefined;
  readonly limit: number;
}

const HEADERS = {
  ETag: 'Changes when a message comes or goes, not when one is collected.',
  Vary: 'Prefer',
};

export const listMailboxMessages = route({
  id: 'listMailboxMessages',
  method: 'GET',
  path: '/mailbox/messages',
  tag: 'mailbox',
  summary: 'List the messages in your mailbox',
  description: `Reserves nothing: others can fetch meanwhile. With \`If-None-Match\` an unchanged mailbox costs next to nothing. With \`Prefer: wait=${LONGEST_WAIT}\` the answer waits until there is something to tell.`,
  access: ACCESS,
  query: { after: entryId.optional(), since: moment(), limit: limit(100, 25) },
  headers: { 'if-none-match': ifNoneMatch, prefer },
  waits: WAITS,
  answers: {
    200: { about: 'The messages', json: page, headers: { ...HEADERS, Link: 'The next page, `rel="next"`.' } },
    304: { about: 'Nothing has changed', headers: HEADERS },
  },
  async run({ query, headers, caller, remote, signal }, services: MailboxServices) {
    const { clock, pickup, store } = services;
    const { id: account } = caller.account;
    const given = headers['if-none-match'];
    const wanted = waitOf(headers.prefer);
    // The watch begins before the mailbox is looked at, so that it notices everything that comes
    // after that.
    const watch = wanted > 0 ? pickup.arrivals.watch(account) : undefined;
    const until = clock.monotonic() + wanted;
    try {
      for (;;) {
        const etag = `W/"${(await store.deliveries.mailboxState(account))?.changes ?? 0}"`;
        const known = isCurrent(given, etag);
        const entries = known ? [] : await store.deliveries.mailboxEntries(account, wantedOf(query));
        const left = milliseconds(until - clock.monotonic());
        if (entries.length === 0 && (await hasChanged(watch, left, signal))) continue;
        const told = { ETag: etag, Vary: 'Prefer' };
        if (known) return { status: 304, headers: told };
        const messages = await viewsOf(services, caller, remote, entries);
        const last = entries.at(-1)?.uid ?? query.after;
        const next = entries.length === query.limit ? last : undefined;
        return {
          status: 200,
          json: { messages, ...cursors(next, last) },
          headers: { ...told, ...linkTo(query, next) },
        };
      }
    } finally {
      watch?.end();
    }
  },
});

const wantedOf = ({ after, since: from, limit: most }: Query) => ({ limit: most, ...defined({ after, since: from }) });

const linkTo = ({ since: from, limit: most }: Query, next: EntryUid | undefined) =>
  linkToNext('/mailbox/messages', { limit: most, since: iso(from) }, next === undefined ? undefined : String(next));

const cursors = (next: EntryUid | undefined, last: EntryUid | undefined) => ({
  ...(next === undefined ? {} : { next: String(next) }),
  ...(last === undefined ? {} : { last: String(last) }),
});

async function hasChanged(
  watch: { next(within: Milliseconds, signal: AbortSignal): Promise<boolean> } | undefined,
  left: Milliseconds,
  signal: AbortSignal,
): Promise<boolean> {
  return watch !== undefined && left > 0 && (await watch.next(left, signal));
}

/**
 * The messages as they are listed. A listing shows their headers, so it is a look at mail that was
 * not collected yet, which the trail records as it records TOP.
 */
async function viewsOf(
  services: MailboxServices,
  { account }: AccountCaller,
  remote: Remote,
  entries: readonly MailboxEntry[],
): Promise<readonly MessageView[]> {
  const views: MessageView[] = [];
  for (const entry of entries) views.push(await viewWithHeader(services, entry));
  const seen = entries.filter(({ sentBefore }) => !sentBefore).length;
  if (seen > 0) services.store.audit.note(previewedRow(account.id, visitorOf(remote), seen));
  return views;
}

export async function viewWithHeader(
  { store, hostname }: Pick<MailboxServices, 'store' | 'hostname'>,
  entry: MailboxEntry,
): Promise<MessageView> {
  const head = await headOf(await store.deliveries.openMessage(entry.message.id));
  return viewEntry(entry, head === undefined ? { verdicts: [] } : headerFacts(head, entry.message, hostname));
}
