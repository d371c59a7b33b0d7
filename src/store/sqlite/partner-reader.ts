/** Reads of partners, in the reader thread. */
import type Database from 'better-sqlite3';
import type { AccountId, OrganisationId, PartnerId } from '../../domain/ids.ts';
import type { Partner, PartnerServer, PartnerState } from '../../domain/partner.ts';
import type { Instant } from '../../domain/units.ts';
import type { RecipientPartner } from '../partners.ts';
import type { Db } from './database.ts';

interface PartnerRow {
  readonly id: number;
  readonly name: string;
  readonly account: number;
  readonly login: string;
  readonly organisation: number;
  readonly state: PartnerState;
  readonly ends: Instant | null;
  readonly server: string;
  readonly sealed: Buffer | null;
}

/** Its own, or that of its organisation where that is worse. */
const STATE = `CASE WHEN p.state = 'ended' OR o.state = 'ended' THEN 'ended'
  WHEN p.state = 'active' AND o.state = 'suspended' THEN 'suspended' ELSE p.state END AS state`;

/** It ends as its account and its organisation do; what waits is pushed until then. */
const ENDS =
  "iif(p.state = 'ended' OR o.state = 'ended', NULL, min(ifnull(a.ends_at, o.ends_at), ifnull(o.ends_at, a.ends_at))) AS ends";

export class PartnerReader {
  readonly #byId: Database.Statement<[number], PartnerRow>;
  readonly #byName: Database.Statement<[string], PartnerRow>;
  readonly #page: Database.Statement<[string, number], PartnerRow>;
  readonly #domainsOf: Database.Statement<[number], { domain: string }>;
  readonly #ofDomain: Database.Statement<[string], { account: number }>;
  readonly #ofAccount: Database.Statement<[number], PartnerRow>;

  constructor(db: Db) {
    const partners = `SELECT p.id, p.name, p.account, a.login, a.organisation, ${STATE}, ${ENDS}, p.server, p.sealed
      FROM partner p JOIN account a ON a.id = p.account JOIN organisation o ON o.id = a.organisation`;
    this.#byId = db.prepare(`${partners} WHERE p.id = ?`);
    this.#byName = db.prepare(`${partners} WHERE p.name = ?`);
    this.#page = db.prepare(`${partners} WHERE p.name > ? ORDER BY p.name LIMIT ?`);
    this.#domainsOf = db.prepare('SELECT domain FROM partner_domain WHERE partner = ? ORDER BY domain');
    this.#ofDomain = db.prepare(
      'SELECT p.account FROM partner_domain d JOIN partner p ON p.id = d.partner WHERE d.domain = ?',
    );
    this.#ofAccount = db.prepare(`${partners} WHERE p.account = ?`);
  }

  find(id: number): Partner | undefined {
    return this.#shown(this.#byId.get(id));
  }

  named(name: string): Partner | undefined {
    return this.#shown(this.#byName.get(name));
  }

  page(after: string, limit: number): readonly Partner[] {
    return this.#page.all(after, limit).map((row) => this.#partnerOf(row));
  }

  /** The account that a whole domain leads to. */
  accountOfDomain(domain: string): number | undefined {
    return this.#ofDomain.get(domain)?.account;
  }

  /** Where the mail of an account of kind `partner` goes. */
  routeOf(account: number): RecipientPartner | undefined {
    const row = this.#ofAccount.get(account);
    if (row === undefined) return undefined;
    const { maxMessage } = JSON.parse(row.server) as PartnerServer;
    const { id, name, state } = row;
    return { id: id as PartnerId, name, state, ...(maxMessage === undefined ? {} : { maxMessage }) };
  }

  #shown(row: PartnerRow | undefined): Partner | undefined {
    return row === undefined ? undefined : this.#partnerOf(row);
  }

  #partnerOf({ sealed, ...row }: PartnerRow): Partner {
    return {
      id: row.id as PartnerId,
      name: row.name,
      account: row.account as AccountId,
      login: row.login,
      organisation: row.organisation as OrganisationId,
      state: row.state,
      ...(row.ends === null ? {} : { endsAt: row.ends }),
      server: JSON.parse(row.server) as PartnerServer,
      ...(sealed === null ? {} : { sealed: new Uint8Array(sealed) }),
      domains: this.#domainsOf.all(row.id).map((d) => d.domain),
    };
  }
}
