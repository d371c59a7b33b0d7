/**
 * The one place that compares the right an operation needs with what the caller may do. Rows of the
 * command table name the rights. docs/commands.md has the roles; `sluis operator roles` shows the
 * table.
 *
 * To look at counts, states and the registry needs `read`. To see who mailed with whom needs
 * `support`. To stop somebody who does harm also needs `support`; to let him in again needs
 * `registry`. `owner` is for what shows mail itself, cannot be undone for a person's mail, or opens
 * every key.
 */
import { type Right, type Standing, mayDo } from '../domain/roles.ts';
import { AdminError } from './error.ts';
import { isOwn } from './own-account.ts';

/**
 * Throws AdminError, kind `forbidden`. The text names the right and nothing of the thing that the
 * call was about, since that was not looked up.
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
