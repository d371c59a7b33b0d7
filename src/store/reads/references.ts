/**
 * References that tie an account to its organisation, and to accounts of others: certificates that
 * name the organisation, rights to send, consents of substitutes. Found here alone, for an account
 * that ends, that goes to another organisation, or whose organisation becomes part of another: a
 * read shows it, and a change cuts it in its own transaction.
 */
import { type NamedOrganisation, namesFormer } from '../../crypto/certificates/certificate-organisation.ts';
import type { Address } from '../../domain/address.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import type { CertificateUse } from '../certificates.ts';
import {
  type EndingReferences,
  MAX_REFERENCES,
  type MergeReferences,
  type NamingReference,
  type TiedOrganisation,
} from '../organisation-references.ts';
import { type Row, as, flag, int, text, time } from '../sql/columns.ts';
import { among } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const CERTIFICATE = {
  account: int,
  fingerprint: text,
  serial: text,
  use: as<CertificateUse>(text),
  subject: text,
  own: flag,
  notAfter: time,
};
/**
 * `owner`: account of the address. `account`: account that may send as it. `organisation`: of the
 * other of the two.
 */
const DELEGATION = {
  key: text,
  owner: int,
  account: int,
  address: as<Address>(text),
  login: text,
  organisation: int,
  organisationName: text,
};
const CONSENT = {
  owner: int,
  substituteAccount: int,
  address: as<Address>(text),
  substitute: as<Address>(text),
};

/** Rights to send of one account that the preview of a merge lists. */
const MOST_TOLD = 1000;

/** Used as `into`, it is no organisation: every right crosses its border. */
export const NOWHERE = 0;

const referenceOf = ({ fingerprint, serial, use, subject, own }: Row<typeof CERTIFICATE>): NamingReference => ({
  fingerprint,
  use,
  subject,
  serial,
  own,
});

export class ReferenceReads {
  *endReferences({ at }: Now, account: AccountId): Change<EndingReferences> {
    const found = yield* delegations([account], NOWHERE);
    return {
      certificates: (yield* issued([account], at)).map(referenceOf),
      delegations: found.map(({ address, login }) => ({ address, login })),
    };
  }

  *mergeReferences(
    { at }: Now,
    account: AccountId,
    from: TiedOrganisation,
    into: TiedOrganisation,
  ): Change<MergeReferences> {
    const kept = yield* certificates([account], at);
    const found = yield* delegations([account], into.id, MOST_TOLD);
    return {
      certificates: kept.filter((one) => one.own && namesFormer(one, from, into)),
      sendsAs: found
        .filter((one) => one.account === account && one.organisation !== from.id)
        .map(({ address, organisationName }) => ({ address, organisation: organisationName })),
    };
  }
}

function* certificates(accounts: readonly number[], at: Instant): Change<readonly Row<typeof CERTIFICATE>[]> {
  return yield* sql.all(CERTIFICATE)`
    SELECT account, fingerprint, serial, use, subject, authority IS NOT NULL AS own, not_after FROM certificate
     WHERE account ${among(int, accounts)} AND revoked_at IS NULL AND not_after > ${at} ORDER BY use, not_after, fingerprint`;
}

/** Certificates of our own authorities that are valid at `at`. */
export function* issued(accounts: readonly number[], at: Instant): Change<readonly Row<typeof CERTIFICATE>[]> {
  return (yield* certificates(accounts, at)).filter(({ own }) => own);
}

/**
 * Certificates that would be valid at `at` and name the organisation `from`; also those registered
 * for login alone.
 */
export function* naming(
  account: number,
  { from, into, at }: { readonly from: NamedOrganisation; readonly into: NamedOrganisation; readonly at: Instant },
): Change<readonly NamingReference[]> {
  const kept = yield* certificates([account], at);
  const registered = yield* sql.all({ registration: text, fingerprint: text, subject: text })`
    SELECT name AS registration, fingerprint, about AS subject FROM client_certificate c
     WHERE account = ${account} AND revoked_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM certificate k WHERE k.fingerprint = c.fingerprint) ORDER BY id`;
  const references = [
    ...kept.map(referenceOf),
    ...registered.map((one): NamingReference => ({ ...one, use: 'login', own: false })),
  ];
  return references.filter((reference) => namesFormer(reference, from, into));
}

/**
 * Rights of others to send as their addresses, and theirs to send as others', if the other side is
 * of another organisation than `into`. `most`: of each, for one account.
 */
export function* delegations(
  accounts: readonly number[],
  into: number,
  most = MAX_REFERENCES,
): Change<readonly Row<typeof DELEGATION>[]> {
  const limit = most * accounts.length;
  const others = yield* sql.all(DELEGATION)`
    SELECT g.key, d.account AS owner, g.account, d.address, a.login, a.organisation, n.name AS organisation_name FROM delegation g
      JOIN address d ON d.key = g.key JOIN account a ON a.id = g.account JOIN organisation n ON n.id = a.organisation
     WHERE d.account ${among(int, accounts)} AND a.organisation <> ${into} ORDER BY g.key, g.account LIMIT ${limit}`;
  const own = yield* sql.all(DELEGATION)`
    SELECT g.key, d.account AS owner, g.account, d.address, a.login, o.organisation, n.name AS organisation_name FROM delegation g
      JOIN address d ON d.key = g.key JOIN account a ON a.id = g.account
      JOIN account o ON o.id = d.account JOIN organisation n ON n.id = o.organisation
     WHERE g.account ${among(int, accounts)} AND o.organisation <> ${into} ORDER BY g.key, g.account LIMIT ${limit}`;
  return [...others, ...notAgain(accounts, own)];
}

/**
 * A reference between two of the accounts is found from both sides: the one of the address's owner
 * is kept.
 */
function notAgain<T extends { readonly owner: number }>(
  accounts: readonly number[],
  found: readonly T[],
): readonly T[] {
  const first = new Set(accounts);
  return found.filter(({ owner }) => !first.has(owner));
}

/**
 * Consents by which mail would cross the border of `into`: for their addresses, and by them for
 * others.
 */
export function* substitutes(accounts: readonly number[], into: number): Change<readonly Row<typeof CONSENT>[]> {
  const limit = MAX_REFERENCES * accounts.length;
  const away = yield* sql.all(CONSENT)`
    SELECT d.account AS owner, t.account AS substitute_account, d.address, t.address AS substitute
      FROM substitute_consent s JOIN address d ON d.key = s.key JOIN address t ON t.key = s.substitute
      JOIN account b ON b.id = t.account
     WHERE d.account ${among(int, accounts)} AND t.account <> d.account AND b.organisation <> ${into}
     ORDER BY s.key LIMIT ${limit}`;
  const instead = yield* sql.all(CONSENT)`
    SELECT d.account AS owner, t.account AS substitute_account, d.address, t.address AS substitute
      FROM substitute_consent s JOIN address d ON d.key = s.key JOIN address t ON t.key = s.substitute
      JOIN account a ON a.id = d.account
     WHERE t.account ${among(int, accounts)} AND d.account <> t.account AND a.organisation <> ${into}
     ORDER BY s.key LIMIT ${limit}`;
  return [...away, ...notAgain(accounts, instead)];
}
