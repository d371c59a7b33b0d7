/**
 * One organisation becomes part of another, inside the writer's transactions: first that it is so, with what it is called in interchanges;
 * then its accounts, one part after the other, each account with its addresses at once; last its end. Cut short, the same is asked for again.
 */
import { type EdiIdentity, formatIdentity } from '../../domain/edi-identity.ts';
import { addressKey } from '../../domain/address.ts';
import type { State } from '../../domain/registry.ts';
import { MAX_IDENTITIES } from '../edi-identities.ts';
import type { AccountMerge, AddressMerge } from '../organisation-merge.ts';
import { type Actor, RegistryError } from '../registry.ts';
import { insertAddresses, moveAll } from '../changes/addresses.ts';
import { dropVerifiers } from '../changes/passwords.ts';
import { successorNamed } from '../changes/registered.ts';
import { applySettings } from '../changes/settings.ts';
import { type Changed, NO_CHANGE, type RegistryGround } from './registry-ground.ts';

/**
 * What a merge does with the rows of an organisation, for each table that has such a column. Tables that hang on an account or an address
 * need no word: they go where it goes.
 */
export const MERGED_TABLES: Readonly<Record<string, string>> = {
  account: 'those that have not ended become the other one’s',
  edi_identity: 'carried over in the first step; those of accounts that have ended stay',
  organisation: 'says whose its accounts became',
  usage_month: 'stays: what was counted before is of the invoice of before, from then on the other one counts',
  former_organisation: 'stays: whose an account was before does not change',
};

interface OrganisationRow {
  readonly id: number;
  readonly name: string;
  readonly state: State;
  /** 1: it is ending. */
  readonly ending: 0 | 1;
  readonly merged_into: number | null;
}

interface AccountRow {
  readonly id: number;
  readonly organisation: number;
  readonly state: State;
}

/** Those that go over; `?` is the time: what has ended by the clock stays. */
const LIVE = "state <> 'ended' AND (ends_at IS NULL OR ends_at > ?)";
/** Addresses that take mail. Those that are ending, or whose account is, go along as they are: nothing is to be done with them. */
const TAKING = `account = ? AND ${LIVE} AND final_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM account a WHERE a.id = address.account AND a.ends_at IS NOT NULL)`;

export class MergeChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  /** `id`: identities that were carried over. */
  begin(from: string, into: string, actor: Actor): Changed {
    const { sql, at } = this.#ground;
    const [one, other] = [this.#row(from), this.#row(into)];
    if (one.id === other.id) throw new RegistryError('invalid', `"${from}" cannot become part of itself; name another`);
    if (one.merged_into === other.id) return NO_CHANGE;
    this.#open(one, other);
    sql.run('UPDATE organisation SET merged_into = ?, merged_at = ? WHERE id = ?', other.id, at, one.id);
    this.#ground.record('registry.organisation-merging', null, actor, { organisation: from, into });
    return { id: this.#carryIdentities(one, other, actor), accounts: 'many', scope: 'registry' };
  }

  /** `id`: accounts that became the other one's; those that are already are passed over. */
  accounts(from: string, into: string, merges: readonly AccountMerge[], actor: Actor): Changed {
    const [one, other] = [this.#begun(from, into), this.#row(into)];
    const touched = new Set<number>();
    let merged = 0;
    for (const merge of merges) {
      const account = this.#ground.sql.get(
        "SELECT id, organisation, iif(ends_at <= ?, 'ended', state) AS state FROM account WHERE login = ?",
        ...[this.#ground.at, merge.login],
      ) as AccountRow | undefined;
      if (account?.organisation !== one.id || account.state === 'ended') continue;
      this.#account(account, { merge, from: one, into: other, actor });
      this.#addresses(account.id, merge, actor);
      touched.add(account.id);
      merged += 1;
    }
    return { id: merged, accounts: [...touched], scope: 'registry' };
  }

  /** `id`: accounts that have yet to go over; where there is none, the organisation has ended. */
  finish(from: string, into: string, actor: Actor): Changed {
    const { sql, at } = this.#ground;
    const row = this.#begun(from, into);
    const { left } = sql.get(`SELECT count(*) AS left FROM account WHERE organisation = ? AND ${LIVE}`, row.id, at) as {
      left: number;
    };
    if (left > 0) return { ...NO_CHANGE, id: left };
    if (row.state === 'ended') return NO_CHANGE;
    sql.run("UPDATE organisation SET state = 'ended', merged_at = ? WHERE id = ?", at, row.id);
    const about = { organisation: from, into };
    this.#ground.record('registry.organisation-state', null, actor, about, { from: row.state, to: 'ended' });
    return { id: 0, accounts: 'many', scope: 'registry' };
  }

  #account(
    { id }: AccountRow,
    {
      merge: { login, settings },
      from,
      into,
      actor,
    }: { merge: AccountMerge; from: OrganisationRow; into: OrganisationRow; actor: Actor },
  ): void {
    const { sql, at } = this.#ground;
    sql.run('UPDATE account SET organisation = ?, version = version + 1 WHERE id = ?', into.id, id);
    const personal = { login, organisation: into.name, from: from.name };
    this.#ground.record('registry.account-organisation', id, actor, personal);
    sql.run(
      'INSERT INTO former_organisation (organisation, account, until_seq, until_at) VALUES (?,?,?,?)',
      ...[from.id, id, this.#ground.lastSeq, at],
    );
    // Behind the change: whether SCRAM verifiers may stay is judged by the settings that hold now.
    const target = { scope: 'account', login } as const;
    if (Object.keys(settings).length > 0)
      this.#ground.run(applySettings(this.#ground.ground, [{ target, changes: settings }], actor));
    this.#ground.run(dropVerifiers([id]));
  }

  #addresses(account: number, { login, addresses }: AccountMerge, actor: Actor): void {
    const { sql, at } = this.#ground;
    const { n } = sql.get(`SELECT count(*) AS n FROM address WHERE ${TAKING}`, account, at) as {
      n: number;
    };
    if (n !== addresses.length)
      throw new RegistryError(
        'invalid',
        `The addresses of "${login}" were changed meanwhile; give the same command again, it goes on`,
      );
    for (const merge of addresses) {
      const row = this.#ground.address(merge.address);
      if (row.account !== account)
        throw new RegistryError(
          'invalid',
          `The address "${merge.address}" does not lead to "${login}" any more; give the same command again, it goes on`,
        );
      if (merge.mailbox !== undefined) {
        const move = { address: merge.address, login: merge.mailbox };
        this.#ground.run(moveAll(this.#ground.ground, [move], actor));
      }
      if (merge.endsAt !== undefined) this.#ends(row.key, { ...merge, endsAt: merge.endsAt }, actor);
    }
  }

  #ends(
    key: string,
    { address, endsAt, successor }: Required<Pick<AddressMerge, 'endsAt'>> & AddressMerge,
    actor: Actor,
  ): void {
    const { sql } = this.#ground;
    const { account } = sql.get('SELECT account FROM address WHERE key = ?', key) as { account: number };
    if (successor !== undefined) {
      // The mail of the old one lands there as before: only the name is new.
      if (sql.get('SELECT 1 FROM address WHERE key = ?', addressKey(successor)) === undefined) {
        this.#ground.run(insertAddresses(this.#ground.ground, account, [successor]));
        this.#ground.record('registry.address-added', account, actor, { address: successor });
      }
      this.#ground.run(successorNamed(this.#ground.at, successor, `address "${address}"`));
    }
    sql.run('UPDATE address SET ends_at = ?, successor = ? WHERE key = ?', endsAt, successor ?? null, key);
    this.#ground.touch(account);
    const personal = { address, ...(successor === undefined ? {} : { successor }) };
    const ends = new Date(endsAt).toISOString();
    this.#ground.record('registry.address-ending', account, actor, personal, { ends });
  }

  #carryIdentities(from: OrganisationRow, into: OrganisationRow, actor: Actor): number {
    const { sql, at } = this.#ground;
    const whose = `organisation = ? AND (account IS NULL OR account IN (SELECT id FROM account WHERE ${LIVE}))`;
    const carried = sql.all(
      `SELECT id, qualifier, account FROM edi_identity WHERE ${whose} ORDER BY id, qualifier`,
      ...[from.id, at],
    ) as (EdiIdentity & { readonly account: number | null })[];
    const { n } = sql.get('SELECT count(*) AS n FROM edi_identity WHERE organisation = ?', into.id) as { n: number };
    if (n + carried.length > MAX_IDENTITIES)
      throw new RegistryError(
        'invalid',
        `"${into.name}" has ${n} EDI identities and "${from.name}" ${carried.length}; one organisation has at most ${MAX_IDENTITIES}: remove what is not used`,
      );
    sql.run(`UPDATE edi_identity SET organisation = ? WHERE ${whose}`, ...[into.id, from.id, at]);
    for (const { account, ...identity } of carried) {
      const personal = { organisation: into.name, from: from.name };
      this.#ground.record('registry.edi-identity-moved', account, actor, personal, {
        identity: formatIdentity(identity),
      });
    }
    return carried.length;
  }

  #open(from: OrganisationRow, into: OrganisationRow): void {
    for (const { name, state, ending, merged_into: gone } of [from, into]) {
      if (gone !== null || state === 'ended')
        throw new RegistryError(
          'ended',
          gone === null
            ? `The organisation "${name}" has ended, which cannot be undone; name another one`
            : `The organisation "${name}" is part of "${this.#nameOf(gone)}" already, or becomes so; name that one`,
        );
      if (ending === 1)
        throw new RegistryError(
          'ended',
          `The organisation "${name}" is ending; "sluis organisation resume ${name}" takes that back, then merge`,
        );
      if (state === 'suspended')
        throw new RegistryError(
          'invalid',
          `The organisation "${name}" is suspended, and a merge would resume accounts, or suspend them; "sluis organisation resume ${name}" first`,
        );
    }
    const coming = this.#ground.sql.get(
      "SELECT name FROM organisation WHERE merged_into = ? AND state <> 'ended'",
      from.id,
    ) as { name: string } | undefined;
    if (coming !== undefined)
      throw new RegistryError(
        'invalid',
        `"${coming.name}" is on its way into "${from.name}"; "sluis organisation merge ${coming.name} --into ${from.name}" ends that first`,
      );
  }

  #begun(from: string, into: string): OrganisationRow {
    const [one, other] = [this.#row(from), this.#row(into)];
    if (one.merged_into !== other.id)
      throw new RegistryError('invalid', `"${from}" is not on its way into "${into}"; nothing was changed`);
    if (other.state !== 'active' || other.ending === 1)
      throw new RegistryError(
        'invalid',
        `The organisation "${into}" is ${other.ending === 1 ? 'ending' : other.state}; nothing more was changed`,
      );
    return one;
  }

  #row(name: string): OrganisationRow {
    const row = this.#ground.sql.get(
      'SELECT id, name, state, ends_at IS NOT NULL AS ending, merged_into FROM organisation WHERE name = ?',
      name,
    );
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no organisation "${name}"; "sluis organisation list" shows those there are`,
      );
    return row as OrganisationRow;
  }

  #nameOf(id: number): string {
    return (this.#ground.sql.get('SELECT name FROM organisation WHERE id = ?', id) as { name: string }).name;
  }
}
