/** Reads of where a region stands that moves here from another server. */
import { type AccountId, type EntryUid, messageIdOf } from '../../domain/ids.ts';
import { type Language, OPERATOR_ORGANISATION } from '../../domain/registry.ts';
import type { MailboxStep, Practice, Returning, TakeoverMailbox } from '../takeovers.ts';
import { as, int, long, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

/** Most rows of a page. */
const MOST = 1000;

const PRACTICE = {
  organisation: text,
  title: text,
  language: as<Language>(text),
  contact: optional(text),
  wave: optional(text),
  day: optional(int),
  rehearsedAt: optional(time),
  announcedAt: optional(time),
  movedToldAt: optional(time),
  remindedAt: optional(time),
  backToldAt: optional(time),
  goingBackAt: optional(time),
  mailboxes: int,
  importing: int,
  failed: int,
  moved: int,
  back: int,
  problems: int,
  messages: int,
  octets: int,
  changedAt: optional(time),
};
const inState = (state: MailboxStep): string => `coalesce(sum(CASE WHEN m.state = '${state}' THEN 1 ELSE 0 END), 0)`;
/** Columns of the table `o`, joined with `t`, its accounts `a` and their rows `m`. */
const PRACTICE_COLUMNS = words(`
  o.name AS organisation, o.title, o.language, o.contact, t.wave, t.day, t.rehearsed_at, t.announced_at, t.moved_told_at, t.reminded_at, t.back_told_at, t.going_back_at,
  count(m.account) AS mailboxes, ${inState('importing')} AS importing, ${inState('failed')} AS failed, ${inState('moved')} AS moved,
  ${inState('back')} AS back, count(m.problem) AS problems, coalesce(sum(m.messages), 0) AS messages, coalesce(sum(m.octets), 0) AS octets,
  max(m.changed_at) AS changed_at`);
const ITS_MAILBOXES = words(
  `LEFT JOIN account a ON a.organisation = o.id LEFT JOIN takeover_mailbox m ON m.account = a.id`,
);
const BY_PRACTICE = words(`
  GROUP BY o.name, o.title, o.language, o.contact, t.wave, t.day, t.rehearsed_at, t.announced_at, t.moved_told_at, t.reminded_at, t.back_told_at, t.going_back_at`);
const MAILBOX = {
  login: text,
  organisation: text,
  there: text,
  state: as<MailboxStep>(text),
  changedAt: time,
  messages: int,
  octets: int,
  problem: optional(text),
};
const MAILBOX_COLUMNS = words(
  'a.login, o.name AS organisation, m.there, m.state, m.changed_at, m.messages, m.octets, m.problem',
);

export class TakeoverReads {
  /**
   * Organisations that have not ended and have accounts of their own, without the operator's, also
   * those of no wave; by name after `after`; at most 1000.
   */
  *practices(
    _now: Now,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Change<readonly Practice[]> {
    return yield* sql.all(PRACTICE)`
      SELECT ${PRACTICE_COLUMNS} FROM organisation o LEFT JOIN takeover t ON t.organisation = o.id ${ITS_MAILBOXES}
       WHERE o.name > ${after} AND o.state <> 'ended' AND o.name <> ${OPERATOR_ORGANISATION}
         AND (t.organisation IS NOT NULL OR EXISTS (SELECT 1 FROM account k WHERE k.organisation = o.id AND k.kind <> 'partner' AND k.state <> 'ended'))
       ${BY_PRACTICE} ORDER BY o.name LIMIT ${Math.min(limit, MOST)}`;
  }

  /** One practice; undefined if there is no such organisation. */
  *practice(_now: Now, name: string): Change<Practice | undefined> {
    return yield* sql.first(PRACTICE)`
      SELECT ${PRACTICE_COLUMNS} FROM organisation o LEFT JOIN takeover t ON t.organisation = o.id ${ITS_MAILBOXES}
       WHERE o.name = ${name} ${BY_PRACTICE}`;
  }

  /** Mailboxes of every practice, by login name behind `after`; at most 1000. */
  *mailboxes(
    _now: Now,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Change<readonly TakeoverMailbox[]> {
    return yield* sql.all(MAILBOX)`
      SELECT ${MAILBOX_COLUMNS} FROM account a JOIN takeover_mailbox m ON m.account = a.id JOIN organisation o ON o.id = a.organisation
       WHERE a.login > ${after} ORDER BY a.login LIMIT ${Math.min(limit, MOST)}`;
  }

  /** Mailboxes of one practice. */
  *mailboxesOf(
    _now: Now,
    organisation: string,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Change<readonly TakeoverMailbox[]> {
    return yield* sql.all(MAILBOX)`
      SELECT ${MAILBOX_COLUMNS} FROM organisation o JOIN account a ON a.organisation = o.id JOIN takeover_mailbox m ON m.account = a.id
       WHERE o.name = ${organisation} AND a.login > ${after} ORDER BY a.login LIMIT ${Math.min(limit, MOST)}`;
  }

  /**
   * Messages that left the mailbox to be written at the other server, oldest first; at most 1000.
   */
  *returns(_now: Now, account: AccountId): Change<readonly Returning[]> {
    const rows = yield* sql.all({ uid: as<EntryUid>(int), message: long, octets: int })`
      SELECT uid, message, octets FROM takeover_return WHERE account = ${account} ORDER BY uid LIMIT ${MOST}`;
    return rows.map(({ message, ...row }) => ({ ...row, message: messageIdOf(message) }));
  }

  /** Number of messages that were taken over and that nobody has fetched. */
  *unfetched(_now: Now, account: AccountId): Change<number> {
    const { n } = yield* sql.one({ n: int })`
      SELECT count(*) AS n FROM entry
       WHERE account = ${account} AND retrieved < 2 AND message NOT IN (SELECT message FROM imported WHERE account = ${account})`;
    return n;
  }

  /**
   * UIDLs of messages that were taken over and that the owner has deleted since, in order of their
   * text, behind `after`; at most 1000. What ran out, or an operator took away, is not among them
   * as long as that is known.
   */
  *deletedSince(_now: Now, account: AccountId, after: string): Change<readonly string[]> {
    const rows = yield* sql.all({ uidl: text })`
      SELECT uidl FROM imported WHERE account = ${account} AND uidl > ${after}
         AND message NOT IN (SELECT message FROM entry WHERE account = ${account})
         AND message NOT IN (SELECT message FROM takeover_return WHERE account = ${account})
         AND message NOT IN (SELECT message FROM hidden_entry WHERE account = ${account} AND why <> 'deleted')
       ORDER BY uidl LIMIT ${MOST}`;
    return rows.map(({ uidl }) => uidl);
  }
}
