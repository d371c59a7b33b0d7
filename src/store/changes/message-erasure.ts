/**
 * Erases one message: its entries, its deleted entries, its content with the sealed key. Its facts
 * stay for the trace.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import { flag, int, long } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { type ChangeContext, append } from './change-context.ts';
import { COLLECTED } from './hiding.ts';
import { addToMailbox } from './services.ts';

/** A message row, with the mailboxes that a copy of it went to. */
export interface CopiesOf {
  readonly id: bigint;
  readonly accounts: readonly number[];
}

const PLACE = { account: int, message: long };

export class MessageErasureChanges {
  /**
   * Erases a message, all of it or nothing. `waiting`: the addressee waits for it, and must hear
   * first that it does not come. `elsewhere`: a copy in a mailbox that is not named would never
   * open. Its chunks become an upload that was given up, which the caller removes slice by slice.
   */
  *erase(
    context: ChangeContext,
    messages: readonly CopiesOf[],
    audit: AuditItem,
  ): Change<'erased' | 'waiting' | 'elsewhere'> {
    const places = messages.flatMap(({ id: message, accounts }) => accounts.map((account) => ({ account, message })));
    const ids = messages.map(({ id }) => id);
    const kept = yield* whyKept(ids, places);
    if (kept !== undefined) return kept;
    yield* takeOut(context, places);
    yield* sql.run`
      INSERT INTO upload (message, started_at) SELECT message, ${context.at} FROM content WHERE message ${among(long, ids)} AND body IS NULL
      ON CONFLICT DO NOTHING`;
    yield* sql.run`DELETE FROM content WHERE message ${among(long, ids)}`;
    yield* sql.run`UPDATE message SET gone_at = ${context.at} WHERE id ${among(long, ids)} AND gone_at IS NULL`;
    yield* append(audit);
    return 'erased';
  }
}

/** Why the first of these messages may not be erased. */
function* whyKept(
  ids: readonly bigint[],
  places: readonly { readonly account: number; readonly message: bigint }[],
): Change<'waiting' | 'elsewhere' | undefined> {
  const open = yield* sql.all({ message: long })`
    SELECT message FROM delivery WHERE message ${among(long, ids)} AND settled_at IS NULL ${locked}`;
  const entries = yield* sql.all({ message: long, unseen: flag })`
    SELECT e.message, e.retrieved < ${COLLECTED} AS unseen FROM ${rowsOf(PLACE, places)}
      JOIN entry e ON e.account = given.account AND e.message = given.message`;
  const hidden = yield* sql.all({ message: long })`
    SELECT h.message FROM ${rowsOf(PLACE, places)} JOIN hidden_entry h ON h.account = given.account AND h.message = given.message`;
  const contents = yield* sql.all({ message: long, refs: int })`
    SELECT message, refs FROM content WHERE message ${among(long, ids)}`;
  for (const id of ids) {
    const its = <R extends { readonly message: bigint }>(rows: readonly R[]): readonly R[] =>
      rows.filter(({ message }) => message === id);
    if (its(open).length > 0 || its(entries).some(({ unseen }) => unseen)) return 'waiting';
    const refs = its(contents)[0]?.refs ?? 0;
    if (refs > its(entries).length + its(hidden).length) return 'elsewhere';
  }
  return undefined;
}

/** Removes entries from mailboxes, deleted ones included. */
function* takeOut(
  context: ChangeContext,
  places: readonly { readonly account: number; readonly message: bigint }[],
): Change<void> {
  const entries = yield* sql.all({ account: int, octets: int })`
    DELETE FROM entry WHERE (account, message) IN (SELECT account, message FROM ${rowsOf(PLACE, places)}) RETURNING account, octets`;
  const hidden = yield* sql.all({ account: int, octets: int })`
    DELETE FROM hidden_entry WHERE (account, message) IN (SELECT account, message FROM ${rowsOf(PLACE, places)}) RETURNING account, octets`;
  const taken = new Map<number, { octets: number; messages: number; hidden: number }>();
  const of = (account: number): { octets: number; messages: number; hidden: number } => {
    const known = taken.get(account) ?? { octets: 0, messages: 0, hidden: 0 };
    taken.set(account, known);
    return known;
  };
  for (const { account, octets } of entries) {
    of(account).octets -= octets;
    of(account).messages -= 1;
  }
  for (const { account, octets } of hidden) of(account).hidden -= octets;
  for (const [account, by] of taken) yield* addToMailbox(context, account, by);
}
