/** What holds for all accounts of an organisation, inside the writer's transactions. */
import type { State } from '../../domain/registry.ts';
import { type Actor, type Ending, type OrganisationDetails, RegistryError, THE_GATEWAY } from '../registry.ts';
import { type EndingChanges, ROWS } from './ending-changes.ts';
import { type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

interface OrganisationRow {
  readonly id: number;
  readonly state: State;
  readonly endsAt: number | null;
  /** Whose its accounts become, or became. */
  readonly into: string | null;
}

const COLUMNS = {
  title: 'title',
  contact: 'contact',
  telephone: 'telephone',
  post: 'post',
} as const satisfies Record<keyof OrganisationDetails, string>;

export class OrganisationChanges {
  readonly #ground: RegistryGround;
  readonly #endings: EndingChanges;

  constructor(ground: RegistryGround, endings: EndingChanges) {
    this.#ground = ground;
    this.#endings = endings;
  }

  setState(name: string, state: Exclude<State, 'ended'>, actor: Actor): Changed {
    const row = this.#row(name);
    if (this.#isOver(row))
      throw new RegistryError(
        'ended',
        `The organisation "${name}" has ended, which cannot be undone; add another organisation`,
      );
    this.#notMerging(name, row);
    const { sql } = this.#ground;
    // A suspension goes first, by itself, as with an account.
    if (state === 'active' && row.state === 'active' && row.endsAt !== null) {
      sql.run('UPDATE organisation SET ends_at = NULL, successor = NULL WHERE id = ?', row.id);
      return this.#changed(name, 'ending', 'active', actor);
    }
    sql.run('UPDATE organisation SET state = ? WHERE id = ?', state, row.id);
    return this.#changed(name, row.state, state, actor);
  }

  /** What people are told and written to; the trail names the fields, not what stood in them. */
  change(name: string, changes: OrganisationDetails, actor: Actor): Changed {
    const row = this.#row(name);
    if (this.#isOver(row))
      throw new RegistryError('ended', `The organisation "${name}" has ended; nothing of it changes any more`);
    const fields = Object.keys(COLUMNS) as (keyof OrganisationDetails)[];
    const given = fields.filter((field) => changes[field] !== undefined);
    for (const field of given) {
      const value = changes[field];
      const text = typeof value === 'string' ? value : (value ?? []).join('\n');
      this.#ground.sql.run(
        `UPDATE organisation SET ${COLUMNS[field]} = ? WHERE id = ?`,
        text === '' ? null : text,
        row.id,
      );
    }
    this.#ground.record(
      'registry.organisation-changed',
      null,
      actor,
      { organisation: name },
      { fields: given.join(' ') },
    );
    return { id: 0, accounts: 'many', scope: 'registry' };
  }

  /**
   * With a time of grace one row. Else the first step ends the organisation itself, and with it everything; each ends some of its accounts.
   * `id`: how many.
   */
  end(name: string, { endsAt, successor }: Ending, actor: Actor): Changed {
    const { sql, at } = this.#ground;
    const row = this.#row(name);
    this.#notMerging(name, row);
    // First, so that nobody of its own is named.
    sql.run(
      'UPDATE organisation SET successor = ?, ends_at = ifnull(ends_at, ?) WHERE id = ?',
      successor ?? null,
      at,
      row.id,
    );
    if (successor !== undefined) this.#endings.succeeds(successor, undefined, `organisation "${name}"`);
    if (endsAt === undefined || endsAt <= at || this.#isOver(row)) return this.#close(name, row, actor);
    sql.run('UPDATE organisation SET ends_at = ? WHERE id = ?', endsAt, row.id);
    const about = { organisation: name, ...(successor === undefined ? {} : { successor }) };
    const facts = { from: row.state, to: 'ending', ends: new Date(endsAt).toISOString() };
    this.#ground.record('registry.organisation-state', null, actor, about, facts);
    return { id: 0, accounts: 'many', scope: 'registry' };
  }

  /** One step for an organisation whose time is over, or whose end was cut short. `id`: how many accounts, and the organisation itself. */
  due(): Changed {
    const row = this.#ground.sql.get(
      `SELECT name, state FROM organisation o WHERE (o.ends_at <= ? AND o.state <> 'ended') OR (o.state = 'ended' AND o.merged_into IS NULL
         AND EXISTS (SELECT 1 FROM account a WHERE a.organisation = o.id AND a.state <> 'ended')) LIMIT 1`,
      this.#ground.at,
    ) as { readonly name: string; readonly state: State } | undefined;
    if (row === undefined) return NO_CHANGE;
    const closed = this.#close(row.name, this.#row(row.name), THE_GATEWAY);
    return { ...closed, id: closed.id + (row.state === 'ended' ? 0 : 1) };
  }

  #close(name: string, row: OrganisationRow, actor: Actor): Changed {
    const { sql } = this.#ground;
    sql.run("UPDATE organisation SET state = 'ended' WHERE id = ?", row.id);
    const accounts = sql.all(
      `SELECT a.id, a.login, a.state, iif(a.ends_at IS NULL, o.successor, a.successor) AS successor
         FROM account a JOIN organisation o ON o.id = a.organisation WHERE o.id = ? AND a.state <> 'ended' ORDER BY a.id LIMIT ?`,
      ...[row.id, ROWS],
    ) as { id: number; login: string; state: State; successor: string | null }[];
    for (const account of accounts) this.#endings.close(account, account.successor, actor);
    const from = row.endsAt === null ? row.state : 'ending';
    if (row.state !== 'ended') return { ...this.#changed(name, from, 'ended', actor), id: accounts.length };
    return accounts.length === 0 ? NO_CHANGE : { id: accounts.length, accounts: 'many', scope: 'registry' };
  }

  #changed(organisation: string, from: State | 'ending', to: State, actor: Actor): Changed {
    this.#ground.record('registry.organisation-state', null, actor, { organisation }, { from, to });
    return { id: 0, accounts: 'many', scope: 'registry' };
  }

  #isOver({ state, endsAt }: OrganisationRow): boolean {
    return state === 'ended' || (endsAt !== null && endsAt <= this.#ground.at);
  }

  /** Half of its accounts are another one's by now. */
  #notMerging(name: string, { state, into }: OrganisationRow): void {
    if (into !== null && state !== 'ended')
      throw new RegistryError(
        'invalid',
        `The organisation "${name}" is on its way into "${into}"; "sluis organisation merge ${name} --into ${into}" ends that first`,
      );
  }

  #row(name: string): OrganisationRow {
    const row = this.#ground.sql.get(
      `SELECT o.id, o.state, o.ends_at AS endsAt, i.name AS "into" FROM organisation o LEFT JOIN organisation i ON i.id = o.merged_into WHERE o.name = ?`,
      name,
    );
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no organisation "${name}"; "sluis organisation list" shows those there are`,
      );
    return row as OrganisationRow;
  }
}
