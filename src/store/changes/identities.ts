/**
 * Logins of people whom an OpenID provider vouches for. The caller judges what the provider says
 * (console/login). The transaction that lets somebody in judges who it is here, that he has not
 * ended, that he gets the role of his groups, and that no answer is used twice.
 *
 * They throw RegistryError. `ended`: the answer was given before, or the session is over.
 * `unknown`: the person may not come in. `invalid`: registered for another organisation. `exists`:
 * none of the names is free, or there are too many operators.
 */
import { grouped } from '../../crypto/keys/base32.ts';
import { defined } from '../../domain/defined.ts';
import type { Role } from '../../domain/roles.ts';
import type { Actor } from '../actor.ts';
import type { Federated, Identity, NewSession, Vouching } from '../console.ts';
import { RegistryError } from '../registry.ts';
import { as, int, orNull, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { beginSession, endSessionsOf, proveSession, spend } from './console.ts';
import type { ChangeContext } from './change-context.ts';
import { currentOperator, operatorOf, refuseFederated } from './operator-row.ts';
import { addOperator } from './operators.ts';

const FOUND = {
  id: text,
  operator: int,
  name: text,
  role: as<Role>(text),
  organisation: orNull(text),
  certificate: orNull(text),
  endsAt: orNull(time),
  endedAt: orNull(time),
};

export class IdentityChanges {
  /**
   * Logs somebody in with the role of his groups. A new person is registered. `id`: that of the
   * link, if it is new. Returns who it is; undefined: the certificate is not his, and nobody is let
   * in.
   */
  *logIn(
    context: ChangeContext,
    federated: Federated,
    id: string,
    session: NewSession,
    proof: Uint8Array,
  ): Change<string | undefined> {
    yield* spend(context, proof);
    const found = yield* foundBy(federated);
    const { certificate } = federated;
    if (!isHis(found, certificate)) return undefined;
    const { name, operator } = found ?? (yield* this.#add(context, federated, id));
    if (found !== undefined) yield* this.#follow(context, found, federated);
    yield* beginSession(context, { name, operator, means: 'oidc', ...defined({ certificate }) }, session);
    return name;
  }

  /**
   * Links an operator to a subject of the provider before he has come: with his certificate, for
   * example.
   */
  *add(context: ChangeContext, name: string, { issuer, subject }: Identity, id: string, actor: Actor): Change<void> {
    const { id: operator } = yield* currentOperator(context, name);
    yield* refuseFederated(name, operator, 'one provider vouches for him already');
    if ((yield* foundBy({ issuer, subject })) !== undefined)
      throw new RegistryError(
        'exists',
        `Somebody is tied to that subject of ${issuer} already; "sluis operator identity list" shows who`,
      );
    yield* endSessionsOf(context, operator);
    yield* sql.run`UPDATE operator_passkey SET ended_at = ${context.at} WHERE operator = ${operator} AND ended_at IS NULL`;
    yield* sql.run`DELETE FROM operator_code WHERE operator = ${operator}`;
    yield* linkIdentity(context, { id, operator, name, issuer, subject }, actor);
  }

  /**
   * The provider has asked the holder of the session again. False: the certificate is not his, and
   * nothing is proved.
   */
  *prove(context: ChangeContext, session: string, identity: Vouching, proof: Uint8Array): Change<boolean> {
    yield* spend(context, proof);
    const found = yield* foundBy(identity);
    if (found === undefined) throw new RegistryError('unknown', 'The session is that of somebody else; log in again');
    if (!isHis(found, identity.certificate)) return false;
    yield* proveSession(context, session, { name: found.name, operator: found.operator, means: 'oidc' });
    return true;
  }

  /**
   * Releases an identity: whoever comes by it next is new. Only for an operator who has ended,
   * since otherwise one person would be two operators.
   */
  *release(context: ChangeContext, id: string, actor: Actor): Change<void> {
    const row = yield* sql.first({ operator: text, endedAt: orNull(time) })`
      SELECT o.name AS operator, o.ended_at FROM operator_identity i JOIN operator o ON o.id = i.operator
       WHERE i.id = ${id} AND i.released_at IS NULL ${locked}`;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no identity "${grouped(id)}"; "sluis operator identity list" shows those there are`,
      );
    const { operator, endedAt } = row;
    if (endedAt === null)
      throw new RegistryError(
        'exists',
        `The identity ${grouped(id)} is that of operator "${operator}", who may come in with it; end the operator first with "sluis operator end ${operator}"`,
      );
    yield* sql.run`UPDATE operator_identity SET released_at = ${context.at} WHERE id = ${id}`;
    yield* context.record('operator.identity-released', null, actor, { operator }, { identity: grouped(id) });
  }

  *#add(
    context: ChangeContext,
    { issuer, subject, names, role, organisation }: Federated,
    id: string,
  ): Change<{ readonly name: string; readonly operator: number }> {
    for (const name of names) {
      if ((yield* operatorOf(name)) !== undefined) continue;
      const operator = yield* addOperator(context, { name, role, ...defined({ organisation }) }, { name });
      yield* linkIdentity(context, { id, operator, name, issuer, subject }, { name });
      return { name, operator };
    }
    throw new RegistryError('exists', `There are operators of the names ${names.join(' and ')} already`);
  }

  /** Gives a known person the role that their groups have today. */
  *#follow(context: ChangeContext, found: Found, { role, organisation }: Federated): Change<void> {
    const { name, operator } = found;
    if (found.endedAt !== null || (found.endsAt !== null && found.endsAt <= context.at))
      throw new RegistryError(
        'unknown',
        `Operator "${name}" has ended; "sluis operator identity list" shows whom a release lets in again`,
      );
    if (found.organisation !== (organisation ?? null))
      throw new RegistryError(
        'invalid',
        `Operator "${name}" was registered for another organisation than the configuration has`,
      );
    yield* sql.run`UPDATE operator_identity SET last_used_at = ${context.at} WHERE id = ${found.id}`;
    if (role === found.role) return;
    yield* sql.run`UPDATE operator SET role = ${role} WHERE id = ${operator}`;
    yield* endSessionsOf(context, operator);
    yield* context.record('operator.rights-changed', null, { name }, { operator: name }, { role, before: found.role });
  }
}

type Found = NonNullable<ReturnType<typeof foundBy> extends Change<infer T> ? T : never>;

const isHis = (found: Found | undefined, certificate: string | undefined): boolean =>
  certificate === undefined || found?.certificate === certificate;

function* linkIdentity(
  context: ChangeContext,
  { id, operator, name, issuer, subject }: Identity & Pick<Found, 'id' | 'operator' | 'name'>,
  actor: Actor,
): Change<void> {
  const { at } = context;
  yield* sql.run`
    INSERT INTO operator_identity (id, operator, issuer, subject, added_at, last_used_at)
    VALUES (${id}, ${operator}, ${issuer}, ${subject}, ${at}, ${at})`;
  const facts = { identity: grouped(id), issuer };
  yield* context.record('operator.identity-added', null, actor, { operator: name, subject }, facts);
}

function* foundBy({ issuer, subject }: Identity) {
  return yield* sql.first(FOUND)`
    SELECT i.id, i.operator, o.name, o.role, g.name AS organisation, o.certificate, o.ends_at, o.ended_at
      FROM operator_identity i JOIN operator o ON o.id = i.operator LEFT JOIN organisation g ON g.id = o.organisation
     WHERE i.issuer = ${issuer} AND i.subject = ${subject} AND i.released_at IS NULL`;
}
