/**
 * Reads of accounts, with what belongs to each: a page asks for that of all its accounts at once.
 */
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId, OrganisationId } from '../../domain/ids.ts';
import {
  type Account,
  type AccountKind,
  type AppScope,
  type State,
  addressAt,
  endedAt,
  foldLogin,
} from '../../domain/registry.ts';
import type { Instant, Octets } from '../../domain/units.ts';
import type { Day } from '../../domain/working-days.ts';
import type { EnrolmentUse } from '../certificates.ts';
import type { AccountSummary, Page } from '../registry.ts';
import { type Row, as, flag, int, optional, text, time } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { ADDRESS, ADDRESS_COLUMNS, OWNER, addressOf, withEarliest } from './addresses.ts';
import { certificatesOf } from './client-certificates.ts';
import { SETTINGS } from './organisations.ts';
import { limitOf } from './page.ts';

export const ACCOUNT = {
  id: as<AccountId>(int),
  login: text,
  organisation: as<OrganisationId>(int),
  kind: as<AccountKind>(text),
  state: as<State>(text),
  accountEnds: optional(time),
  settings: SETTINGS,
  version: int,
};
/**
 * Columns of the tables `a` and `o`. An account's state is the worse of its own and that of its
 * organisation.
 */
export const accountColumns = (suspended: string) =>
  withEarliest(
    (earliest) => `
  a.id, a.login, a.organisation, a.kind, CASE WHEN a.state = 'ended' OR o.state = 'ended' THEN 'ended' WHEN ${suspended} THEN 'suspended' ELSE 'active' END AS state,
  ${earliest('a.ends_at', 'o.ends_at')} AS account_ends, a.settings, a.version`,
  );
export const SUSPENDED = "a.state = 'suspended' OR o.state = 'suspended'";
export const ACCOUNT_COLUMNS = accountColumns(SUSPENDED);

/** The account as it stands in its row: whoever keeps it has to look at the clock again. */
export const accountOf = (row: Row<typeof ACCOUNT>): Account => ({
  id: row.id,
  login: row.login,
  organisation: row.organisation,
  kind: row.kind,
  state: row.state,
  ...defined({ endsAt: row.accountEnds }),
  settings: row.settings,
});

const WHOLE = {
  ...ACCOUNT,
  lastLogin: optional(as<Day>(int)),
  lastUsed: optional(as<Day>(int)),
  name: text,
  used: as<Octets>(int),
  messages: int,
};
const ACCOUNTS = words(`a.last_login, a.last_used, o.name, m.octets AS used, m.messages
  FROM account a JOIN organisation o ON o.id = a.organisation JOIN mailbox m ON m.account = a.id`);

const PASSWORD = {
  account: as<AccountId>(int),
  name: text,
  scram: flag,
  createdAt: time,
  endsAt: optional(time),
  lastUsedAt: optional(time),
};
const APP_PASSWORD = {
  account: as<AccountId>(int),
  id: text,
  name: text,
  scope: as<AppScope>(text),
  createdAt: time,
  endsAt: optional(time),
  lastUsedAt: optional(time),
};
const CODE = {
  account: int,
  id: text,
  use: as<EnrolmentUse>(text),
  password: optional(text),
  createdAt: time,
  expiresAt: time,
  triesLeft: int,
};
/** Codes of one account that a listing shows. */
const MOST_CODES = 100;

export class AccountReads {
  /** Accounts in the order of logins. */
  *listAccounts({ at }: Now, page: Page & { readonly organisation?: string }): Change<readonly AccountSummary[]> {
    const { after = '', organisation } = page;
    const rows =
      organisation === undefined
        ? yield* sql.all(WHOLE)`
            SELECT ${ACCOUNT_COLUMNS}, ${ACCOUNTS} WHERE a.login > ${after} ORDER BY a.login LIMIT ${limitOf(page)}`
        : yield* sql.all(WHOLE)`
            SELECT ${ACCOUNT_COLUMNS}, ${ACCOUNTS}
             WHERE o.name = ${organisation} AND a.login > ${after} ORDER BY a.login LIMIT ${limitOf(page)}`;
    return yield* summaries(rows, at);
  }

  *findAccount({ at }: Now, login: string): Change<AccountSummary | undefined> {
    const rows = yield* sql.all(
      WHOLE,
    )`SELECT ${ACCOUNT_COLUMNS}, ${ACCOUNTS} WHERE a.login = ${foldLogin(login) ?? ''}`;
    return (yield* summaries(rows, at))[0];
  }

  *findAccountById({ at }: Now, id: AccountId): Change<AccountSummary | undefined> {
    const rows = yield* sql.all(WHOLE)`SELECT ${ACCOUNT_COLUMNS}, ${ACCOUNTS} WHERE a.id = ${id}`;
    return (yield* summaries(rows, at))[0];
  }
}

function* summaries(rows: readonly Row<typeof WHOLE>[], at: Instant): Change<readonly AccountSummary[]> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const addresses = byAccount(
    yield* sql.all(ADDRESS)`
      SELECT ${ADDRESS_COLUMNS} FROM address d ${OWNER} WHERE d.account ${among(int, ids)} ORDER BY d.account, d.key`,
  );
  const passwords = byAccount(
    yield* sql.all(PASSWORD)`
      SELECT account, name, scram IS NOT NULL AS scram, created_at, ends_at, last_used_at FROM password
       WHERE account ${among(int, ids)} ORDER BY account, name`,
  );
  const appPasswords = byAccount(
    yield* sql.all(APP_PASSWORD)`
      SELECT account, id, name, scope, created_at, ends_at, last_used_at FROM app_password
       WHERE account ${among(int, ids)} ORDER BY account, name`,
  );
  const certificates = byAccount(yield* certificatesOf(ids));
  const codes = byAccount(
    yield* sql.all(CODE)`
      SELECT account, id, use, password, created_at, expires_at, tries_left FROM (
        SELECT account, id, use, password, created_at, expires_at, tries_left,
               row_number() OVER (PARTITION BY account ORDER BY created_at, id) AS nth FROM enrolment
         WHERE account ${among(int, ids)} AND collected IS NULL AND tries_left > 0 AND expires_at > ${at}) w
       WHERE nth <= ${MOST_CODES} ORDER BY account, nth`,
  );
  const others = byAccount(
    yield* sql.all({ account: int, address: as<Address>(text) })`
      SELECT g.account, d.address FROM delegation g JOIN address d ON d.key = g.key
       WHERE g.account ${among(int, ids)} ORDER BY g.account, g.key`,
  );
  return rows.map((row) => ({
    account: endedAt(accountOf(row), at),
    organisation: row.name,
    addresses: addresses(row.id).map((address) => addressAt(addressOf(address), at)),
    passwords: passwords(row.id),
    appPasswords: appPasswords(row.id),
    certificates: certificates(row.id),
    codes: codes(row.id).map(({ account: _, ...code }) => code),
    sendsAs: others(row.id).map(({ address }) => address),
    used: row.used,
    messages: row.messages,
    ...defined({ lastLogin: row.lastLogin, lastUsed: row.lastUsed }),
  }));
}

function byAccount<T extends { readonly account: number }>(rows: readonly T[]): (account: number) => readonly T[] {
  const found = new Map<number, T[]>();
  for (const row of rows) {
    const known = found.get(row.account);
    if (known === undefined) found.set(row.account, [row]);
    else known.push(row);
  }
  return (account) => found.get(account) ?? [];
}
