/** Cuts what ties an account to an organisation that it leaves, or to everybody when it ends, inside the writer's transactions; each with its audit row. */
import type { NamedOrganisation } from '../../crypto/certificate-organisation.ts';
import { takeBackConsents } from '../changes/absences.ts';
import { revokeKeysOf } from '../changes/pgp-keys.ts';
import type { NamingTie } from '../organisation-ties.ts';
import { NOWHERE, delegations, issued, naming, substitutes } from '../reads/ties.ts';
import type { Actor } from '../registry.ts';
import { revokeRegistration } from '../changes/registrations.ts';
import { revokeIssued } from '../changes/revocations.ts';
import type { RegistryGround } from './registry-ground.ts';

/** RFC 5280 section 5.3.1, each without a cause to suspect the key: the subject's name has changed; it is not needed any more. */
type Reason = 'affiliationChanged' | 'cessationOfOperation';

export class TieChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  /** Revokes the certificates of an account that name the organisation it leaves. The caller touches the account. */
  revokeNaming(account: number, from: NamedOrganisation, into: NamedOrganisation, actor: Actor): void {
    const ties = this.#ground.run(naming(account, { from, into, at: this.#ground.at }));
    this.#revoke(account, ties, 'affiliationChanged', actor);
  }

  /** When an account ends: nothing that stands for it goes on. Of those who may send as its addresses no more memories are forgotten. */
  ofEnd(account: number, actor: Actor): void {
    const certificates = this.#ground.run(issued(account, this.#ground.at));
    this.#revoke(account, certificates, 'cessationOfOperation', actor);
    this.#ground.ground.tell(this.cutDelegations(account, NOWHERE, actor).accounts);
    this.#ground.ground.tell(this.cutSubstitutes(account, NOWHERE, actor).accounts);
    // Between two addresses of its own: of no use to anybody.
    this.#ground.sql.run(
      `DELETE FROM substitute_consent WHERE key IN (SELECT key FROM address WHERE account = ?)
         AND substitute IN (SELECT key FROM address WHERE account = ?)`,
      ...[account, account],
    );
    this.#ground.run(revokeKeysOf(this.#ground.ground, account, actor));
  }

  #revoke(account: number, ties: readonly NamingTie[], reason: Reason, actor: Actor): void {
    const { sql, ground } = this.#ground;
    const prints = ties.filter(({ registration }) => registration === undefined).map(({ fingerprint }) => fingerprint);
    this.#ground.run(revokeIssued(ground, prints, reason, actor));
    const names = ties.flatMap(({ registration }) => registration ?? []);
    if (names.length === 0) return;
    const { login } = sql.get('SELECT login FROM account WHERE id = ?', account) as { login: string };
    for (const name of names) {
      const about = this.#ground.run(revokeRegistration(ground, { account, login, name }));
      this.#ground.record('registry.certificate-revoked', account, actor, { login, ...about });
    }
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
    this.#ground.run(takeBackConsents(this.#ground.ground, found, actor));
    return { cut: found.length, accounts: found.flatMap((tie) => [tie.owner, tie.substituteAccount]) };
  }
}
