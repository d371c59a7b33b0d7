/** Operators that a change names, and what lets them in, as of the moment of the change. */
import { grouped } from '../../crypto/keys/base32.ts';
import type { Role } from '../../domain/roles.ts';
import { type Instant, iso } from '../../domain/units.ts';
import { RegistryError } from '../registry.ts';
import { as, int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

export interface FoundOperator {
  readonly id: number;
  readonly role: Role;
  readonly organisation: number | null;
  readonly endsAt: Instant | null;
}

export function* operatorOf(name: string): Change<FoundOperator | undefined> {
  return yield* sql.first({ id: int, role: as<Role>(text), organisation: orNull(int), endsAt: orNull(time) })`
    SELECT id, role, organisation, ends_at FROM operator WHERE name = ${name} AND ended_at IS NULL ${locked}`;
}

/** An operator by name. Throws RegistryError `unknown`. */
export function* operatorNamed(name: string): Change<FoundOperator> {
  const row = yield* operatorOf(name);
  if (row === undefined)
    throw new RegistryError('unknown', `There is no operator "${name}"; "sluis operator list" shows those there are`);
  return row;
}

/** An operator who may do something now. Throws RegistryError `unknown` or `ended`. */
export function* currentOperator({ at }: Pick<ChangeContext, 'at'>, name: string): Change<FoundOperator> {
  const row = yield* operatorNamed(name);
  if (row.endsAt !== null && row.endsAt <= at)
    throw new RegistryError(
      'ended',
      `Operator "${name}" has ended; give another end with "sluis operator set ${name} --ends DATE"`,
    );
  return row;
}

/** What is to be ended, which is done once. Throws RegistryError `unknown` or `ended`. */
export function notEnded<T extends { readonly endedAt: Instant | null }>(
  row: T | undefined,
  what: 'token' | 'passkey' | 'identity',
  id: string,
): T {
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `There is no ${what} "${grouped(id)}"; "sluis operator ${what} list" shows those there are`,
    );
  if (row.endedAt !== null)
    throw new RegistryError('ended', `The ${what} ${grouped(id)} was ended at ${iso(row.endedAt)} already`);
  return row;
}

/**
 * An operator whom an OpenID provider vouches for: his groups there decide at each login. Throws
 * RegistryError `invalid`.
 */
export function* refuseFederated(name: string, operator: number, why: string): Change<void> {
  const row = yield* sql.first({ issuer: text })`
    SELECT issuer FROM operator_identity WHERE operator = ${operator} AND released_at IS NULL ${locked}`;
  if (row !== undefined)
    throw new RegistryError(
      'invalid',
      `Operator "${name}" logs in at ${row.issuer}, where groups decide what he may do: ${why}; change his groups there, or register another operator`,
    );
}
