/**
 * Changes to the state of a region that moves here from another server; each step of a practice
 * with its audit row.
 */
import { isoDay } from '../../domain/working-days.ts';
import type { Actor } from '../actor.ts';
import { RegistryError } from '../registry.ts';
import { int, long, text } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { LetterStep, TakeoverNote } from '../takeovers.ts';
import type { ChangeContext } from './change-context.ts';
import { COLLECTED, countHidden, hideEntries } from './hiding.ts';
import { accountNamed, organisationNamed } from './registered.ts';
import { addToMailbox } from './services.ts';

/** Entries of one transaction: some 10 ms of the writer's time. */
export const MOST_GIVEN_BACK = 200;

const ENTRY = { uid: int, message: long, octets: int, retrieved: int, receipt: int };

export class TakeoverChanges {
  /** Plans a practice for a wave. Mailboxes that only an earlier rehearsal had are forgotten. */
  *rehearsed(
    context: ChangeContext,
    practice: {
      readonly organisation: string;
      readonly wave: string;
      readonly day: number;
      readonly logins: readonly string[];
    },
    actor: Actor,
  ): Change<void> {
    const { organisation: name, wave, day, logins } = practice;
    const { id } = yield* organisationNamed(name);
    yield* sql.run`
      DELETE FROM takeover_mailbox WHERE state = 'rehearsed' AND account IN (SELECT id FROM account WHERE organisation = ${id} AND NOT (login ${among(text, logins)}))`;
    yield* sql.run`
      INSERT INTO takeover (organisation, wave, day, rehearsed_at) VALUES (${id}, ${wave}, ${day}, ${context.at})
      ON CONFLICT (organisation) DO UPDATE SET wave = excluded.wave, day = excluded.day, rehearsed_at = excluded.rehearsed_at`;
    const sums = yield* sql.one({ mailboxes: int, messages: int, octets: int, problems: int })`
      SELECT count(*) AS mailboxes, coalesce(sum(m.messages), 0) AS messages, coalesce(sum(m.octets), 0) AS octets, count(m.problem) AS problems
        FROM takeover_mailbox m JOIN account a ON a.id = m.account WHERE a.organisation = ${id}`;
    yield* context.record(
      'takeover.rehearsed',
      null,
      actor,
      { organisation: name },
      { wave, day: isoDay(day), ...sums },
    );
  }

  /**
   * Sets the state of a mailbox. When the last one of its practice moved, or went back, the trail
   * says so of the practice.
   */
  *note(
    context: ChangeContext,
    { login, there, state, messages, octets, problem }: TakeoverNote,
    actor: Actor,
  ): Change<void> {
    const { id, organisation } = yield* accountNamed(context.at, login);
    yield* sql.run`
      INSERT INTO takeover_mailbox (account, there, state, changed_at, messages, octets, problem)
      VALUES (${id}, ${there}, ${state}, ${context.at}, ${messages}, ${octets}, ${problem ?? null})
      ON CONFLICT (account) DO UPDATE SET there = excluded.there, state = excluded.state, changed_at = excluded.changed_at,
        messages = excluded.messages, octets = excluded.octets, problem = excluded.problem`;
    if (state !== 'moved' && state !== 'back') return;
    const { others, mailboxes, total } = yield* sql.one({ others: int, mailboxes: int, total: int })`
      SELECT coalesce(sum(CASE WHEN m.state <> ${state} THEN 1 ELSE 0 END), 0) AS others, count(*) AS mailboxes, coalesce(sum(m.messages), 0) AS total
        FROM takeover_mailbox m JOIN account a ON a.id = m.account WHERE a.organisation = ${organisation}`;
    if (others > 0) return;
    const { name } = yield* sql.one({ name: text })`SELECT name FROM organisation WHERE id = ${organisation}`;
    yield* sql.run`UPDATE takeover SET going_back_at = NULL WHERE organisation = ${organisation}`;
    const event = state === 'moved' ? 'takeover.moved' : 'takeover.returned';
    yield* context.record(event, null, actor, { organisation: name }, { mailboxes, messages: total });
  }

  /**
   * Mail of the practice may be given back to the other server, until all its mailboxes went back.
   */
  *goingBack(context: ChangeContext, name: string, actor: Actor): Change<void> {
    const { id } = yield* organisationNamed(name);
    const rows = yield* sql.run`
      UPDATE takeover SET going_back_at = ${context.at} WHERE organisation = ${id} AND going_back_at IS NULL`;
    if (rows > 0) yield* context.record('takeover.going-back', null, actor, { organisation: name });
  }

  /** Notes that the letter of that step was written, or filed. */
  *told(
    context: ChangeContext,
    {
      organisation: name,
      step,
      how,
    }: { readonly organisation: string; readonly step: LetterStep; readonly how: 'file' | 'notice' },
    actor: Actor,
  ): Change<void> {
    const { id } = yield* organisationNamed(name);
    const at = (which: LetterStep): number | null => (which === step ? context.at : null);
    const rows = yield* sql.run`
      UPDATE takeover SET announced_at = coalesce(${at('announce')}, announced_at), moved_told_at = coalesce(${at('moved')}, moved_told_at),
        reminded_at = coalesce(${at('reminder')}, reminded_at), back_told_at = coalesce(${at('back')}, back_told_at)
       WHERE organisation = ${id}`;
    if (rows === 0)
      throw new RegistryError('unknown', `No wave has "${name}"; "sluis takeover rehearse" puts it into one`);
    yield* context.record('takeover.letter', null, actor, { organisation: name }, { step, how });
  }

  /**
   * These messages are the other server's again: at most MOST_GIVEN_BACK. They leave the mailbox,
   * and can be imported once more. Resolves to how many left.
   */
  *giveBackImported(context: ChangeContext, account: number, uidls: readonly string[]): Change<number> {
    const rows = yield* sql.all({ uidl: text, uid: int })`
      SELECT i.uidl, e.uid FROM imported i JOIN entry e ON e.account = i.account AND e.message = i.message
       WHERE i.account = ${account} AND i.uidl ${among(text, uidls)} ORDER BY e.uid LIMIT ${MOST_GIVEN_BACK}`;
    if (rows.length === 0) return 0;
    const hidden = yield* hideEntries(
      context,
      account,
      rows.map(({ uid }) => uid),
      'withdrawn',
    );
    yield* sql.run`
      DELETE FROM imported WHERE account = ${account} AND uidl ${among(
        text,
        rows.map(({ uidl }) => uidl),
      )}`;
    return hidden.length;
  }

  /**
   * The first of those that nobody has fetched leave the mailbox, and wait to be written at the
   * other server: at most MOST_GIVEN_BACK. Resolves to how many left.
   */
  *giveBackWaiting(context: ChangeContext, account: number, actor: Actor): Change<number> {
    const waiting = yield* sql.all({ uid: int })`
      SELECT uid FROM entry WHERE account = ${account} AND retrieved < ${COLLECTED} ORDER BY uid LIMIT ${MOST_GIVEN_BACK}`;
    if (waiting.length === 0) return 0;
    const rows = yield* sql.all(ENTRY)`
      DELETE FROM entry WHERE account = ${account} AND uid ${among(
        int,
        waiting.map(({ uid }) => uid),
      )}
      RETURNING uid, message, octets, retrieved, receipt`;
    // The content is still needed: mail that is not written there yet must not run out.
    yield* sql.run`
      INSERT INTO takeover_return (account, uid, message, octets, retrieved, receipt)
      SELECT ${account}, uid, message, octets, retrieved, receipt FROM ${rowsOf(ENTRY, rows)}`;
    yield* addToMailbox(context, account, { octets: -octetsIn(rows), messages: -rows.length });
    for (const { message } of rows)
      yield* context.record('message.returned', account, actor, {}, {}, 'success', message);
    return rows.length;
  }

  /** Forgets messages: they were deleted at the other server too, and it cannot list them again. */
  *forget(_context: ChangeContext, account: number, uidls: readonly string[]): Change<void> {
    yield* sql.run`DELETE FROM imported WHERE account = ${account} AND uidl ${among(text, uidls)}`;
  }

  /** Messages that were written there are kept from now on as deleted mail is. */
  *written(context: ChangeContext, account: number, uids: readonly number[]): Change<void> {
    const rows = yield* sql.all(ENTRY)`
      DELETE FROM takeover_return WHERE account = ${account} AND uid ${among(int, uids)} RETURNING uid, message, octets, retrieved, receipt`;
    if (rows.length === 0) return;
    yield* sql.run`
      INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved, receipt, why)
      SELECT ${account}, ${context.at}, uid, message, octets, retrieved, receipt, 'withdrawn' FROM ${rowsOf(ENTRY, rows)}`;
    yield* countHidden(context, account, rows.length, octetsIn(rows));
    // `countHidden` counts what was in the mailbox until now.
    yield* addToMailbox(context, account, { octets: octetsIn(rows), messages: rows.length });
  }
}

const octetsIn = (rows: readonly { readonly octets: number }[]): number =>
  rows.reduce((sum, { octets }) => sum + octets, 0);
