/** Reads of partners. */
import { defined } from '../../domain/defined.ts';
import type { AccountId, OrganisationId, PartnerId } from '../../domain/ids.ts';
import type { Partner, PartnerServer, PartnerState } from '../../domain/partner.ts';
import type { RecipientPartner } from '../partners.ts';
import type { Page } from '../registry.ts';
import { type Row, as, bytes, int, json, optional, text, time } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';

const PARTNER = {
  id: as<PartnerId>(int),
  name: text,
  account: as<AccountId>(int),
  login: text,
  organisation: as<OrganisationId>(int),
  state: as<PartnerState>(text),
  endsAt: optional(time),
  server: json<PartnerServer>(),
  sealed: optional(bytes),
};

/**
 * A partner's state is its own, or that of its organisation if that is worse. It ends with its
 * account or its organisation, whichever is earlier; waiting mail is pushed until then.
 */
const PARTNERS = words(`SELECT p.id, p.name, p.account, a.login, a.organisation,
    CASE WHEN p.state = 'ended' OR o.state = 'ended' THEN 'ended'
      WHEN p.state = 'active' AND o.state = 'suspended' THEN 'suspended' ELSE p.state END AS state,
    CASE WHEN p.state = 'ended' OR o.state = 'ended' THEN NULL
      WHEN a.ends_at IS NULL OR o.ends_at < a.ends_at THEN o.ends_at ELSE a.ends_at END AS ends_at, p.server, p.sealed
  FROM partner p JOIN account a ON a.id = p.account JOIN organisation o ON o.id = a.organisation`);

export class PartnerReads {
  /** A partner, read from the database each time and not cached. */
  *findPartner(_now: Now, id: PartnerId): Change<Partner | undefined> {
    return (yield* withDomains(yield* sql.all(PARTNER)`${PARTNERS} WHERE p.id = ${id}`))[0];
  }

  *findPartnerNamed(_now: Now, name: string): Change<Partner | undefined> {
    return (yield* withDomains(yield* sql.all(PARTNER)`${PARTNERS} WHERE p.name = ${name}`))[0];
  }

  *listPartners(_now: Now, page: Page): Change<readonly Partner[]> {
    return yield* withDomains(
      yield* sql.all(PARTNER)`
        ${PARTNERS} WHERE p.name > ${page.after ?? ''} ORDER BY p.name LIMIT ${limitOf(page)}`,
    );
  }
}

function* withDomains(partners: readonly Row<typeof PARTNER>[]): Change<readonly Partner[]> {
  const ids = partners.map(({ id }) => id);
  const domains = yield* sql.all({ partner: int, domain: text })`
    SELECT partner, domain FROM partner_domain WHERE partner ${among(int, ids)} ORDER BY partner, domain`;
  return partners.map((one) => ({
    ...one,
    domains: domains.filter(({ partner }) => partner === one.id).map(({ domain }) => domain),
  }));
}

/** The account that a whole domain leads to. */
export function* accountOfDomain(domain: string): Change<number | undefined> {
  const row = yield* sql.first({ account: int })`
    SELECT p.account FROM partner_domain d JOIN partner p ON p.id = d.partner WHERE d.domain = ${domain}`;
  return row?.account;
}

/** Where the mail of an account of kind `partner` goes. */
export function* routeOf(account: number): Change<RecipientPartner | undefined> {
  const row = yield* sql.first(PARTNER)`${PARTNERS} WHERE p.account = ${account}`;
  if (row === undefined) return undefined;
  const { id, name, state, server } = row;
  return { id, name, state, ...defined({ maxMessage: server.maxMessage }) };
}
