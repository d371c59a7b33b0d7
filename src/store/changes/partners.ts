/** Changes to partners; each with its audit row. They throw RegistryError. */
import {
  MAX_CONNECTIONS,
  MAX_DOMAINS,
  MAX_PINS,
  type PartnerServer,
  type PartnerState,
  isPartnerName,
} from '../../domain/partner.ts';
import type { PartnerId } from '../../domain/ids.ts';
import type { NewPartner, PartnerChange } from '../partners.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { type Row, as, int, text } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { endAccount } from './ends.ts';
import type { ChangeContext } from './change-context.ts';
import { insertAccount } from './new-accounts.ts';

const PARTNER = { id: int, account: int, state: as<PartnerState>(text), organisation: int };

export class PartnerChanges {
  /** Adds a partner with its account of kind `partner`, in one transaction. */
  *addPartner(context: ChangeContext, partner: NewPartner, actor: Actor): Change<PartnerId> {
    yield* checkNewPartner(partner);
    const { name, login, organisation, server, sealed = null } = partner;
    const account = yield* insertAccount(context, { login, organisation, kind: 'partner', addresses: [] }, actor);
    const { id } = yield* sql.one({ id: as<PartnerId>(int) })`
      INSERT INTO partner (name, account, state, server, sealed, created_at)
      VALUES (${name}, ${account}, 'active', ${JSON.stringify(server)}, ${sealed}, ${context.at}) RETURNING id`;
    yield* context.record('registry.partner-added', account, actor, { partner: name, ...about(server) });
    return id;
  }

  /** Sets the state. `ended` ends its account and addresses too, and cannot be undone. */
  *setPartnerState(context: ChangeContext, name: string, state: PartnerState, actor: Actor): Change<void> {
    const partner = yield* openPartner(name);
    const { id, account } = partner;
    const isBack =
      state === 'active' && partner.state === 'active' && (yield* takePartnerBack(context, partner, name, actor));
    if (!isBack) {
      yield* sql.run`UPDATE partner SET state = ${state} WHERE id = ${id}`;
      if (state === 'ended') yield* endAccount(context, account, actor);
      const facts = { from: partner.state, to: state };
      yield* context.record('registry.partner-state', account, actor, { partner: name }, facts);
    }
    yield* context.touch(account);
  }

  *changePartner(context: ChangeContext, name: string, { server, sealed }: PartnerChange, actor: Actor): Change<void> {
    const { id, account } = yield* openPartner(name);
    checkServer(server);
    yield* sql.run`UPDATE partner SET server = ${JSON.stringify(server)} WHERE id = ${id}`;
    if (sealed !== undefined) yield* sql.run`UPDATE partner SET sealed = ${sealed} WHERE id = ${id}`;
    const facts = sealed === undefined ? {} : { secrets: sealed === null ? 'removed' : 'changed' };
    yield* context.record('registry.partner-changed', account, actor, { partner: name, ...about(server) }, facts);
    yield* context.touch(account);
  }

  /**
   * `domain`: folded. A domain leads to one partner. `add` is refused where addresses of other
   * organisations are registered in it, since what is mistyped for one of them would reach the
   * partner; `add-shared` takes that.
   */
  *setPartnerDomain(
    context: ChangeContext,
    name: string,
    domain: string,
    change: 'add' | 'add-shared' | 'remove',
    actor: Actor,
  ): Change<void> {
    const partner = yield* partnerNamed(name);
    if (change === 'remove') yield* removeDomain(partner, name, domain);
    else {
      refuseEnded(partner, name);
      yield* addDomain(partner, name, domain, change);
    }
    yield* context.record('registry.partner-domain', partner.account, actor, { partner: name, domain }, { change });
    yield* context.touch(partner.account);
  }
}

/** Checks everything of a new partner but its account. */
function* checkNewPartner({ name, server }: NewPartner): Change<void> {
  if (!isPartnerName(name))
    throw new RegistryError('invalid', `"${name}" is not a name for a partner; expected up to 64 of a-z, 0-9 and "-"`);
  const there = yield* sql.first({ id: int })`SELECT id FROM partner WHERE name = ${name} ${locked}`;
  if (there !== undefined)
    throw new RegistryError(
      'exists',
      `There is a partner "${name}" already, or was one; a name is used once: choose another`,
    );
  checkServer(server);
}

/** Takes back the end of a partner, which is that of its account. */
function* takePartnerBack(
  context: ChangeContext,
  { account }: Row<typeof PARTNER>,
  name: string,
  actor: Actor,
): Change<boolean> {
  const changed = yield* sql.run`
    UPDATE account SET ends_at = NULL, successor = NULL WHERE id = ${account} AND ends_at IS NOT NULL`;
  if (changed === 0) return false;
  yield* context.record('registry.partner-state', account, actor, { partner: name }, { from: 'ending', to: 'active' });
  return true;
}

/** A partner by name. Throws `unknown`. */
function* partnerNamed(name: string): Change<Row<typeof PARTNER>> {
  const row = yield* sql.first(PARTNER)`
    SELECT p.id, p.account, p.state, a.organisation FROM partner p JOIN account a ON a.id = p.account WHERE p.name = ${name} ${locked}`;
  if (row === undefined)
    throw new RegistryError('unknown', `There is no partner "${name}"; "sluis partner list" shows those there are`);
  return row;
}

/** A partner that has not ended. Throws `unknown` and `ended`. */
function* openPartner(name: string): Change<Row<typeof PARTNER>> {
  const partner = yield* partnerNamed(name);
  refuseEnded(partner, name);
  return partner;
}

function refuseEnded({ state }: Row<typeof PARTNER>, name: string): void {
  if (state === 'ended')
    throw new RegistryError('ended', `The partner "${name}" has ended, which cannot be undone; add a new one`);
}

function* removeDomain({ id }: Row<typeof PARTNER>, name: string, domain: string): Change<void> {
  const removed = yield* sql.run`DELETE FROM partner_domain WHERE domain = ${domain} AND partner = ${id}`;
  if (removed === 0) throw new RegistryError('unknown', `The domain "${domain}" does not lead to partner "${name}"`);
}

function* addDomain(
  { id, organisation }: Row<typeof PARTNER>,
  name: string,
  domain: string,
  change: 'add' | 'add-shared',
): Change<void> {
  const there = yield* sql.first({ name: text })`
    SELECT p.name FROM partner_domain d JOIN partner p ON p.id = d.partner WHERE d.domain = ${domain} ${locked}`;
  if (there !== undefined)
    throw new RegistryError(
      'exists',
      `The domain "${domain}" leads to partner "${there.name}" already; a domain leads to one partner: remove it there first`,
    );
  const { n } = yield* sql.one({ n: int })`SELECT count(*) AS n FROM partner_domain WHERE partner = ${id}`;
  if (n >= MAX_DOMAINS)
    throw new RegistryError('invalid', `The partner "${name}" has ${n} domains, the most that one may have`);
  const end = `@${domain}`;
  // substr, not LIKE: a domain may have "_" in it, which LIKE takes for any character.
  const others = yield* sql.one({ n: int })`
    SELECT count(*) AS n FROM address d JOIN account a ON a.id = d.account
     WHERE substr(d.key, length(d.key) - length(CAST(${end} AS text)) + 1) = ${end} AND d.state <> 'ended' AND a.organisation <> ${organisation}`;
  if (change === 'add' && others.n > 0)
    throw new RegistryError(
      'exists',
      `In the domain "${domain}" ${others.n} addresses of other organisations are registered: mail that is mistyped for one of them would reach partner "${name}"; register its addresses one by one, or say that the domain is shared`,
    );
  yield* sql.run`INSERT INTO partner_domain (domain, partner) VALUES (${domain}, ${id})`;
}

/** What the audit trail says of a server: where it is and what it must show, never a secret. */
const about = (server: PartnerServer): Record<string, string> => ({
  host: server.host,
  port: String(server.port),
  tls: server.tls,
  pins: (server.pins ?? []).map((p) => p.sha256).join(' '),
});

function checkServer({ port, connections, pins = [] }: PartnerServer): void {
  const wrong = (what: string): never => {
    throw new RegistryError('invalid', `Cannot keep the partner's server: ${what}`);
  };
  if (!Number.isInteger(port) || port < 1 || port > 65_535) wrong(`port ${port}; expected 1 to 65535`);
  if (!Number.isInteger(connections) || connections < 1 || connections > MAX_CONNECTIONS)
    wrong(`${connections} connections; expected 1 to ${MAX_CONNECTIONS}`);
  if (pins.length > MAX_PINS) wrong(`${pins.length} pins; expected at most ${MAX_PINS}`);
}
