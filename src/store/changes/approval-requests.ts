/**
 * Requests that wait for a second operator: asked, signed with a key, and used once before their
 * end, by two operators who are still registered. Signatures are judged by the caller
 * (crypto/trail/approval.ts); those with a passkey are in passkey-approvals.ts.
 */
import { grouped } from '../../crypto/keys/base32.ts';
import {
  type ApprovalRequest,
  type ApprovalSignature,
  MAX_REQUESTS,
  REQUEST_LIFETIME,
} from '../../domain/second-person.ts';
import { type Instant, days } from '../../domain/units.ts';
import type { Actor } from '../actor.ts';
import type { ApprovalRecord, Bound } from '../operators.ts';
import { requestOf } from '../reads/operators.ts';
import { RegistryError } from '../registry.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { heldPasskey } from './console.ts';
import { signerOf } from './operator-keys.ts';
import { checkRoom } from './passkey-approvals.ts';

/** How long requests are kept after their end. */
const KEPT = days(30);

/** Who asked and who signed, by the key or passkey of each. */
export interface Signers {
  readonly first: Bound;
  readonly second: Bound;
}

/**
 * A request that waits for signatures. The same one again (operation, input, person and reason) is
 * the one that waits already. Throws `exists` when MAX_REQUESTS wait.
 */
export function* askSecond(
  context: ChangeContext,
  request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>,
): Change<ApprovalRecord> {
  const { at } = context;
  const { id, operation, verb, input, askedBy, reason, askedWith } = request;
  const same = yield* sql.first({ id: text })`
    SELECT id FROM approval WHERE operation = ${operation} AND input = ${input} AND asked_by = ${askedBy}
       AND reason = ${reason} AND coalesce(asked_with, '') = ${askedWith ?? ''} AND used_at IS NULL AND rejected_at IS NULL AND ends_at > ${at}`;
  if (same === undefined) {
    yield* sweep(at - KEPT);
    const { n } = yield* sql.one({ n: int })`
      SELECT count(*) AS n FROM approval WHERE used_at IS NULL AND rejected_at IS NULL AND ends_at > ${at}`;
    if (n >= MAX_REQUESTS)
      throw new RegistryError(
        'exists',
        `There are ${MAX_REQUESTS} requests for a second person, the most that wait at a time; each ends within an hour`,
      );
    yield* sql.run`
      INSERT INTO approval (id, operation, verb, input, asked_by, reason, asked_at, ends_at, asked_with)
      VALUES (${id}, ${operation}, ${verb}, ${input}, ${askedBy}, ${reason}, ${at}, ${at + REQUEST_LIFETIME}, ${askedWith ?? null})`;
    const actor = { name: askedBy, reason };
    const known = askedWith === undefined ? {} : { proof: 'passkey', passkey: grouped(askedWith) };
    yield* context.record('approval.asked', null, actor, {}, { request: grouped(id), operation, ...known });
  }
  const record = yield* requestOf(context, same?.id ?? id);
  if (record === undefined) throw new RegistryError('unknown', `Request ${grouped(id)} is gone`);
  return record;
}

/** Each operator signs once. */
export function* signRequest(
  context: ChangeContext,
  id: string,
  { fingerprint, at, signature }: ApprovalSignature,
  actor: Actor,
): Change<void> {
  const { operation } = yield* openRequest(id, context.at);
  const name = yield* signerOf(fingerprint, context.at);
  yield* checkRoom(id, name);
  yield* sql.run`
    INSERT INTO approval_signature (approval, fingerprint, at, signature) VALUES (${id}, ${fingerprint}, ${at}, ${signature})`;
  const facts = { request: grouped(id), operation, fingerprint };
  yield* context.record('approval.signed', null, actor, { operator: name }, facts);
}

/**
 * Uses a request up for its operation: once, before its end, while both operators are still
 * registered.
 */
export function* useRequest(
  context: ChangeContext,
  id: string,
  { first, second }: Signers,
  actor: Actor,
): Change<void> {
  const { operation } = yield* openRequest(id, context.at);
  const people = { first: yield* boundBy(context, first), second: yield* boundBy(context, second) };
  yield* sql.run`UPDATE approval SET used_at = ${context.at} WHERE id = ${id}`;
  const facts = { request: grouped(id), operation, ...boundFacts('first', first), ...boundFacts('second', second) };
  yield* context.record('approval.used', null, actor, people, facts);
}

function* sweep(before: number): Change<void> {
  yield* sql.run`
    DELETE FROM approval_passkey WHERE approval IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
  yield* sql.run`
    DELETE FROM approval_signature WHERE approval IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
  yield* sql.run`
    DELETE FROM approval WHERE id IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
}

/** An open request; throws `unknown`, or `ended` with what became of it. */
export function* openRequest(
  id: string,
  at: Instant,
): Change<{ readonly operation: string; readonly askedBy: string }> {
  const row = yield* sql.first({
    operation: text,
    askedBy: text,
    endsAt: time,
    usedAt: orNull(time),
    rejectedAt: orNull(time),
  })`
    SELECT operation, asked_by, ends_at, used_at, rejected_at FROM approval WHERE id = ${id} ${locked}`;
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `There is no request ${grouped(id)}; "sluis approve --list" shows those that wait`,
    );
  if (row.usedAt !== null)
    throw new RegistryError(
      'ended',
      `Request ${grouped(id)} was used at ${new Date(row.usedAt).toISOString()}, and an approval serves once; run the command again to ask again`,
    );
  if (row.rejectedAt !== null)
    throw new RegistryError(
      'ended',
      `Request ${grouped(id)} was refused by a second person at ${new Date(row.rejectedAt).toISOString()}; ask that person why before you ask again`,
    );
  if (row.endsAt <= at)
    throw new RegistryError(
      'ended',
      `Request ${grouped(id)} ended at ${new Date(row.endsAt).toISOString()}; run the command again to ask again`,
    );
  return row;
}

/** The name of an operator who has this key or passkey, and may sign. */
function* boundBy(context: ChangeContext, bound: Bound): Change<string> {
  return 'key' in bound ? yield* signerOf(bound.key, context.at) : (yield* heldPasskey(context, bound.passkey)).name;
}

const boundFacts = (which: 'first' | 'second', bound: Bound): object =>
  'key' in bound ? { [`${which}Key`]: bound.key } : { [`${which}Passkey`]: grouped(bound.passkey) };
