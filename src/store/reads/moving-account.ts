/**
 * Whether an account may go to another organisation, and what it takes along: read for a plan, and
 * by the change in its transaction.
 */
import { MAX_MOVED_ADDRESSES, sinceProblem } from '../../domain/account-move.ts';
import type { Address } from '../../domain/address.ts';
import { formatIdentity } from '../../domain/edi-identity.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type AccountKind, type State, foldLogin } from '../../domain/registry.ts';
import { exemptionsIn } from '../../domain/scan-exemption.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import type { Instant } from '../../domain/units.ts';
import type { AccountMove, AccountReferences, MailboxShare } from '../account-moves.ts';
import { MAX_REFERENCES, type TiedOrganisation } from '../organisation-references.ts';
import { RegistryError } from '../registry.ts';
import { type Row, as, flag, int, json, text, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { delegations, naming, substitutes } from './references.ts';

const ACCOUNT = {
  id: as<AccountId>(int),
  login: text,
  kind: as<AccountKind>(text),
  state: as<State>(text),
  ending: flag,
  settings: json<Settings>(),
};

export interface MovingAccount extends Row<typeof ACCOUNT> {
  readonly from: TiedOrganisation;
  readonly into: TiedOrganisation;
}

/** Entries that one step looks at: some milliseconds. */
const STEP = 1000;

/**
 * One bounded part of a mailbox: what was received since the day, and the rest; the next part
 * begins at `next`.
 */
export interface ShareStep {
  readonly moved: MailboxShare;
  readonly left: MailboxShare;
  readonly next: number | null;
}

export class MovingAccountReads {
  /** Throws RegistryError if it may not go. */
  *plan(
    { at }: Now,
    move: AccountMove,
  ): Change<{ readonly account: AccountId; readonly references: AccountReferences }> {
    const moving = yield* movingAccount(move, at);
    return { account: moving.id, references: yield* referencesOf(moving, at) };
  }

  *share(_now: Now, account: AccountId, since: Instant, after: number): Change<ShareStep> {
    const rows = yield* sql.all({ uid: int, octets: int, at: time })`
      SELECT e.uid, e.octets, m.received_at AS at FROM entry e JOIN message m ON m.id = e.message
       WHERE e.account = ${account} AND e.uid > ${after} ORDER BY e.uid LIMIT ${STEP}`;
    const sum = (of: typeof rows): MailboxShare => ({
      messages: of.length,
      octets: of.reduce((total, { octets }) => total + octets, 0),
    });
    return {
      moved: sum(rows.filter(({ at }) => at >= since)),
      left: sum(rows.filter(({ at }) => at < since)),
      next: rows.length < STEP ? null : (rows.at(-1)?.uid ?? null),
    };
  }

  /** Moves that are under way, or were when the store was closed. */
  *pending(_now: Now): Change<readonly { readonly source: AccountId; readonly target: AccountId }[]> {
    return yield* sql.all({ source: as<AccountId>(int), target: as<AccountId>(int) })`
      SELECT source, target FROM account_move ORDER BY source`;
  }
}

/** Throws RegistryError if it may not go. */
export function* movingAccount({ login, organisation, since }: AccountMove, at: Instant): Change<MovingAccount> {
  const row = yield* sql.first(ACCOUNT)`
    SELECT id, login, kind, state, ends_at IS NOT NULL AS ending, settings FROM account WHERE login = ${foldLogin(login) ?? ''} ${locked}`;
  if (row === undefined)
    throw new RegistryError('unknown', `There is no account "${login}"; "sluis account list" shows those there are`);
  if (row.state === 'ended' || row.ending)
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
  const into = yield* organisationFor(organisation, login);
  const from = yield* sql.one({ id: int, name: text, title: text })`
    SELECT o.id, o.name, o.title FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id = ${row.id}`;
  if (into.id === from.id)
    throw new RegistryError('exists', `The account "${login}" belongs to "${organisation}" already`);
  const problem = sinceProblem(since, at);
  if (problem !== undefined)
    throw new RegistryError(
      'invalid',
      `Mail cannot go along from ${new Date(since).toISOString().slice(0, 16)}Z on: ${problem}`,
    );
  const open = yield* sql.first({ source: int })`
    SELECT source FROM account_move WHERE source = ${row.id} OR target = ${row.id} LIMIT 1`;
  if (open !== undefined)
    throw new RegistryError('invalid', `Mail of the account "${login}" is still moving; try again in a minute`);
  return { ...row, from, into };
}

function* organisationFor(name: string, login: string): Change<TiedOrganisation> {
  const row = yield* sql.first({ id: int, name: text, title: text, state: as<State>(text), ending: flag })`
    SELECT id, name, title, state, ends_at IS NOT NULL AS ending FROM organisation WHERE name = ${name} ${locked}`;
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `There is no organisation "${name}" for account "${login}"; "sluis organisation list" shows those there are`,
    );
  if (row.ending && row.state !== 'ended')
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

/**
 * References of an account that go along, and those that do not. Throws RegistryError if they are
 * more than one transaction takes.
 */
export function* referencesOf(
  { id, login, settings, from, into }: MovingAccount,
  at: Instant,
): Change<AccountReferences> {
  const addresses = yield* sql.all({ address: as<Address>(text) })`
    SELECT address FROM address WHERE account = ${id} AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ${at})
     ORDER BY key LIMIT ${MAX_MOVED_ADDRESSES + 1}`;
  bounded(login, 'addresses', addresses.length, MAX_MOVED_ADDRESSES);
  const rights = yield* delegations([id], into.id);
  const consents = yield* substitutes([id], into.id);
  bounded(login, 'rights to send that end', rights.length, MAX_REFERENCES - 1);
  bounded(login, 'substitutes that end', consents.length, MAX_REFERENCES - 1);
  const identities = yield* sql.all({ id: text, qualifier: text })`
    SELECT id, qualifier FROM edi_identity WHERE organisation = ${from.id} AND account = ${id} ORDER BY id, qualifier`;
  const named = yield* naming(id, { from, into, at });
  const { passwords, certificates, pgpKeys, codes } = yield* counted(id, at);
  return {
    from: from.name,
    addresses: addresses.map(({ address }) => address),
    passwords,
    certificates: Math.max(0, certificates - named.length),
    pgpKeys,
    naming: named,
    delegations: rights.map(({ address, login: holder }) => ({ address, login: holder })),
    substitutes: consents.map(({ address, substitute }) => ({ address, substitute })),
    codes,
    identities: identities.map(formatIdentity),
    exemptions: exemptionsIn(settings),
  };
}

const COUNTS = { passwords: int, certificates: int, pgpKeys: int, codes: int };

/**
 * `certificates`: registered for login, and valid ones for mail. `codes`: those that can still be
 * used.
 */
function* counted(id: number, at: Instant): Change<Row<typeof COUNTS>> {
  return yield* sql.one(COUNTS)`
    SELECT (SELECT count(*) FROM password WHERE account = ${id})
        + (SELECT count(*) FROM app_password WHERE account = ${id}) AS passwords,
      (SELECT count(*) FROM client_certificate WHERE account = ${id} AND revoked_at IS NULL)
        + (SELECT count(*) FROM certificate
            WHERE account = ${id} AND use = 'mail' AND revoked_at IS NULL AND not_after > ${at}) AS certificates,
      (SELECT count(*) FROM pgp_key WHERE account = ${id} AND revoked_at IS NULL) AS pgp_keys,
      (SELECT count(*) FROM enrolment
        WHERE account = ${id} AND collected IS NULL AND tries_left > 0 AND expires_at > ${at}) AS codes`;
}

function bounded(login: string, what: string, n: number, most: number): void {
  if (n > most)
    throw new RegistryError(
      'invalid',
      `The account "${login}" has more than ${most} ${what}, which would not move in one step; end some of them first`,
    );
}
