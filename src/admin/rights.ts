/**
 * What each operation asks of whoever calls it, and the one place where that is held against what he may do. An operation that is declared as a row of
 * the command table says it there; the others say it here, until their subject has rows. The compiler holds the list complete, and without those that say
 * it themselves. docs/operations.md has the roles, `sluis operator roles` shows the table.
 *
 * Looking at counts, states and what is registered is `read`; at who mailed with whom `support`. What stops somebody who does harm is `support` as well,
 * letting him in again is `registry`. What shows mail itself, cannot be undone for a person's mail, or opens every key, is the owner's.
 */
import { type Right, type Standing, mayDo } from '../domain/roles.ts';
import { AdminError } from './context.ts';

export const RIGHTS = {
  'mail.findings': 'read',
} satisfies Readonly<Record<string, Right>>;

/** Throws AdminError, kind `forbidden`. Tells what is asked for and nothing of what the call was about: it was not looked up. */
export function checkRight(operation: string, right: Right, { role }: Standing): void {
  if (mayDo(role, right)) return;
  throw new AdminError(
    'forbidden',
    `Cannot do ${operation}: it takes the right "${right}", and the role "${role}" does not have it; ask somebody who has ("sluis operator roles" shows which role may do what)`,
  );
}
