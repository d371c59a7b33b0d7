/**
 * Changes to operators and to what waits for a second of them; each with its audit row. Signatures are judged by the caller (crypto/approval.ts);
 * that a request is used once, in its time, and by two who are still registered, holds here.
 *
 * They throw RegistryError: `exists`, `unknown`, `ended` and `invalid` as in the registry.
 */
import { grouped } from '../../crypto/base32.ts';
import {
  type ApprovalRequest,
  type ApprovalSignature,
  type ChosenVerb,
  MAX_OPERATORS,
  MAX_REQUESTS,
  MAX_SIGNATURES,
  type Operator,
  REQUEST_LIFETIME,
} from '../../domain/second-person.ts';
import { type Instant, days } from '../../domain/units.ts';
import type { ApprovalRecord } from '../operators.ts';
import { requestOf } from '../reads/operators.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { factOf, setFact } from './facts.ts';
import type { Ground } from './ground.ts';

const KEPT = days(30);
const RULE = 'second_person';

export class OperatorChanges {
  *add(ground: Ground, { name, fingerprint, publicKey }: Operator, actor: Actor): Change<void> {
    const same = yield* operatorOf(fingerprint);
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
    if ((yield* fingerprintOf(name)) !== undefined)
      throw new RegistryError(
        'exists',
        `There is an operator "${name}" already; choose another name, or remove that one first`,
      );
    const { n } = yield* sql.one({ n: int })`SELECT count(*) AS n FROM operator WHERE removed_at IS NULL`;
    if (n >= MAX_OPERATORS)
      throw new RegistryError(
        'exists',
        `There are ${MAX_OPERATORS} operators, the most there can be; remove one first`,
      );
    yield* sql.run`
      INSERT INTO operator (fingerprint, name, public_key, added_at) VALUES (${fingerprint}, ${name}, ${publicKey}, ${ground.at})`;
    yield* ground.record('operator.added', null, actor, { operator: name }, { fingerprint });
  }

  /** Final: the key is never taken again, and its signatures count no more. */
  *remove(ground: Ground, name: string, actor: Actor): Change<void> {
    const fingerprint = yield* fingerprintOf(name);
    if (fingerprint === undefined)
      throw new RegistryError('unknown', `There is no operator "${name}"; "sluis operator list" shows those there are`);
    yield* sql.run`UPDATE operator SET removed_at = ${ground.at} WHERE fingerprint = ${fingerprint}`;
    yield* ground.record('operator.removed', null, actor, { operator: name }, { fingerprint });
  }

  /**
   * A request that waits for signatures. The same one again (operation, input, person and reason) is the one that waits already. Throws
   * `exists` when MAX_REQUESTS wait.
   */
  *ask(ground: Ground, request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>): Change<ApprovalRecord> {
    const { at } = ground;
    const { id, operation, verb, input, askedBy, reason } = request;
    const same = yield* sql.first({ id: text })`
      SELECT id FROM approval WHERE operation = ${operation} AND input = ${input} AND asked_by = ${askedBy}
         AND reason = ${reason} AND used_at IS NULL AND ends_at > ${at}`;
    if (same === undefined) {
      yield* sweep(at - KEPT);
      const { n } = yield* sql.one({ n: int })`
        SELECT count(*) AS n FROM approval WHERE used_at IS NULL AND ends_at > ${at}`;
      if (n >= MAX_REQUESTS)
        throw new RegistryError(
          'exists',
          `There are ${MAX_REQUESTS} requests for a second person, the most that wait at a time; each ends within an hour`,
        );
      yield* sql.run`
        INSERT INTO approval (id, operation, verb, input, asked_by, reason, asked_at, ends_at)
        VALUES (${id}, ${operation}, ${verb}, ${input}, ${askedBy}, ${reason}, ${at}, ${at + REQUEST_LIFETIME})`;
      const actor = { name: askedBy, reason };
      yield* ground.record('approval.asked', null, actor, {}, { request: grouped(id), operation });
    }
    const record = yield* requestOf(same?.id ?? id);
    if (record === undefined) throw new RegistryError('unknown', `Request ${grouped(id)} is gone`);
    return record;
  }

  /** Each operator signs once. */
  *sign(ground: Ground, id: string, { fingerprint, at, signature }: ApprovalSignature, actor: Actor): Change<void> {
    const { operation } = yield* openRequest(id, ground.at);
    const name = yield* registered(fingerprint);
    const signatures = yield* sql.all({ fingerprint: text })`
      SELECT fingerprint FROM approval_signature WHERE approval = ${id} ${locked}`;
    if (signatures.some((one) => one.fingerprint === fingerprint))
      throw new RegistryError(
        'exists',
        `Operator "${name}" has signed request ${grouped(id)} already; the second signature must be another operator's`,
      );
    if (signatures.length >= MAX_SIGNATURES)
      throw new RegistryError('exists', `Request ${grouped(id)} has ${MAX_SIGNATURES} signatures, and two are enough`);
    yield* sql.run`
      INSERT INTO approval_signature (approval, fingerprint, at, signature) VALUES (${id}, ${fingerprint}, ${at}, ${signature})`;
    const facts = { request: grouped(id), operation, fingerprint };
    yield* ground.record('approval.signed', null, actor, { operator: name }, facts);
  }

  /** Uses it up for the operation: once, before its end, with these two still registered. */
  *use(
    ground: Ground,
    id: string,
    { first, second }: { readonly first: string; readonly second: string },
    actor: Actor,
  ): Change<void> {
    const { operation } = yield* openRequest(id, ground.at);
    const people = { first: yield* registered(first), second: yield* registered(second) };
    yield* sql.run`UPDATE approval SET used_at = ${ground.at} WHERE id = ${id}`;
    const facts = { request: grouped(id), operation, firstKey: first, secondKey: second };
    yield* ground.record('approval.used', null, actor, people, facts);
  }

  /**
   * Which verbs need a second person, as the configuration says at a start: a change of it stands in the trail. Answers the rule of the start
   * before where it was another one.
   */
  *rule(ground: Ground, verbs: readonly ChosenVerb[], actor: Actor): Change<readonly string[] | undefined> {
    const before = (yield* factOf(RULE)) ?? '';
    const now = [...verbs].sort().join(' ');
    if (before === now) return undefined;
    yield* setFact(RULE, now);
    yield* ground.record('operators.rule-changed', null, actor, {}, { before, now });
    return before === '' ? [] : before.split(' ');
  }
}

function* sweep(before: number): Change<void> {
  yield* sql.run`
    DELETE FROM approval_signature WHERE approval IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
  yield* sql.run`
    DELETE FROM approval WHERE id IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
}

function* openRequest(id: string, at: Instant): Change<{ readonly operation: string }> {
  const row = yield* sql.first({ operation: text, endsAt: time, usedAt: orNull(time) })`
    SELECT operation, ends_at, used_at FROM approval WHERE id = ${id} ${locked}`;
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `There is no request ${grouped(id)}; "sluis approve --list" shows those that wait`,
    );
  if (row.usedAt !== null)
    throw new RegistryError(
      'ended',
      `Request ${grouped(id)} was used at ${new Date(row.usedAt).toISOString()}, and an approval serves once; run the command again to ask anew`,
    );
  if (row.endsAt <= at)
    throw new RegistryError(
      'ended',
      `Request ${grouped(id)} ended at ${new Date(row.endsAt).toISOString()}; run the command again to ask anew`,
    );
  return row;
}

/** Whoever has, or once had, this key. */
function* operatorOf(
  fingerprint: string,
): Change<{ readonly name: string; readonly removedAt: Instant | null } | undefined> {
  return yield* sql.first({ name: text, removedAt: orNull(time) })`
    SELECT name, removed_at FROM operator WHERE fingerprint = ${fingerprint} ${locked}`;
}

/** Of the operator of this name. */
function* fingerprintOf(name: string): Change<string | undefined> {
  const row = yield* sql.first({ fingerprint: text })`
    SELECT fingerprint FROM operator WHERE name = ${name} AND removed_at IS NULL ${locked}`;
  return row?.fingerprint;
}

/** The name of an operator who may sign. */
function* registered(fingerprint: string): Change<string> {
  const row = yield* operatorOf(fingerprint);
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `No operator has the key ${fingerprint}; "sluis operator list" shows those that are registered`,
    );
  if (row.removedAt !== null)
    throw new RegistryError(
      'ended',
      `Operator "${row.name}" was removed at ${new Date(row.removedAt).toISOString()}; another operator must sign`,
    );
  return row.name;
}
