/** Whether an account may go to another organisation, and what it takes along: asked by the reader for a plan, by the writer for the change. */
import { MAX_MOVED_ADDRESSES, sinceProblem } from '../../domain/account-move.ts';
import type { Address } from '../../domain/address.ts';
import { formatIdentity } from '../../domain/edi-identity.ts';
import { type AccountKind, type State, foldLogin } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import type { AccountTies } from '../account-moves.ts';
import { MAX_TIES } from '../organisation-ties.ts';
import { RegistryError } from '../registry.ts';
import type { Statements } from './statements.ts';
import { type FoundOrganisation, TieFinder } from './tie-finder.ts';

/** What is asked of the store. */
export interface WantedMove {
  readonly login: string;
  readonly organisation: string;
  readonly since: number;
  readonly endsAt: number;
}

export interface MovingAccount {
  readonly id: number;
  readonly login: string;
  readonly kind: AccountKind;
  /** Its own, which the new account has as well. */
  readonly state: State;
  readonly endsAt: number | null;
  readonly from: FoundOrganisation;
  readonly into: FoundOrganisation;
}

type AccountRow = Omit<MovingAccount, 'from' | 'into'>;

const OPEN = "account = ? AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ?)";

export class AccountTiesFinder {
  readonly #sql: Statements;
  readonly #finder: TieFinder;

  constructor(sql: Statements) {
    this.#sql = sql;
    this.#finder = new TieFinder(sql);
  }

  /** Throws RegistryError where it may not. */
  moving({ login, organisation, since }: WantedMove, at: number): MovingAccount {
    const row = this.#sql.get(
      'SELECT id, login, kind, state, ends_at AS endsAt FROM account WHERE login = ?',
      foldLogin(login) ?? '',
    ) as AccountRow | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
    if (row.state === 'ended' || row.endsAt !== null)
      throw new RegistryError(
        'ended',
        row.state === 'ended'
          ? `The account "${login}" has ended, which cannot be undone; add a new account to "${organisation}"`
          : `The account "${login}" is ending; "sluis account resume ${login}" takes that back, then move it`,
      );
    if (row.kind === 'partner')
      throw new RegistryError(
        'invalid',
        `The account "${login}" is a partner's, with a server and domains; add a partner to "${organisation}", and move the addresses there with "sluis address move"`,
      );
    const into = this.#organisation(organisation, login);
    const from = this.#finder.organisation(row.id);
    if (into.id === from.id)
      throw new RegistryError('exists', `The account "${login}" belongs to "${organisation}" already`);
    const problem = sinceProblem(since as Instant, at as Instant);
    if (problem !== undefined)
      throw new RegistryError(
        'invalid',
        `Mail cannot go along from ${new Date(since).toISOString().slice(0, 16)}Z on: ${problem}`,
      );
    const open = this.#sql.get('SELECT 1 FROM account_move WHERE source = ? OR target = ?', row.id, row.id);
    if (open !== undefined)
      throw new RegistryError('invalid', `Mail of the account "${login}" is still moving; try again in a minute`);
    return { ...row, from, into };
  }

  #organisation(name: string, login: string): FoundOrganisation {
    const row = this.#sql.get(
      'SELECT id, name, title, state, ends_at AS endsAt FROM organisation WHERE name = ?',
      name,
    ) as (FoundOrganisation & { state: State; endsAt: number | null }) | undefined;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no organisation "${name}" for account "${login}"; "sluis organisation list" shows those there are`,
      );
    if (row.endsAt !== null && row.state !== 'ended')
      throw new RegistryError(
        'invalid',
        `The organisation "${name}" is ending; "sluis organisation resume ${name}" takes that back, or name another one`,
      );
    if (row.state !== 'active')
      throw new RegistryError(
        'invalid',
        `The organisation "${name}" ${row.state === 'ended' ? 'has ended, which cannot be undone; name another one' : 'is suspended: nobody could log in there; resume it first'}`,
      );
    return row;
  }

  ties({ id, login, from, into }: MovingAccount, at: number): AccountTies {
    const addresses = this.#sql.all(
      `SELECT address FROM address WHERE ${OPEN} ORDER BY key LIMIT ?`,
      id,
      at,
      LIMIT,
    ) as {
      address: Address;
    }[];
    bounded(login, 'addresses', addresses.length, MAX_MOVED_ADDRESSES);
    const count = (what: string, ...values: unknown[]): number =>
      (this.#sql.get(`SELECT count(*) AS n FROM ${what}`, ...values) as { n: number }).n;
    const delegations = this.#finder.delegations(id, into.id);
    const substitutes = this.#finder.substitutes(id, into.id);
    bounded(login, 'rights to send that end', delegations.length, MAX_TIES - 1);
    bounded(login, 'substitutes that end', substitutes.length, MAX_TIES - 1);
    const identities = this.#sql.all(
      'SELECT id, qualifier FROM edi_identity WHERE organisation = ? AND account = ? ORDER BY id, qualifier',
      ...[from.id, id],
    ) as { id: string; qualifier: string }[];
    const naming = this.#finder.naming(id, from, into, at);
    const registered = count('client_certificate WHERE account = ? AND revoked_at IS NULL', id);
    const mail = count(
      "certificate WHERE account = ? AND use = 'mail' AND revoked_at IS NULL AND not_after > ?",
      id,
      at,
    );
    return {
      from: from.name,
      addresses: addresses.map(({ address }) => address),
      passwords: count('password WHERE account = ?', id),
      certificates: Math.max(0, registered + mail - naming.length),
      pgpKeys: count('pgp_key WHERE account = ? AND revoked_at IS NULL', id),
      naming,
      delegations: delegations.map(({ address, login: holder }) => ({ address, login: holder })),
      substitutes: substitutes.map(({ address, substitute }) => ({ address, substitute })),
      codes: count('enrolment WHERE account = ? AND collected IS NULL AND tries_left > 0 AND expires_at > ?', id, at),
      identities: identities.map(formatIdentity),
    };
  }
}

const LIMIT = MAX_MOVED_ADDRESSES + 1;

function bounded(login: string, what: string, n: number, most: number): void {
  if (n > most)
    throw new RegistryError(
      'invalid',
      `The account "${login}" has more than ${most} ${what}, which would not move in one step; end some of them first`,
    );
}

/** The condition for addresses that go along: `account`, then the time. */
export const OPEN_ADDRESS = OPEN;
