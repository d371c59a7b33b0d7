/**
 * Changes to the gateway's own authorities; each with its audit row. Their private keys lie in the
 * key folder.
 */
import type { AuthorityRole, NewAuthority } from '../certificates.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { as, bytes, flag, int, text, time } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, ask, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

const AUTHORITY = {
  role: as<AuthorityRole>(text),
  fingerprint: text,
  notAfter: time,
  current: flag,
  der: bytes,
  createdAt: time,
};

export class AuthorityChanges {
  /**
   * Adds authorities, all or none. A root or issuing authority becomes the current one of its role.
   * `event` names the change in the audit trail.
   */
  *addAuthorities(
    context: ChangeContext,
    authorities: readonly NewAuthority[],
    event: 'created' | 'issuer-renewed' | 'root-renewed',
    actor: Actor,
  ): Change<void> {
    if (event === 'created' && (yield* sql.first({ id: int })`SELECT id FROM authority LIMIT 1`) !== undefined)
      throw new RegistryError(
        'exists',
        'There is a certificate authority already; "sluis ca show" shows it, "sluis ca renew-root" and "renew-issuer" replace it',
      );
    // Of several with one role the last is the current one; a cross-certificate never is.
    const current = new Map(authorities.filter(({ role }) => role !== 'cross').map((one) => [one.role, one]));
    const rows = authorities.map((one) => ({ ...one, current: current.get(one.role) === one, createdAt: context.at }));
    yield* sql.run`UPDATE authority SET current = false WHERE role ${among(text, [...current.keys()])}`;
    yield* sql.run`
      INSERT INTO authority (role, fingerprint, not_after, current, der, created_at)
      SELECT given.role, given.fingerprint, given.not_after, given.current, given.der, given.created_at
        FROM ${rowsOf(AUTHORITY, rows)}`;
    for (const { role, fingerprint } of authorities)
      yield* context.record(`authority.${event}`, null, actor, {}, { role, fingerprint });
    context.tellTrust();
  }

  /** Notes what happened to an authority's key outside of the store. */
  *noteAuthority(
    context: ChangeContext,
    fingerprint: string,
    event: 'key-exported' | 'key-removed',
    actor: Actor,
  ): Change<void> {
    yield* context.record(`authority.${event}`, null, actor, {}, { fingerprint });
  }

  /**
   * Reserves the number of the next revocation list: durable before anything is signed with it, so
   * that numbers rise for ever.
   */
  *nextCrlNumber(context: ChangeContext, authority: number): Change<number> {
    const row = yield* sql.first({ crlNumber: int })`
      UPDATE authority SET crl_number = crl_number + 1 WHERE id = ${authority} RETURNING crl_number`;
    if (row === undefined) throw new RegistryError('unknown', `There is no certificate authority ${authority}`);
    const { crlNumber: number } = row;
    // No person is behind this: the row holds nothing that could be erased.
    yield* ask<number>({
      audit: {
        at: context.at,
        event: 'authority.list-signed',
        outcome: 'success',
        message: null,
        account: null,
        facts: JSON.stringify({ authority, number }),
        personal: null,
        salt: null,
      },
    });
    context.tellTrust();
    return number;
  }
}
