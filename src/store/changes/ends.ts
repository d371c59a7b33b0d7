/**
 * Parts of changes: end accounts for good with everything that belongs to them, in a few statements
 * however many accounts.
 */
import type { Actor } from '../actor.ts';
import { groupedBy } from '../../domain/grouped-by.ts';
import type { State } from '../../domain/registry.ts';
import { int, orNull, text } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { dropAppPasswords } from './app-passwords.ts';
import { voidCodes } from './enrolments.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { dropAllVerifiers } from './passwords.ts';
import { revokeRegistrations } from './registrations.ts';
import { cutEnding } from './cut-references.ts';
import { endWebhooksOf } from './webhooks.ts';

/** Rows of each kind in one step: a few milliseconds of the writer's time. */
export const ROWS = 200;

/**
 * Ends an account and writes the audit rows of what ended with it. The row of its own end is the
 * caller's.
 */
export function* endAccount(context: ChangeContext, account: number, actor: Actor): Change<void> {
  const rows = yield* endAll(context, [account]);
  yield* context.recordAll(rows.get(account) ?? [], actor);
}

/**
 * Ends accounts, each named once. Returns the audit rows of what ended with each; they come before
 * the row of its own end.
 */
export function* endAll(
  context: ChangeContext,
  accounts: readonly number[],
): Change<ReadonlyMap<number, readonly TrailRow[]>> {
  // Runs while certificates and addresses are still registered, since the audit rows name them.
  const rows = yield* cutEnding(context, accounts);
  yield* sql.run`UPDATE account SET state = 'ended', version = version + 1 WHERE id ${among(int, accounts)}`;
  context.tell(accounts);
  // Its addresses end too, so that none of them ever reaches somebody else.
  yield* sql.run`UPDATE address SET state = 'ended' WHERE account ${among(int, accounts)} AND state <> 'ended'`;
  yield* dropAllVerifiers(accounts);
  yield* dropAppPasswords(accounts);
  // Its certificates may be registered for the account that comes after it.
  yield* revokeRegistrations(context, accounts);
  yield* voidCodes(context, accounts);
  const webhooks = groupedBy(yield* endWebhooksOf(accounts), ({ account }) => account);
  // The partner of such an account ends with it.
  yield* sql.run`UPDATE partner SET state = 'ended' WHERE account ${among(int, accounts)}`;
  yield* sql.run`
    DELETE FROM partner_domain WHERE partner IN (SELECT id FROM partner WHERE account ${among(int, accounts)})`;
  return new Map(
    accounts.map((account) => [account, [...(rows.get(account) ?? []), ...(webhooks.get(account) ?? [])]]),
  );
}

const CLOSING = { account: int, successor: orNull(text) };

/**
 * Ends accounts and names a successor to senders. An address that ended before keeps its successor.
 */
export function* closeAll(
  context: ChangeContext,
  closing: readonly { readonly account: number; readonly successor: string | null }[],
): Change<ReadonlyMap<number, readonly TrailRow[]>> {
  if (closing.length === 0) return new Map();
  yield* sql.run`
    UPDATE address SET state = 'ended', successor = given.successor FROM ${rowsOf(CLOSING, closing)}
     WHERE address.account = given.account AND address.state <> 'ended' AND address.final_at IS NULL
       AND (address.ends_at IS NULL OR address.ends_at > ${context.at})`;
  return yield* endAll(
    context,
    closing.map(({ account }) => account),
  );
}

/** Ends accounts whose time, or whose organisation's, is over. */
export function* closeEach(
  context: ChangeContext,
  accounts: readonly {
    readonly id: number;
    readonly login: string;
    readonly state: State;
    readonly successor: string | null;
  }[],
  actor: Actor,
): Change<void> {
  const rows = yield* closeAll(
    context,
    accounts.map(({ id, successor }) => ({ account: id, successor })),
  );
  for (const { id, login, state } of accounts) {
    yield* context.recordAll(rows.get(id) ?? [], actor);
    yield* context.record('registry.account-state', id, actor, { login }, { from: state, to: 'ended' });
  }
}
