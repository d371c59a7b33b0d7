/**
 * What ties an account to its organisation, and to accounts of others: certificates that name the organisation, rights to send, consents of
 * substitutes. Found here alone, for an account that ends, that goes to another organisation, or whose organisation becomes part of another:
 * a read shows it, and a change cuts it in its own transaction.
 */
import { type NamedOrganisation, namesFormer } from '../../crypto/certificate-organisation.ts';
import type { Address } from '../../domain/address.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import type { CertificateUse } from '../certificates.ts';
import { type EndTies, MAX_TIES, type MergeTies, type NamingTie, type TiedOrganisation } from '../organisation-ties.ts';
import { type Row, as, flag, int, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const CERTIFICATE = {
  ...{ fingerprint: text, serial: text, use: as<CertificateUse>(text), subject: text },
  ...{ own: flag, notAfter: time },
};
/** `account`: who may send as the address. `organisation`: of the other of the two. */
const DELEGATION = {
  ...{ key: text, account: int, address: as<Address>(text), login: text },
  ...{ organisation: int, organisationName: text },
};
const CONSENT = {
  ...{ owner: int, substituteAccount: int },
  ...{ address: as<Address>(text), substitute: as<Address>(text) },
};

/** Rights to send of one account that a merge is told of. */
const MOST_TOLD = 1000;

/** An `into` that no organisation is: every right crosses its border. */
export const NOWHERE = 0;

const tieOf = ({ fingerprint, serial, use, subject, own }: Row<typeof CERTIFICATE>): NamingTie => ({
  ...{ fingerprint, use, subject, serial, own },
});

export class TieReads {
  *endTies({ at }: Now, account: AccountId): Change<EndTies> {
    const found = yield* delegations(account, NOWHERE);
    return {
      certificates: yield* issued(account, at),
      delegations: found.map(({ address, login }) => ({ address, login })),
    };
  }

  *mergeTies({ at }: Now, account: AccountId, from: TiedOrganisation, into: TiedOrganisation): Change<MergeTies> {
    const kept = yield* certificates(account, at);
    const found = yield* delegations(account, into.id, MOST_TOLD);
    return {
      certificates: kept.filter((one) => one.own && namesFormer(one, from, into)),
      sendsAs: found
        .filter((one) => one.account === account && one.organisation !== from.id)
        .map(({ address, organisationName }) => ({ address, organisation: organisationName })),
    };
  }
}

function* certificates(account: number, at: Instant): Change<readonly Row<typeof CERTIFICATE>[]> {
  return yield* sql.all(CERTIFICATE)`
    SELECT fingerprint, serial, use, subject, authority IS NOT NULL AS own, not_after FROM certificate
     WHERE account = ${account} AND revoked_at IS NULL AND not_after > ${at} ORDER BY use, not_after, fingerprint`;
}

/** Those of our own authorities that are valid at `at`. */
export function* issued(account: number, at: Instant): Change<readonly NamingTie[]> {
  return (yield* certificates(account, at)).filter(({ own }) => own).map(tieOf);
}

/** Those that would be valid at `at`, and name the organisation `from`; also what is registered for log-in alone. */
export function* naming(
  account: number,
  { from, into, at }: { readonly from: NamedOrganisation; readonly into: NamedOrganisation; readonly at: Instant },
): Change<readonly NamingTie[]> {
  const kept = yield* certificates(account, at);
  const registered = yield* sql.all({ registration: text, fingerprint: text, subject: text })`
    SELECT name AS registration, fingerprint, about AS subject FROM client_certificate c
     WHERE account = ${account} AND revoked_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM certificate k WHERE k.fingerprint = c.fingerprint) ORDER BY id`;
  const ties = [...kept.map(tieOf), ...registered.map((one): NamingTie => ({ ...one, use: 'login', own: false }))];
  return ties.filter((tie) => namesFormer(tie, from, into));
}

/** Who may send as its addresses, and as which addresses it may send, where the other side is of another organisation than `into`. */
export function* delegations(
  account: number,
  into: number,
  most = MAX_TIES,
): Change<readonly Row<typeof DELEGATION>[]> {
  const others = yield* sql.all(DELEGATION)`
    SELECT g.key, g.account, d.address, a.login, a.organisation, n.name AS organisation_name FROM delegation g
      JOIN address d ON d.key = g.key JOIN account a ON a.id = g.account JOIN organisation n ON n.id = a.organisation
     WHERE d.account = ${account} AND a.organisation <> ${into} ORDER BY g.key, g.account LIMIT ${most}`;
  const own = yield* sql.all(DELEGATION)`
    SELECT g.key, g.account, d.address, a.login, o.organisation, n.name AS organisation_name FROM delegation g
      JOIN address d ON d.key = g.key JOIN account a ON a.id = g.account
      JOIN account o ON o.id = d.account JOIN organisation n ON n.id = o.organisation
     WHERE g.account = ${account} AND o.organisation <> ${into} ORDER BY g.key LIMIT ${most}`;
  return [...others, ...own];
}

/** Consents by which mail would cross the border of `into`: for its addresses, and by them for others. */
export function* substitutes(account: number, into: number): Change<readonly Row<typeof CONSENT>[]> {
  const away = yield* sql.all(CONSENT)`
    SELECT d.account AS owner, t.account AS substitute_account, d.address, t.address AS substitute
      FROM substitute_consent s JOIN address d ON d.key = s.key JOIN address t ON t.key = s.substitute
      JOIN account b ON b.id = t.account
     WHERE d.account = ${account} AND t.account <> ${account} AND b.organisation <> ${into}
     ORDER BY s.key LIMIT ${MAX_TIES}`;
  const instead = yield* sql.all(CONSENT)`
    SELECT d.account AS owner, t.account AS substitute_account, d.address, t.address AS substitute
      FROM substitute_consent s JOIN address d ON d.key = s.key JOIN address t ON t.key = s.substitute
      JOIN account a ON a.id = d.account
     WHERE t.account = ${account} AND d.account <> ${account} AND a.organisation <> ${into}
     ORDER BY s.key LIMIT ${MAX_TIES}`;
  return [...away, ...instead];
}
