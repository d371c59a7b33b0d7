/** Changes to EDI identities, inside the writer's transactions. */
import { type EdiIdentity, formatIdentity } from '../../domain/edi-identity.ts';
import { MAX_IDENTITIES, type RegisteredIdentity } from '../edi-identities.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';

interface Holder {
  readonly organisation: number;
  readonly account: number | null;
}

interface IdentityRow extends Holder {
  readonly id: string;
  readonly qualifier: string;
  readonly name: string;
  readonly login: string | null;
}

const IDENTITY = `SELECT i.id, i.qualifier, i.organisation, i.account, o.name, a.login FROM edi_identity i
  JOIN organisation o ON o.id = i.organisation LEFT JOIN account a ON a.id = i.account`;

export class EdiChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  add(identities: readonly RegisteredIdentity[], actor: Actor): Changed {
    let added = 0;
    for (const identity of identities) {
      const holder = this.#holder(identity);
      if (this.#isThere(identity, holder)) continue;
      this.#hasRoom(identity.organisation, holder.organisation);
      this.#ground.sql.run(
        'INSERT INTO edi_identity (id, qualifier, organisation, account, created_at) VALUES (?,?,?,?,?)',
        identity.id,
        identity.qualifier,
        holder.organisation,
        holder.account,
        this.#ground.at,
      );
      this.#record('registry.edi-identity-added', identity, holder.account, actor);
      added += 1;
    }
    // Every account of the organisation may be called so from now on.
    return { id: added, accounts: added === 0 ? [] : 'many', scope: 'registry' };
  }

  remove(identity: EdiIdentity, actor: Actor): Changed {
    const row = this.#rows(identity.id).find(({ qualifier }) => qualifier === identity.qualifier);
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `"${formatIdentity(identity)}" is registered for nobody; "sluis organisation edi list" shows what is`,
      );
    this.#ground.sql.run('DELETE FROM edi_identity WHERE id = ? AND qualifier = ?', identity.id, identity.qualifier);
    const login = row.login === null ? {} : { login: row.login };
    this.#record(
      'registry.edi-identity-removed',
      { ...identity, organisation: row.name, ...login },
      row.account,
      actor,
    );
    return { id: 0, accounts: 'many', scope: 'registry' };
  }

  #holder({ organisation, login }: RegisteredIdentity): Holder {
    const row = this.#ground.sql.get(
      `SELECT o.id, i.name AS "into" FROM organisation o LEFT JOIN organisation i ON i.id = o.merged_into WHERE o.name = ?`,
      organisation,
    ) as { id: number; into: string | null } | undefined;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no organisation "${organisation}"; "sluis organisation list" shows those there are`,
      );
    if (row.into !== null)
      throw new RegistryError(
        'ended',
        `The organisation "${organisation}" has become part of "${row.into}"; register it there`,
      );
    if (login === undefined) return { organisation: row.id, account: null };
    const account = this.#ground.account(login);
    this.#ground.openFor(account, login);
    const its = this.#ground.sql.get('SELECT organisation FROM account WHERE id = ?', account.id) as {
      organisation: number;
    };
    if (its.organisation !== row.id)
      throw new RegistryError('invalid', `The account "${login}" does not belong to organisation "${organisation}"`);
    return { organisation: row.id, account: account.id };
  }

  /** True where exactly this is registered for the same holder. */
  #isThere(identity: EdiIdentity, holder: Holder): boolean {
    const { qualifier } = identity;
    const rows = this.#rows(identity.id);
    const other = rows.find(
      (row) =>
        (row.qualifier === qualifier || row.qualifier === '' || qualifier === '') &&
        (row.organisation !== holder.organisation || (row.qualifier === qualifier && row.account !== holder.account)),
    );
    if (other !== undefined)
      throw new RegistryError(
        'exists',
        `"${formatIdentity(other)}" is registered for ${other.login === null ? `organisation "${other.name}"` : `account "${other.login}"`} already, and an identity has one holder: remove it there first`,
      );
    return rows.some((row) => row.qualifier === qualifier);
  }

  #hasRoom(name: string, organisation: number): void {
    const { n } = this.#ground.sql.get(
      'SELECT count(*) AS n FROM edi_identity WHERE organisation = ?',
      organisation,
    ) as { n: number };
    if (n >= MAX_IDENTITIES)
      throw new RegistryError(
        'invalid',
        `The organisation "${name}" has ${n} EDI identities, the most that one may have`,
      );
  }

  #rows(id: string): IdentityRow[] {
    return this.#ground.sql.all(`${IDENTITY} WHERE i.id = ?`, id) as IdentityRow[];
  }

  #record(event: string, identity: RegisteredIdentity, account: number | null, actor: Actor): void {
    const { organisation, login } = identity;
    const personal = { organisation, ...(login === undefined ? {} : { login }) };
    this.#ground.record(event, account, actor, personal, { identity: formatIdentity(identity) });
  }
}
