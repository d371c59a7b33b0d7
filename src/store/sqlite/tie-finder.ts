/**
 * Finds what ties an account to an organisation that it leaves, on either side of the store: the reader shows it, the writer cuts it in the
 * transaction of the change. `into`: the organisation that it belongs to afterwards.
 */
import { type NamedOrganisation, namesFormer } from '../../crypto/certificate-organisation.ts';
import { type DelegationTie, MAX_TIES, type NamingTie, type SubstituteTie } from '../organisation-ties.ts';
import type { CertificateUse } from '../certificates.ts';
import type { Statements } from './statements.ts';

export interface FoundOrganisation extends NamedOrganisation {
  readonly id: number;
}

export interface FoundDelegation extends DelegationTie {
  readonly key: string;
  readonly account: number;
  /** Of the address. */
  readonly owner: number;
}

export interface FoundSubstitute extends SubstituteTie {
  readonly key: string;
  readonly substituteKey: string;
  readonly owner: number;
  readonly substituteAccount: number;
}

interface CertificateRow {
  readonly fingerprint: string;
  readonly serial: string;
  readonly use: CertificateUse;
  readonly subject: string;
  readonly authority: number | null;
}

interface RegistrationRow {
  readonly name: string;
  readonly fingerprint: string;
  readonly about: string;
}

const DELEGATION = `SELECT g.key, g.account, d.account AS owner, d.address, a.login FROM delegation g
  JOIN address d ON d.key = g.key JOIN account a ON a.id = g.account JOIN account o ON o.id = d.account`;
const CONSENT = `SELECT s.key, s.substitute AS substituteKey, d.account AS owner, t.account AS substituteAccount,
    d.address, t.address AS substitute FROM substitute_consent s
  JOIN address d ON d.key = s.key JOIN address t ON t.key = s.substitute
  JOIN account a ON a.id = d.account JOIN account b ON b.id = t.account`;

const tieOf = ({ fingerprint, serial, use, subject, authority }: CertificateRow): NamingTie => ({
  ...{ fingerprint, use, subject, serial, own: authority !== null },
});

/** An `into` that no organisation is: every right crosses its border. */
export const NOWHERE = 0;

export class TieFinder {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  organisation(account: number): FoundOrganisation {
    return this.#sql.get(
      'SELECT o.id, o.name, o.title FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id = ?',
      account,
    ) as FoundOrganisation;
  }

  /** Those of our own authorities that are valid at `at`. */
  issued(account: number, at: number): readonly NamingTie[] {
    const rows = this.#kept(account, at);
    return rows.filter((row) => row.authority !== null).map(tieOf);
  }

  #kept(account: number, at: number): readonly CertificateRow[] {
    return this.#sql.all(
      `SELECT fingerprint, serial, use, subject, authority FROM certificate
         WHERE account = ? AND revoked_at IS NULL AND not_after > ? ORDER BY use, not_after, fingerprint`,
      account,
      at,
    ) as CertificateRow[];
  }

  /** Those that would be valid at `at`, and name the organisation `from`. */
  naming(account: number, from: NamedOrganisation, into: NamedOrganisation, at: number): readonly NamingTie[] {
    const kept = this.#kept(account, at);
    const registered = this.#sql.all(
      `SELECT name, fingerprint, about FROM client_certificate c WHERE account = ? AND revoked_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM certificate k WHERE k.fingerprint = c.fingerprint) ORDER BY id`,
      account,
    ) as RegistrationRow[];
    const ties = [
      ...kept.map(tieOf),
      ...registered.map(({ name, fingerprint, about }): NamingTie => {
        return { fingerprint, use: 'login', subject: about, registration: name, own: false };
      }),
    ];
    return ties.filter((tie) => namesFormer(tie, from, into));
  }

  /** Who may send as its addresses, and as which addresses it may send, where the other side is of another organisation than `into`. */
  delegations(account: number, into: number): readonly FoundDelegation[] {
    return [
      ...this.#sql.all(
        `${DELEGATION} WHERE d.account = ? AND a.organisation <> ? ORDER BY g.key, g.account LIMIT ${MAX_TIES}`,
        ...[account, into],
      ),
      ...this.#sql.all(
        `${DELEGATION} WHERE g.account = ? AND o.organisation <> ? ORDER BY g.key LIMIT ${MAX_TIES}`,
        ...[account, into],
      ),
    ] as FoundDelegation[];
  }

  /** Consents by which mail would cross the border of `into`: for its addresses, and by them for others. */
  substitutes(account: number, into: number): readonly FoundSubstitute[] {
    return [
      ...this.#sql.all(
        `${CONSENT} WHERE d.account = ? AND b.id <> a.id AND b.organisation <> ? ORDER BY s.key LIMIT ${MAX_TIES}`,
        ...[account, into],
      ),
      ...this.#sql.all(
        `${CONSENT} WHERE t.account = ? AND b.id <> a.id AND a.organisation <> ? ORDER BY s.key LIMIT ${MAX_TIES}`,
        ...[account, into],
      ),
    ] as FoundSubstitute[];
  }
}
