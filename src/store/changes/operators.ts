/**
 * Changes to operators and to what waits for a second of them; each with its audit row. Signatures are judged by the caller (crypto/trail/approval.ts);
 * that a request is used once, in its time, and by two who are still registered, holds here.
 *
 * They throw RegistryError: `exists`, `unknown`, `ended` and `invalid` as in the registry.
 */
import { grouped } from '../../crypto/keys/base32.ts';
import { defined } from '../../domain/defined.ts';
import { MAX_TOKENS } from '../../domain/operators.ts';
import { covers } from '../../domain/roles.ts';
import {
  type ApprovalRequest,
  type ApprovalSignature,
  type ChosenVerb,
  MAX_OPERATORS,
  MAX_REQUESTS,
  type Operator,
  REQUEST_LIFETIME,
} from '../../domain/second-person.ts';
import { type Instant, days, iso } from '../../domain/units.ts';
import type { ApprovalRecord, Bound, NewOperator, NewToken, OperatorChange } from '../operators.ts';
import { requestOf } from '../reads/operators.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { endAccessOf, endSessionsOf, heldPasskey } from './console.ts';
import { factOf, setFact } from './facts.ts';
import type { ChangeContext } from './change-context.ts';
import { currentOperator, notEnded, operatorNamed, operatorOf, refuseFederated } from './operator-row.ts';
import { type PasskeyDecision, checkRoom, decide } from './passkey-approvals.ts';
import { organisationNamed } from './registered.ts';

const KEPT = days(30);
const RULE = 'second_person';

export class OperatorChanges {
  *add(context: ChangeContext, operator: NewOperator, actor: Actor): Change<void> {
    yield* addOperator(context, operator, actor);
  }

  /** What of an operator is another from now on; a new key takes the place of the one before, which is never taken again. */
  *set(context: ChangeContext, name: string, change: OperatorChange, actor: Actor): Change<void> {
    const { id, organisation } = yield* operatorNamed(name);
    const { role, certificate, key, endsAt } = change;
    if (key !== undefined) {
      if (organisation !== null) throw new RegistryError('invalid', NO_KEY(name));
      yield* removeKey(context, name);
      yield* addKey(context, name, key);
    }
    if (role !== undefined) yield* refuseFederated(name, id, 'another role would hold until the next one');
    if (role !== undefined) yield* sql.run`UPDATE operator SET role = ${role} WHERE id = ${id}`;
    if (certificate !== undefined) {
      yield* checkCertificate(certificate, id);
      yield* sql.run`UPDATE operator SET certificate = ${certificate} WHERE id = ${id}`;
    }
    if (endsAt !== undefined) yield* sql.run`UPDATE operator SET ends_at = ${endsAt} WHERE id = ${id}`;
    yield* endSessionsOf(context, id);
    yield* context.record('operator.rights-changed', null, actor, { operator: name }, factsOf(change));
  }

  /** Final: tokens, certificate and key hold no more, the key is never taken again, and its signatures no longer count. */
  *end(context: ChangeContext, name: string, actor: Actor): Change<void> {
    const { id } = yield* operatorNamed(name);
    yield* sql.run`UPDATE operator SET ended_at = ${context.at} WHERE id = ${id}`;
    yield* sql.run`UPDATE operator_token SET ended_at = ${context.at} WHERE operator = ${id} AND ended_at IS NULL`;
    yield* endAccessOf(context, id);
    const fingerprint = yield* removeKey(context, name);
    yield* context.record('operator.removed', null, actor, { operator: name }, defined({ fingerprint }));
  }

  *addToken(context: ChangeContext, token: NewToken, actor: Actor): Change<void> {
    const { id, operator, hash, role, networks, endsAt } = token;
    const holder = yield* currentOperator(context, operator);
    // Here, where nobody can give the operator another role meanwhile.
    if (!covers(holder.role, role))
      throw new RegistryError(
        'invalid',
        `A token of operator "${operator}" cannot have the role "${role}": the operator has "${holder.role}", which may do less`,
      );
    const { n } = yield* sql.one({ n: int })`
      SELECT count(*) AS n FROM operator_token WHERE operator = ${holder.id} AND ended_at IS NULL AND ends_at > ${context.at}`;
    if (n >= MAX_TOKENS)
      throw new RegistryError('exists', `Operator "${operator}" has ${n} tokens, the most there can be; end one first`);
    yield* sql.run`
      INSERT INTO operator_token (id, operator, hash, role, networks, added_at, ends_at)
      VALUES (${id}, ${holder.id}, ${hash}, ${role}, ${networks.join(' ')}, ${context.at}, ${endsAt})`;
    const facts = {
      token: grouped(id),
      role,
      ends: iso(endsAt),
      ...(networks.length > 0 && { networks: networks.length }),
    };
    yield* context.record('operator.token-added', null, actor, { operator }, facts);
  }

  /** Told by whoever let somebody in with it, at most once an hour; by several gateways in any order. */
  *used(_context: ChangeContext, id: string, at: Instant): Change<void> {
    yield* sql.run`UPDATE operator_token SET last_used_at = ${at} WHERE id = ${id} AND coalesce(last_used_at, 0) < ${at}`;
  }

  *endToken(context: ChangeContext, id: string, actor: Actor): Change<void> {
    const row = yield* sql.first({ operator: text, endedAt: orNull(time) })`
      SELECT o.name AS operator, t.ended_at FROM operator_token t JOIN operator o ON o.id = t.operator WHERE t.id = ${id} ${locked}`;
    const { operator } = notEnded(row, 'token', id);
    yield* sql.run`UPDATE operator_token SET ended_at = ${context.at} WHERE id = ${id}`;
    yield* context.record('operator.token-ended', null, actor, { operator }, { token: grouped(id) });
  }

  /**
   * A request that waits for signatures. The same one again (operation, input, person and reason) is the one that waits already. Throws
   * `exists` when MAX_REQUESTS wait.
   */
  *ask(context: ChangeContext, request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>): Change<ApprovalRecord> {
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
  *sign(
    context: ChangeContext,
    id: string,
    { fingerprint, at, signature }: ApprovalSignature,
    actor: Actor,
  ): Change<void> {
    const { operation } = yield* openRequest(id, context.at);
    const name = yield* registered(fingerprint, context.at);
    yield* checkRoom(id, name);
    yield* sql.run`
      INSERT INTO approval_signature (approval, fingerprint, at, signature) VALUES (${id}, ${fingerprint}, ${at}, ${signature})`;
    const facts = { request: grouped(id), operation, fingerprint };
    yield* context.record('approval.signed', null, actor, { operator: name }, facts);
  }

  /** The same with a passkey, in the console; or the request is refused for good. `reason`: of whoever decides. */
  *decide(context: ChangeContext, id: string, decision: PasskeyDecision, reason: string): Change<void> {
    yield* decide(context, id, yield* openRequest(id, context.at), decision, reason);
  }

  /** Uses it up for the operation: once, before its end, with these two still registered. */
  *use(
    context: ChangeContext,
    id: string,
    { first, second }: { readonly first: Bound; readonly second: Bound },
    actor: Actor,
  ): Change<void> {
    const { operation } = yield* openRequest(id, context.at);
    const people = { first: yield* boundBy(context, first), second: yield* boundBy(context, second) };
    yield* sql.run`UPDATE approval SET used_at = ${context.at} WHERE id = ${id}`;
    const facts = { request: grouped(id), operation, ...boundFacts('first', first), ...boundFacts('second', second) };
    yield* context.record('approval.used', null, actor, people, facts);
  }

  /**
   * Which verbs need a second person, as the configuration says at a start: a change of it stands in the trail. Answers the rule of the start
   * before where it was another one.
   */
  *rule(context: ChangeContext, verbs: readonly ChosenVerb[], actor: Actor): Change<readonly string[] | undefined> {
    const before = (yield* factOf(RULE)) ?? '';
    const now = [...verbs].sort().join(' ');
    if (before === now) return undefined;
    yield* setFact(RULE, now);
    yield* context.record('operators.rule-changed', null, actor, {}, { before, now });
    return before === '' ? [] : before.split(' ');
  }
}

/** Answers its number. */
export function* addOperator(context: ChangeContext, { key, ...operator }: NewOperator, actor: Actor): Change<number> {
  const { name, role, organisation, certificate, endsAt } = operator;
  if ((yield* operatorOf(name)) !== undefined)
    throw new RegistryError(
      'exists',
      `There is an operator "${name}" already; choose another name, or end that one first`,
    );
  const { n } = yield* sql.one({ n: int })`SELECT count(*) AS n FROM operator WHERE ended_at IS NULL`;
  if (n >= MAX_OPERATORS)
    throw new RegistryError('exists', `There are ${MAX_OPERATORS} operators, the most there can be; end one first`);
  if (key !== undefined && organisation !== undefined) throw new RegistryError('invalid', NO_KEY(name));
  if (key !== undefined) yield* addKey(context, name, key);
  yield* checkCertificate(certificate);
  const only = organisation === undefined ? null : (yield* organisationNamed(organisation)).id;
  yield* sql.run`
    INSERT INTO operator (name, role, organisation, certificate, added_at, ends_at)
    VALUES (${name}, ${role}, ${only}, ${certificate ?? null}, ${context.at}, ${endsAt ?? null})`;
  yield* context.record(
    'operator.added',
    null,
    actor,
    { operator: name },
    factsOf({ ...operator, ...defined({ key }) }),
  );
  const { id } = yield* operatorNamed(name);
  return id;
}

/** The name of an operator who is bound so, and may sign. */
function* boundBy(context: ChangeContext, bound: Bound): Change<string> {
  return 'key' in bound ? yield* registered(bound.key, context.at) : (yield* heldPasskey(context, bound.passkey)).name;
}

const boundFacts = (which: 'first' | 'second', bound: Bound): object =>
  'key' in bound ? { [`${which}Key`]: bound.key } : { [`${which}Passkey`]: grouped(bound.passkey) };

function* sweep(before: number): Change<void> {
  yield* sql.run`
    DELETE FROM approval_passkey WHERE approval IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
  yield* sql.run`
    DELETE FROM approval_signature WHERE approval IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
  yield* sql.run`
    DELETE FROM approval WHERE id IN (SELECT id FROM approval WHERE ends_at < ${before} ORDER BY ends_at, id LIMIT 100)`;
}

function* openRequest(id: string, at: Instant): Change<{ readonly operation: string; readonly askedBy: string }> {
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

const factsOf = ({ role, organisation, certificate, key, endsAt }: Partial<NewOperator>): object =>
  defined({ role, organisation, certificate, fingerprint: key?.fingerprint, ends: iso(endsAt) });

const NO_KEY = (name: string): string =>
  `Operator "${name}" may act for one organisation alone, and a signature is under what concerns all; register somebody else with the key`;

/** One certificate is one person's. */
function* checkCertificate(certificate: string | undefined, self = 0): Change<void> {
  if (certificate === undefined) return;
  const row = yield* sql.first({ name: text })`
    SELECT name FROM operator WHERE certificate = ${certificate} AND ended_at IS NULL AND id <> ${self} ${locked}`;
  if (row !== undefined)
    throw new RegistryError(
      'exists',
      `The certificate ${certificate} is that of operator "${row.name}" already, and a certificate belongs to one person`,
    );
}

function* addKey(
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

/** Answers which it was. */
function* removeKey(context: ChangeContext, name: string): Change<string | undefined> {
  const row = yield* sql.first({ fingerprint: text })`
    SELECT fingerprint FROM operator_key WHERE name = ${name} AND removed_at IS NULL ${locked}`;
  if (row === undefined) return undefined;
  yield* sql.run`UPDATE operator_key SET removed_at = ${context.at} WHERE fingerprint = ${row.fingerprint}`;
  return row.fingerprint;
}

/** Whoever has, or once had, this key. */
function* keyOf(
  fingerprint: string,
): Change<{ readonly name: string; readonly removedAt: Instant | null } | undefined> {
  return yield* sql.first({ name: text, removedAt: orNull(time) })`
    SELECT name, removed_at FROM operator_key WHERE fingerprint = ${fingerprint} ${locked}`;
}

/** The name of an operator who may sign. */
function* registered(fingerprint: string, at: Instant): Change<string> {
  const row = yield* keyOf(fingerprint);
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `No operator has the key ${fingerprint}; "sluis operator list" shows those that are registered`,
    );
  // Where the key was not removed, its operator is there.
  const endsAt = row.removedAt ?? (yield* operatorNamed(row.name)).endsAt;
  if (endsAt !== null && endsAt <= at)
    throw new RegistryError(
      'ended',
      `Operator "${row.name}" was removed at ${iso(endsAt)}; another operator must sign`,
    );
  return row.name;
}
