/**
 * The one place where what an operation asks of whoever calls it is held against what he may do.
 * Rows of the command table say it; docs/commands.md has the roles, `sluis operator roles` shows
 * the table.
 *
 * Looking at counts, states and what is registered is `read`; at who mailed with whom `support`.
 * What stops somebody who does harm is `support` as well, letting him in again is `registry`. What
 * shows mail itself, cannot be undone for a person's mail, or opens every key, is the owner's.
 */
import { type Right, type Standing, mayDo } from '../domain/roles.ts';
import { AdminError } from './error.ts';
import { isOwn } from './own-account.ts';

/**
 * Throws AdminError, kind `forbidden`. Tells what is asked for and nothing of what the call was
 * about: it was not looked up.
 */
export function checkRight(operation: string, right: Right, { role, account }: Standing): void {
  if (account !== undefined ? isOwn(operation) : mayDo(role, right)) return;
  if (account !== undefined)
    throw new AdminError(
      'forbidden',
      `Cannot do ${operation}: an account does for itself what its own pages offer; ask the helpdesk for anything else`,
    );
  throw new AdminError(
    'forbidden',
    `Cannot do ${operation}: it takes the right "${right}", and the role "${role}" does not have it; ask somebody who has ("sluis operator roles" shows which role may do what)`,
  );
}
