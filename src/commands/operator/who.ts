/** Names of operators, and the rights that one operator may give another. */
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { cleanBase32 } from '../../crypto/keys/base32.ts';
import { ROLES, type Role, covers } from '../../domain/roles.ts';
import { isOperatorName } from '../../domain/second-person.ts';
import type { OperatorRecord } from '../../store/operators.ts';
import type { Store } from '../../store/port/store.ts';
import { type Expected, choice, naming, ofText } from '../core/kind.ts';
import { opt } from '../core/params.ts';

export const operatorName = naming(
  'operator',
  ofText(
    'name',
    {
      en: '1 to 32 characters a-z, 0-9, - and ., such as jan.devries',
      nl: '1 tot en met 32 tekens a-z, 0-9, - en ., zoals jan.devries',
    },
    (text) => (isOperatorName(text) ? text : undefined),
  ),
);
/** A short id as people see it. `what`: the thing, as a sentence names it. */
export const shownId = (what: string, expected: Expected) =>
  naming(
    'operator',
    ofText(what, expected, (text) => {
      const id = cleanBase32(text);
      return /^[A-Z0-9]{8}$/.test(id) ? id : undefined;
    }),
  );
export const role = choice('role', ROLES);
export const ofOperator = opt(operatorName, 'of this one only');

export const isOf =
  (wanted: string | undefined) =>
  ({ operator }: { readonly operator: string }): boolean =>
    wanted === undefined || operator === wanted;

/**
 * Throws AdminError if the caller gives a right that he does not have, or changes somebody who may
 * do more than he. Otherwise the right to register operators would give every right.
 */
export function checkGives({ who }: Call, ...roles: readonly Role[]): void {
  const above = roles.find((one) => !covers(who.role, one));
  if (above !== undefined)
    throw new AdminError(
      'forbidden',
      `Cannot give or change the role "${above}": your own is "${who.role}", which may do less; ask somebody whose role reaches so far`,
    );
}

export async function operatorOf(store: Store, name: string): Promise<OperatorRecord> {
  const found = (await store.operators.list()).find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new AdminError('unknown', `There is no operator "${name}"; "sluis operator list" shows those there are`);
}
