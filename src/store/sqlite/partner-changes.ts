/** Changes to partners, inside the writer's transactions. */
import {
  MAX_CONNECTIONS,
  MAX_DOMAINS,
  MAX_PINS,
  type PartnerServer,
  type PartnerState,
  isPartnerName,
} from '../../domain/partner.ts';
import type { NewPartner, PartnerChange } from '../partners.ts';
import { type Actor, type NewAccount, RegistryError } from '../registry.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';

interface PartnerRow {
  readonly id: number;
  readonly account: number;
  readonly state: PartnerState;
  readonly organisation: number;
}

/** What accounts need for a partner's: it is made and ended as any other. */
export interface AccountParts {
  readonly add: (account: NewAccount, actor: Actor) => number;
  readonly end: (account: number, actor: Actor) => void;
}

export class PartnerChanges {
  readonly #ground: RegistryGround;
  readonly #accounts: AccountParts;

  constructor(ground: RegistryGround, accounts: AccountParts) {
    this.#ground = ground;
    this.#accounts = accounts;
  }

  add({ name, organisation, login, server, sealed }: NewPartner, actor: Actor): Changed {
    if (!isPartnerName(name))
      throw new RegistryError('invalid', `"${name}" is no name for a partner; expected up to 64 of a-z, 0-9 and "-"`);
    if (this.#ground.sql.get('SELECT 1 FROM partner WHERE name = ?', name) !== undefined)
      throw new RegistryError(
        'exists',
        `There is a partner "${name}" already, or was one; a name is used once: choose another`,
      );
    check(server);
    const account = this.#accounts.add({ login, organisation, kind: 'partner', addresses: [] }, actor);
    const made = this.#ground.sql.run(
      'INSERT INTO partner (name, account, state, server, sealed, created_at) VALUES (?,?,?,?,?,?)',
      name,
      account,
      'active',
      JSON.stringify(server),
      sealed ?? null,
      this.#ground.at,
    );
    this.#ground.record('registry.partner-added', account, actor, { partner: name, ...about(server) });
    return { id: Number(made.lastInsertRowid), accounts: [account], scope: 'registry' };
  }

  change(name: string, { server, sealed }: PartnerChange, actor: Actor): Changed {
    const partner = this.#open(name);
    check(server);
    this.#ground.sql.run('UPDATE partner SET server = ? WHERE id = ?', JSON.stringify(server), partner.id);
    if (sealed !== undefined) this.#ground.sql.run('UPDATE partner SET sealed = ? WHERE id = ?', sealed, partner.id);
    this.#ground.record(
      'registry.partner-changed',
      partner.account,
      actor,
      { partner: name, ...about(server) },
      sealed === undefined ? {} : { secrets: sealed === null ? 'removed' : 'changed' },
    );
    return this.#changed(partner);
  }

  setState(name: string, state: PartnerState, actor: Actor): Changed {
    const partner = this.#open(name);
    if (state === 'active' && partner.state === 'active' && this.#takesBack(partner, name, actor))
      return this.#changed(partner);
    // Before the account: its end ends the partner too, and would find it ended.
    this.#ground.sql.run('UPDATE partner SET state = ? WHERE id = ?', state, partner.id);
    if (state === 'ended') this.#accounts.end(partner.account, actor);
    this.#ground.record(
      'registry.partner-state',
      partner.account,
      actor,
      { partner: name },
      { from: partner.state, to: state },
    );
    return this.#changed(partner);
  }

  /** Its end is off, where it was ending, which it does as its account. */
  #takesBack({ account }: PartnerRow, name: string, actor: Actor): boolean {
    const { changes } = this.#ground.sql.run(
      'UPDATE account SET ends_at = NULL, successor = NULL WHERE id = ? AND ends_at IS NOT NULL',
      account,
    );
    if (changes === 0) return false;
    this.#ground.record('registry.partner-state', account, actor, { partner: name }, { from: 'ending', to: 'active' });
    return true;
  }

  setDomain(name: string, domain: string, change: 'add' | 'add-shared' | 'remove', actor: Actor): Changed {
    const partner = this.#partner(name);
    if (change === 'remove') {
      const removed = this.#ground.sql.run(
        'DELETE FROM partner_domain WHERE domain = ? AND partner = ?',
        domain,
        partner.id,
      );
      if (removed.changes === 0)
        throw new RegistryError('unknown', `The domain "${domain}" does not lead to partner "${name}"`);
    } else this.#addDomain(this.#open(name), name, domain, change);
    this.#ground.record('registry.partner-domain', partner.account, actor, { partner: name, domain }, { change });
    return this.#changed(partner);
  }

  /** The account has ended: what hangs on it must not go on by itself. */
  accountEnded(account: number): void {
    this.#ground.sql.run("UPDATE partner SET state = 'ended' WHERE account = ?", account);
    this.#ground.sql.run(
      'DELETE FROM partner_domain WHERE partner IN (SELECT id FROM partner WHERE account = ?)',
      account,
    );
  }

  #addDomain(partner: PartnerRow, name: string, domain: string, change: 'add' | 'add-shared'): void {
    const { sql } = this.#ground;
    const there = sql.get(
      'SELECT p.name FROM partner_domain d JOIN partner p ON p.id = d.partner WHERE d.domain = ?',
      domain,
    ) as { name: string } | undefined;
    if (there !== undefined)
      throw new RegistryError(
        'exists',
        `The domain "${domain}" leads to partner "${there.name}" already; a domain leads to one partner: remove it there first`,
      );
    const { n } = sql.get('SELECT count(*) AS n FROM partner_domain WHERE partner = ?', partner.id) as { n: number };
    if (n >= MAX_DOMAINS)
      throw new RegistryError('invalid', `The partner "${name}" has ${n} domains, the most that one may have`);
    // substr, not LIKE: a domain may have "_" in it, which LIKE takes for any character.
    const others = sql.get(
      `SELECT count(*) AS n FROM address d JOIN account a ON a.id = d.account
        WHERE substr(d.key, -length(?) - 1) = '@' || ? AND d.state <> 'ended' AND a.organisation <> ?`,
      domain,
      domain,
      partner.organisation,
    ) as { n: number };
    if (change === 'add' && others.n > 0)
      throw new RegistryError(
        'invalid',
        `In the domain "${domain}" ${others.n} addresses of other organisations are registered: mail that is mistyped for one of them would reach partner "${name}"; register its addresses one by one, or say that the domain is shared`,
      );
    sql.run('INSERT INTO partner_domain (domain, partner) VALUES (?, ?)', domain, partner.id);
  }

  #partner(name: string): PartnerRow {
    const row = this.#ground.sql.get(
      'SELECT p.id, p.account, p.state, a.organisation FROM partner p JOIN account a ON a.id = p.account WHERE p.name = ?',
      name,
    ) as PartnerRow | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `There is no partner "${name}"; "sluis partner list" shows those there are`);
    return row;
  }

  #open(name: string): PartnerRow {
    const row = this.#partner(name);
    if (row.state === 'ended')
      throw new RegistryError('ended', `The partner "${name}" has ended, which cannot be undone; add a new one`);
    return row;
  }

  #changed({ id, account }: PartnerRow): Changed {
    this.#ground.touch(account);
    return { id, accounts: [account], scope: 'registry' };
  }
}

/** What the audit trail tells of a server: where it is and what it must show, never a secret. */
const about = (server: PartnerServer): Record<string, string> => ({
  host: server.host,
  port: String(server.port),
  tls: server.tls,
  pins: (server.pins ?? []).map((p) => p.sha256).join(' '),
});

function check({ port, connections, pins = [] }: PartnerServer): void {
  const wrong = (what: string): never => {
    throw new RegistryError('invalid', `Cannot keep the partner's server: ${what}`);
  };
  if (!Number.isInteger(port) || port < 1 || port > 65_535) wrong(`port ${port}; expected 1 to 65535`);
  if (!Number.isInteger(connections) || connections < 1 || connections > MAX_CONNECTIONS)
    wrong(`${connections} connections; expected 1 to ${MAX_CONNECTIONS}`);
  if (pins.length > MAX_PINS) wrong(`${pins.length} pins; expected at most ${MAX_PINS}`);
}
