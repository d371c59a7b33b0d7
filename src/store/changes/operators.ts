/**
 * Changes to operators, their tokens, and what waits for a second of them (approval-requests.ts);
 * each with its audit row.
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
} from '../../domain/second-person.ts';
import { type Instant, iso } from '../../domain/units.ts';
import type { ApprovalRecord, NewOperator, NewToken, OperatorChange } from '../operators.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { type Signers, askSecond, openRequest, signRequest, useRequest } from './approval-requests.ts';
import { endAccessOf, endSessionsOf } from './console.ts';
import { factOf, setFact } from './facts.ts';
import type { ChangeContext } from './change-context.ts';
import { addKey, removeKey } from './operator-keys.ts';
import { currentOperator, notEnded, operatorNamed, operatorOf, refuseFederated } from './operator-row.ts';
import { type PasskeyDecision, decide } from './passkey-approvals.ts';
import { organisationNamed } from './registered.ts';

const RULE = 'second_person';

export class OperatorChanges {
  *add(context: ChangeContext, operator: NewOperator, actor: Actor): Change<void> {
    yield* addOperator(context, operator, actor);
  }

  /** Changes an operator; a new key replaces the previous one, which is never accepted again. */
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

  /**
   * Ends an operator for good: tokens, certificate and key are no longer valid, the key is never
   * accepted again, and its signatures no longer count.
   */
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
    // Checked here, where nobody can change the operator's role meanwhile.
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

  /**
   * Notes the use of a token, at most once an hour; notes of several gateways come in any order.
   */
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

  /** A request that waits for signatures, or the same one that waits already (`askSecond`). */
  *ask(context: ChangeContext, request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>): Change<ApprovalRecord> {
    return yield* askSecond(context, request);
  }

  /** Signs with a key; each operator once. */
  *sign(context: ChangeContext, id: string, signature: ApprovalSignature, actor: Actor): Change<void> {
    yield* signRequest(context, id, signature, actor);
  }

  /**
   * Signs with a passkey, in the console; or refuses the request for good. `reason`: of the
   * operator who decides.
   */
  *decide(context: ChangeContext, id: string, decision: PasskeyDecision, reason: string): Change<void> {
    yield* decide(context, id, yield* openRequest(id, context.at), decision, reason);
  }

  /** Uses a request up for its operation, once. */
  *use(context: ChangeContext, id: string, people: Signers, actor: Actor): Change<void> {
    yield* useRequest(context, id, people, actor);
  }

  /**
   * Notes which verbs need a second person, as the configuration says at a start: a change of it
   * stands in the trail. Returns the earlier rule if it was another one.
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

/** Adds an operator; returns its number. */
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

const factsOf = ({ role, organisation, certificate, key, endsAt }: Partial<NewOperator>): object =>
  defined({ role, organisation, certificate, fingerprint: key?.fingerprint, ends: iso(endsAt) });

const NO_KEY = (name: string): string =>
  `Operator "${name}" may act for one organisation alone, and a signature is under what concerns all; register somebody else with the key`;

/** Checks that nobody else has the certificate. */
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
