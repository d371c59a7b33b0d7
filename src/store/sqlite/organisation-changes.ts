/** What holds for all accounts of an organisation, inside the writer's transactions. */
import type { State } from '../../domain/registry.ts';
import { type Actor, type OrganisationDetails, RegistryError } from '../registry.ts';
import { type EndingChanges, ROWS } from './ending-changes.ts';
import { type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

interface OrganisationRow {
  readonly id: number;
  readonly state: State;
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
    if (row.state === 'ended')
      throw new RegistryError(
        'ended',
        `The organisation "${name}" has ended, which cannot be undone; add another organisation`,
      );
    this.#notMerging(name, row);
    this.#ground.sql.run('UPDATE organisation SET state = ? WHERE id = ?', state, row.id);
    return this.#changed(name, row.state, state, actor);
  }

  /** What people are told and written to; the trail names the fields, not what stood in them. */
  change(name: string, changes: OrganisationDetails, actor: Actor): Changed {
    const row = this.#row(name);
    if (row.state === 'ended')
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

  /** The first step ends the organisation itself, and with it everything; each ends some of its accounts. `id`: how many. */
  end(name: string, successor: string | null, actor: Actor): Changed {
    const { sql } = this.#ground;
    const row = this.#row(name);
    this.#notMerging(name, row);
    sql.run("UPDATE organisation SET state = 'ended' WHERE id = ?", row.id);
    if (successor !== null) this.#endings.succeeds(successor, undefined, `organisation "${name}"`);
    const accounts = sql.all(
      "SELECT id, login, state FROM account WHERE organisation = ? AND state <> 'ended' ORDER BY id LIMIT ?",
      row.id,
      ROWS,
    ) as { id: number; login: string; state: State }[];
    for (const account of accounts) this.#endings.ofOrganisation(account, { successor, actor });
    if (row.state !== 'ended') return { ...this.#changed(name, row.state, 'ended', actor), id: accounts.length };
    return accounts.length === 0 ? NO_CHANGE : { id: accounts.length, accounts: 'many', scope: 'registry' };
  }

  #changed(organisation: string, from: State, to: State, actor: Actor): Changed {
    this.#ground.record('registry.organisation-state', null, actor, { organisation }, { from, to });
    return { id: 0, accounts: 'many', scope: 'registry' };
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
      `SELECT o.id, o.state, i.name AS "into" FROM organisation o LEFT JOIN organisation i ON i.id = o.merged_into WHERE o.name = ?`,
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
