/**
 * What is done about a message at which a mail program ends again and again: its owner, whoever
 * else of the organisation reads, and the operator are told, once; where it is asked for, the
 * message is taken out of the mailbox and held, and what is told stands there in its place, in one
 * transaction.
 *
 * It is held and not wrapped into a notice: a program that cannot read a message cannot read one
 * that has it as an attachment either.
 */
import type { AccountId, DeliveryId, EntryUid } from '../domain/ids.ts';
import type { Acted, StuckMessage, WhenStuck } from '../domain/stuck.ts';
import { asideLetters, stuckForOperatorLetters, stuckLetters } from '../letters/stuck.ts';
import type { Actor } from '../store/actor.ts';
import type { MailboxEntry } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Registry } from '../store/port/registry.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';
import { file } from './uncollected-mailbox.ts';

export interface StuckNoticeParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Pick<Store, 'accept'> & {
    readonly registry: Pick<Registry, 'findAccountById'>;
    readonly deliveries: Pick<Deliveries, 'mailboxEntries' | 'setAside'>;
  };
}

/** Whose sessions ended at it, how often and from where; or who sets it aside. */
export type Why =
  | { readonly sessions: number; readonly network: string; readonly actor?: undefined }
  | { readonly actor: Actor; readonly sessions?: undefined; readonly network?: undefined };

/** As `StuckParts.act`. */
export async function actOnStuck(parts: StuckNoticeParts, stuck: StuckMessage, what: WhenStuck): Promise<Acted> {
  const { account, uid, times: sessions, network } = stuck;
  const entry = await entryOf(parts, account, uid);
  if (entry === undefined) return 'gone';
  if (what === 'tell') return await tell(parts, account, entry, { sessions, network });
  const done = await setAside(parts, account, entry, { sessions, network });
  if (typeof done === 'string') return done === 'in-use' ? 'later' : 'gone';
  return 'held';
}

export async function entryOf(
  { store }: StuckNoticeParts,
  account: AccountId,
  uid: EntryUid,
): Promise<MailboxEntry | undefined> {
  const [entry] = await store.deliveries.mailboxEntries(account, { after: (uid - 1) as EntryUid, limit: 1 });
  return entry?.uid === uid ? entry : undefined;
}

async function tell(parts: StuckNoticeParts, account: AccountId, entry: MailboxEntry, why: Why): Promise<Acted> {
  for (const notice of await noticesOf(parts, account, entry, { why, held: false })) await file(parts.store, notice);
  return 'told';
}

/** Rejects with StoreFull or StoreFailed, and then nothing was changed. */
export async function setAside(
  parts: StuckNoticeParts,
  account: AccountId,
  entry: MailboxEntry,
  why: Why,
): Promise<DeliveryId | 'in-use' | 'gone'> {
  const notices = await noticesOf(parts, account, entry, { why, held: true });
  const { sessions, actor } = why;
  try {
    return await parts.store.deliveries.setAside(account, entry.uid, {
      reply:
        actor === undefined
          ? `Set aside: ${sessions} sessions in a row ended at it`
          : `Set aside by the helpdesk: ${actor.reason ?? ''}`,
      facts: { 'set-aside': true, ...(sessions === undefined ? {} : { sessions }) },
      ...(actor === undefined ? {} : { actor }),
      notices: notices.map(({ acceptance }) => acceptance),
    });
  } finally {
    for (const notice of notices) await notice.discard();
  }
}

async function noticesOf(
  { noticeWriter, store }: StuckNoticeParts,
  account: AccountId,
  { uid, message }: MailboxEntry,
  { why: { sessions, network, actor }, held }: { readonly why: Why; readonly held: boolean },
): Promise<readonly PreparedNotice[]> {
  const summary = await store.registry.findAccountById(account);
  if (summary === undefined) return [];
  const { id, receivedAt: at, sender, octets } = message;
  const said = {
    login: summary.account.login,
    id: message.copyOf ?? id,
    at,
    sender,
    octets,
    ...(sessions === undefined ? {} : { sessions, network }),
  };
  const own = held ? asideLetters(said) : stuckLetters(said);
  const written: PreparedNotice[] = [];
  // Whoever set it aside knows it.
  for (const place of await noticeWriter.places.aroundMailbox(account, actor === undefined ? 'operator' : undefined)) {
    const as = place?.as ?? 'nobody';
    const letters = as === 'operator' ? stuckForOperatorLetters(said, held) : own;
    // Without its Message-ID: the header of the notice is to be as plain as its text.
    const about = { id: said.id, messageIdField: '' };
    const once = held ? {} : { once: `stuck:${account}:${uid}:${as}` };
    const notice = await noticeWriter.letter(place, { kind: 'stuck', about, letters, ...once });
    if (notice !== undefined) written.push(notice);
  }
  return written;
}
