/**
 * `GET /mailbox/messages/{messageId}` and below: shows one message, and gives its octets as they
 * are, or the octets of one part.
 */
import { z } from '../../config/zod.ts';
import type { MessageId } from '../../domain/ids.ts';
import { previewedRow } from '../../pickup/evidence.ts';
import { noteSent } from '../../pickup/lease.ts';
import { givenBack } from '../../platform/given-back.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import type { StoredContent } from '../../store/body.ts';
import type { AccountCaller } from '../core/callers.ts';
import { messageId } from '../core/fields.ts';
import { notFound } from '../core/problem.ts';
import { type Remote, route } from '../core/route.ts';
import { viewWithHeader } from './list.ts';
import { RANGE_HEADERS, SAID_HEADERS, type Sending, send } from './octets.ts';
import { partOctets, partsOf } from './parts.ts';
import { ACCESS, type MailboxServices, entryOf, visitorOf } from './visitor.ts';
import { viewFetchable, wholeMessage } from './views.ts';

const GONE = 'Your mailbox has no such message';
const RANGES = {
  206: {
    about: 'The octets that were asked for',
    headers: { ...SAID_HEADERS, 'Content-Range': 'Which octets these are.' },
  },
  304: { about: 'You have it already', headers: { ETag: 'Not changed.' } },
  404: GONE,
  416: 'There are no such octets',
} as const;

export const getMailboxMessage = route({
  id: 'getMailboxMessage',
  method: 'GET',
  path: '/mailbox/messages/{messageId}',
  tag: 'mailbox',
  summary: 'Show one message of your mailbox with its parts',
  access: ACCESS,
  params: { messageId },
  answers: { 200: { about: 'The message', json: wholeMessage }, 404: GONE },
  async run({ params, caller, remote }, services: MailboxServices) {
    const { store } = services;
    const entry = await entryOf(services, caller, params.messageId);
    const view = await viewWithHeader(services, entry);
    const parts = await partsOf(entry, () => store.deliveries.openMessage(entry.message.id));
    if (!entry.sentBefore) seenBy(services, caller, remote)();
    return { status: 200, json: { ...view, parts: parts.map(viewFetchable) } };
  },
});

export const getMailboxMessageContent = route({
  id: 'getMailboxMessageContent',
  method: 'GET',
  path: '/mailbox/messages/{messageId}/content',
  tag: 'mailbox',
  summary: 'Fetch a message as it is, octet for octet',
  description:
    'The same octets that POP3 hands out. It stays in the mailbox until you acknowledge the claim that it belongs to, or delete it.',
  access: ACCESS,
  params: { messageId },
  headers: RANGE_HEADERS,
  answers: {
    200: { about: 'The message', stream: 'message/rfc822', headers: SAID_HEADERS },
    ...RANGES,
    206: { ...RANGES[206], stream: 'message/rfc822' },
  },
  async run({ params, headers, caller, remote }, services: MailboxServices) {
    const found = await contentOf(services, caller, remote, params.messageId);
    const { sha256, content } = found;
    return send(headers, {
      sha256,
      octets: content.octets,
      type: 'message/rfc822',
      name: `${content.id}.eml`,
      slices: () => givenBack(content),
      atEnd: () => found.sent(),
      piece: () => found.seen(),
    });
  },
});

const partNumber = z
  .string()
  .regex(/^[0-9]{1,4}(?:\.u?[0-9]{1,4}){0,60}$/)
  .meta({ description: 'Number of the part, as the message shows it.', examples: ['2'] });

export const getMailboxMessagePart = route({
  id: 'getMailboxMessagePart',
  method: 'GET',
  path: '/mailbox/messages/{messageId}/parts/{partNumber}',
  tag: 'mailbox',
  summary: 'Fetch the decoded octets of one part of a message',
  description:
    'An attachment as its sender had it. Its type is always `application/octet-stream`, to be saved: the gateway does not trust the type that the sender gave.',
  access: ACCESS,
  params: { messageId, partNumber },
  headers: RANGE_HEADERS,
  answers: {
    200: { about: 'The part', stream: 'application/octet-stream', headers: SAID_HEADERS },
    ...RANGES,
    206: { ...RANGES[206], stream: 'application/octet-stream' },
  },
  async run({ params, headers, caller, remote }, services: MailboxServices) {
    const { store } = services;
    const entry = await entryOf(services, caller, params.messageId);
    const open = () => store.deliveries.openMessage(entry.message.id);
    const part = (await partsOf(entry, open)).find(({ path }) => path === params.partNumber);
    const content = part === undefined ? undefined : await open();
    if (part === undefined || content === undefined) throw notFound();
    const noting = await notingOf(services, caller, remote, entry, part.path);
    return send(headers, {
      sha256: part.sha256,
      octets: part.octets,
      type: 'application/octet-stream',
      name: part.name,
      slices: () => partOctets(content, part),
      atEnd: noting.sent,
      piece: noting.seen,
    } satisfies Sending);
  },
});

interface Noting {
  /**
   * Called just before the last octets leave. False: they must not leave, since the login or the
   * claim has ended.
   */
  readonly sent: () => boolean | Promise<boolean>;
  /** Called when only a piece of the octets is read. */
  readonly seen: () => void;
}

/**
 * A claimed message is read under the lease, which reads ahead for a client that fetches one
 * message after the other.
 */
async function contentOf(
  services: MailboxServices,
  caller: AccountCaller,
  remote: Remote,
  id: MessageId,
): Promise<Noting & { readonly sha256: string; readonly content: StoredContent }> {
  const { store, pickup } = services;
  const { id: account } = caller.account;
  const claimed = await pickup.shared.claimed(account, id);
  if (claimed !== undefined) {
    claimed.progress();
    return {
      sha256: claimed.item.sha256,
      content: await claimed.open(),
      sent: claimed.sent,
      seen: seenBy(services, caller, remote),
    };
  }
  const entry = await entryOf(services, caller, id);
  const content = await store.deliveries.openMessage(id);
  if (content === undefined) throw notFound();
  return { sha256: entry.message.sha256, content, ...(await notingOf(services, caller, remote, entry)) };
}

const seenBy =
  ({ store }: MailboxServices, { account }: AccountCaller, remote: Remote) =>
  (): void =>
    store.audit.note(previewedRow(account.id, visitorOf(remote), 1));

async function notingOf(
  services: MailboxServices,
  caller: AccountCaller,
  remote: Remote,
  entry: MailboxEntry,
  part?: string,
): Promise<Noting> {
  const { store, pickup } = services;
  const { id: account } = caller.account;
  const seen = seenBy(services, caller, remote);
  const claimed = await pickup.shared.claimed(account, entry.message.id);
  if (claimed !== undefined) return { sent: claimed.sent, seen };
  const { uid, sentBefore, receiptWanted, message } = entry;
  const item = { uid, id: message.id, sentBefore, receiptWanted, ...(part === undefined ? {} : { part }) };
  const who = { account, collector: visitorOf(remote) };
  return {
    seen,
    sent: async () => {
      const there = await noteSent(store.deliveries, pickup.receipts, who, [item]);
      if (there.length > 0) pickup.clientNetworks.note(account, remote.network, { retrieved: 1, deleted: 0 });
      return there.length > 0;
    },
  };
}
