/** Public keys of operators, by which they sign as a second person. */
import type { Operator } from '../../domain/second-person.ts';
import { type Instant, iso } from '../../domain/units.ts';
import { RegistryError } from '../registry.ts';
import { orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { operatorNamed } from './operator-row.ts';

/** Adds a key. It is one person's, and one that was removed is never accepted again. */
export function* addKey(
  context: ChangeContext,
  name: string,
  { fingerprint, publicKey }: Pick<Operator, 'fingerprint' | 'publicKey'>,
): Change<void> {
  const same = yield* keyOf(fingerprint);
  if (same?.removedAt === null)
    throw new RegistryError(
      'exists',
      `The key ${fingerprint} is that of operator "${same.name}" already, and a key belongs to one person`,
    );
  if (same !== undefined)
    throw new RegistryError(
      'ended',
      `The key ${fingerprint} was removed (it was "${same.name}"), which is final; register another key`,
    );
  yield* sql.run`
    INSERT INTO operator_key (fingerprint, name, public_key, added_at) VALUES (${fingerprint}, ${name}, ${publicKey}, ${context.at})`;
}

/** Removes a key; returns its fingerprint. */
export function* removeKey(context: ChangeContext, name: string): Change<string | undefined> {
  const row = yield* sql.first({ fingerprint: text })`
    SELECT fingerprint FROM operator_key WHERE name = ${name} AND removed_at IS NULL ${locked}`;
  if (row === undefined) return undefined;
  yield* sql.run`UPDATE operator_key SET removed_at = ${context.at} WHERE fingerprint = ${row.fingerprint}`;
  return row.fingerprint;
}

/** The operator who has, or once had, this key. */
function* keyOf(
  fingerprint: string,
): Change<{ readonly name: string; readonly removedAt: Instant | null } | undefined> {
  return yield* sql.first({ name: text, removedAt: orNull(time) })`
    SELECT name, removed_at FROM operator_key WHERE fingerprint = ${fingerprint} ${locked}`;
}

/** The name of an operator who may sign. */
export function* signerOf(fingerprint: string, at: Instant): Change<string> {
  const row = yield* keyOf(fingerprint);
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `No operator has the key ${fingerprint}; "sluis operator list" shows those that are registered`,
    );
  // An operator whose key was not removed exists.
  const endsAt = row.removedAt ?? (yield* operatorNamed(row.name)).endsAt;
  if (endsAt !== null && endsAt <= at)
    throw new RegistryError(
      'ended',
      `Operator "${row.name}" was removed at ${iso(endsAt)}; another operator must sign`,
    );
  return row.name;
}
