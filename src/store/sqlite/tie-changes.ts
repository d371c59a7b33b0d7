/** Cuts what ties an account to an organisation that it leaves, or to everybody when it ends, inside the writer's transactions; each with its audit row. */
import type { NamedOrganisation } from '../../crypto/certificate-organisation.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import type { Instant } from '../../domain/units.ts';
import { consent } from '../changes/absences.ts';
import { revokeKeysOf } from '../changes/pgp-keys.ts';
import type { NamingTie } from '../organisation-ties.ts';
import { NOWHERE, delegations, issued, naming, substitutes } from '../reads/ties.ts';
import type { Actor } from '../registry.ts';
import { registrationOf } from './ca-changes.ts';
import { CertificateChanges } from './certificate-changes.ts';
import type { RegistryGround } from './registry-ground.ts';

/** RFC 5280 section 5.3.1, each without a cause to suspect the key: the subject's name has changed; it is not needed any more. */
type Reason = 'affiliationChanged' | 'cessationOfOperation';

interface RevokedRow {
  readonly serial: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly emails: string;
}

/** What else has to forget: addresses, folded, for which other certificates hold now. */
export interface RevokedTies {
  readonly ties: readonly NamingTie[];
  readonly mail: readonly string[];
}

export class TieChanges {
  readonly #ground: RegistryGround;
  readonly #registered: CertificateChanges;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
    this.#registered = new CertificateChanges(ground.sql);
  }

  /** Revokes the certificates of an account that name the organisation it leaves. The caller touches the account. */
  revokeNaming(account: number, from: NamedOrganisation, into: NamedOrganisation, actor: Actor): RevokedTies {
    const ties = this.#ground.run(naming(account, { from, into, at: this.#ground.at }));
    return { ties, mail: ties.flatMap((tie) => this.#revoke(account, tie, 'affiliationChanged', actor)) };
  }

  /** When an account ends: nothing that stands for it goes on. `accounts`: who may send as its addresses no more. */
  ofEnd(account: number, actor: Actor): { readonly mail: readonly string[]; readonly accounts: readonly number[] } {
    const certificates = this.#ground.run(issued(account, this.#ground.at));
    const mail = certificates.flatMap((tie) => this.#revoke(account, tie, 'cessationOfOperation', actor));
    const accounts = [
      ...this.cutDelegations(account, NOWHERE, actor).accounts,
      ...this.cutSubstitutes(account, NOWHERE, actor).accounts,
    ];
    // Between two addresses of its own: of no use to anybody.
    this.#ground.sql.run(
      `DELETE FROM substitute_consent WHERE key IN (SELECT key FROM address WHERE account = ?)
         AND substitute IN (SELECT key FROM address WHERE account = ?)`,
      ...[account, account],
    );
    this.#ground.run(revokeKeysOf(this.#ground.ground, account, actor));
    return { mail, accounts };
  }

  #revoke(
    account: number,
    { fingerprint, registration, subject }: NamingTie,
    reason: Reason,
    actor: Actor,
  ): readonly string[] {
    const { sql, at } = this.#ground;
    if (registration !== undefined) {
      const { login } = sql.get('SELECT login FROM account WHERE id = ?', account) as { login: string };
      const about = this.#registered.revoke(account, login, registration, at);
      this.#ground.record('registry.certificate-revoked', account, actor, { login, ...about });
      return [];
    }
    const row = sql.get(
      `UPDATE certificate SET revoked_at = ?, reason = ? WHERE fingerprint = ?
         RETURNING serial, not_before AS notBefore, not_after AS notAfter, emails`,
      ...[at, reason, fingerprint],
    ) as RevokedRow;
    const { serial, notBefore, notAfter } = row;
    const facts = { fingerprint, serial, why: reason };
    this.#ground.record('certificate.revoked', account, actor, {}, facts);
    this.#registered.block(account, registrationOf({ fingerprint, serial, subject, notBefore, notAfter }), at);
    return (JSON.parse(row.emails) as Address[]).map(addressKey);
  }

  /** Takes back every right to send that would cross the border of `into`. Tells how many, and which accounts were touched. */
  cutDelegations(account: number, into: number, actor: Actor): { readonly cut: number; readonly accounts: number[] } {
    const found = this.#ground.run(delegations(account, into));
    for (const { key, address, login, account: holder } of found) {
      this.#ground.sql.run('DELETE FROM delegation WHERE key = ? AND account = ?', key, holder);
      this.#ground.record('registry.delegation', holder, actor, { login, address }, { allowed: false });
    }
    return { cut: found.length, accounts: found.map((tie) => tie.account) };
  }

  /** Takes back the consents by which somebody's mail would cross the border of `into`; the absences that rest on them end with it. */
  cutSubstitutes(account: number, into: number, actor: Actor): { readonly cut: number; readonly accounts: number[] } {
    const found = this.#ground.run(substitutes(account, into));
    for (const { address, substitute } of found)
      this.#ground.run(consent(this.#ground.ground, substitute, address, false, actor));
    return { cut: found.length, accounts: found.flatMap((tie) => [tie.owner, tie.substituteAccount]) };
  }
}
