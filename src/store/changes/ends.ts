/** Parts of changes: accounts end for ever, with all that hangs on them, in a few statements however many they are. */
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

/** An account, with its rows in the trail of what ended with it. The row of its own end is the caller's. */
export function* endAccount(context: ChangeContext, account: number, actor: Actor): Change<void> {
  const rows = yield* endAll(context, [account]);
  yield* context.recordAll(rows.get(account) ?? [], actor);
}

/** Answers the rows of the trail that are to be written of what ended with each, before that of its own end. Each account is named once. */
export function* endAll(
  context: ChangeContext,
  accounts: readonly number[],
): Change<ReadonlyMap<number, readonly TrailRow[]>> {
  // While its certificates are registered, and its addresses its own: the rows of the trail speak of them.
  const rows = yield* cutEnding(context, accounts);
  yield* sql.run`UPDATE account SET state = 'ended', version = version + 1 WHERE id ${among(int, accounts)}`;
  context.tell(accounts);
  // Its addresses end with it: none of them may ever reach somebody else.
  yield* sql.run`UPDATE address SET state = 'ended' WHERE account ${among(int, accounts)} AND state <> 'ended'`;
  yield* dropAllVerifiers(accounts);
  yield* dropAppPasswords(accounts);
  // Its certificates may be registered for the account that comes after it.
  yield* revokeRegistrations(context, accounts);
  yield* voidCodes(context, accounts);
  const webhooks = groupedBy(yield* endWebhooksOf(accounts), ({ account }) => account);
  // A partner's: what hangs on it must not go on by itself.
  yield* sql.run`UPDATE partner SET state = 'ended' WHERE account ${among(int, accounts)}`;
  yield* sql.run`
    DELETE FROM partner_domain WHERE partner IN (SELECT id FROM partner WHERE account ${among(int, accounts)})`;
  return new Map(
    accounts.map((account) => [account, [...(rows.get(account) ?? []), ...(webhooks.get(account) ?? [])]]),
  );
}

const CLOSING = { account: int, successor: orNull(text) };

/** The same, and senders to its addresses are told of a successor. What ended before keeps the one that it has. */
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

/** Accounts whose time, or whose organisation's, is over. */
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
