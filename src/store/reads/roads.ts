/** What every session and message asks of the registry, if the store does not remember it. */
import type { Absence } from '../../domain/absence.ts';
import { type Address, type AddressKey, domainOf } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Account, AppScope, Organisation, RegisteredAddress } from '../../domain/registry.ts';
import type { RecipientPartner } from '../partners.ts';
import type { LoginRecord } from '../registry.ts';
import { type Row, as, bytes, int, optional, orNull, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { absencesAhead } from './absences.ts';
import { ACCOUNT, ACCOUNT_COLUMNS, SUSPENDED, accountColumns, accountOf } from './accounts.ts';
import { ADDRESS, ADDRESS_COLUMNS, OWNER, addressOf } from './addresses.ts';
import { ORGANISATION, ORGANISATION_COLUMNS, organisationOf } from './organisations.ts';
import { accountOfDomain, routeOf } from './partners.ts';

/** The counters of a mailbox. `changes`: rises with each change of what is in it. */
const MAILBOX = { octets: int, messages: int, nextUid: int, changes: int };
export type MailboxState = Row<typeof MAILBOX>;

/**
 * Where the mail of an address goes, as it stands in the rows: whoever keeps it has to look at the
 * clock again.
 */
export interface RecipientRow {
  readonly address: RegisteredAddress;
  readonly account: Account;
  readonly organisation: Organisation;
  readonly mailbox: MailboxState;
  readonly partner?: RecipientPartner;
  /** Absences that are not over. */
  readonly absences?: readonly Absence[];
}

/**
 * A partner whose mail is refused may not log in either; its addresses are answered by its own
 * state.
 */
const LOGIN_COLUMNS = accountColumns(
  `${SUSPENDED} OR (a.kind = 'partner' AND EXISTS (SELECT 1 FROM partner p WHERE p.account = a.id AND p.state = 'refusing'))`,
);
const PASSWORD = {
  name: text,
  hash: text,
  scram: optional(text),
  createdAt: time,
  endsAt: optional(time),
  lastUsedAt: optional(time),
};
const APP_PASSWORD = {
  id: text,
  name: text,
  hash: bytes,
  scope: as<AppScope>(text),
  createdAt: time,
  endsAt: optional(time),
  lastUsedAt: optional(time),
};
const OWNED = { ...ACCOUNT, ...ORGANISATION, ...MAILBOX };
const OWNED_COLUMNS = words('m.octets, m.messages, m.next_uid, m.changes');

/**
 * Whether an address takes mail: nothing is written to its row while its account or its
 * organisation is ending.
 */
const TAKES = words("d.state = 'active' AND d.final_at IS NULL AND a.ends_at IS NULL AND o.ends_at IS NULL");
const NO_END = Number.MAX_SAFE_INTEGER;

export class RoadReads {
  /** An account by its login, folded. */
  *login(_now: Now, login: string): Change<LoginRecord | undefined> {
    const row = yield* sql.first({ ...ACCOUNT, ...ORGANISATION })`
      SELECT ${LOGIN_COLUMNS}, ${ORGANISATION_COLUMNS} FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.login = ${login}`;
    if (row === undefined) return undefined;
    const passwords = yield* sql.all(PASSWORD)`
      SELECT name, hash, scram, created_at, ends_at, last_used_at FROM password WHERE account = ${row.id} ORDER BY name`;
    const appPasswords = yield* sql.all(APP_PASSWORD)`
      SELECT id, name, hash, scope, created_at, ends_at, last_used_at FROM app_password WHERE account = ${row.id} ORDER BY name`;
    return {
      account: accountOf(row),
      organisation: organisationOf(row),
      passwords: passwords.map((password) => ({ account: row.id, ...password })),
      appPasswords: appPasswords.map((password) => ({ account: row.id, ...password })),
      version: row.version,
    };
  }

  *recipient({ at }: Now, key: AddressKey): Change<RecipientRow | undefined> {
    const row = yield* sql.first({ ...ADDRESS, ...OWNED })`
      SELECT ${ADDRESS_COLUMNS}, ${ACCOUNT_COLUMNS}, ${ORGANISATION_COLUMNS}, ${OWNED_COLUMNS}
        FROM address d ${OWNER} JOIN mailbox m ON m.account = a.id WHERE d.key = ${key}`;
    if (row === undefined) return yield* recipientOfDomain(key);
    const absences = yield* absencesAhead(key, at);
    return { ...(yield* recipientOf(addressOf(row), row)), ...(absences.length === 0 ? {} : { absences }) };
  }

  /** Until when the account may send as the address; null: it may not. */
  *sendAs(_now: Now, account: AccountId, key: AddressKey): Change<number | null> {
    const row = yield* sql.first({ until: orNull(time) })`
      SELECT d.ends_at AS until FROM address d ${OWNER} WHERE d.key = ${key} AND d.account = ${account} AND ${TAKES}
       UNION ALL
      SELECT d.ends_at FROM delegation g JOIN address d ON d.key = g.key ${OWNER} WHERE g.key = ${key} AND g.account = ${account} AND ${TAKES}`;
    if (row !== undefined) return row.until ?? NO_END;
    if ((yield* accountOfDomain(domainOf(key as AddressKey & Address))) !== account) return null;
    const known = yield* sql.first({ key: text })`SELECT key FROM address WHERE key = ${key}`;
    return known === undefined ? NO_END : null;
  }

  *mailbox(_now: Now, account: AccountId): Change<MailboxState | undefined> {
    return yield* sql.first(
      MAILBOX,
    )`SELECT octets, messages, next_uid, changes FROM mailbox WHERE account = ${account}`;
  }

  /** The key of SCRAM salts, 32 octets. Made by the migration. */
  *scramSaltKey(_now: Now): Change<Uint8Array> {
    const row = yield* sql.first({ value: text })`
      SELECT ${words('hex(value)', 'value')} AS value FROM fact WHERE name = 'scram-salt-key'`;
    if (row === undefined) throw new Error('The store has no "scram-salt-key"; it is not whole');
    return Buffer.from(row.value, 'hex');
  }
}

/** Nobody registered the address; its whole domain may lead to a partner. */
function* recipientOfDomain(key: AddressKey): Change<RecipientRow | undefined> {
  const account = yield* accountOfDomain(domainOf(key as AddressKey & Address));
  if (account === undefined) return undefined;
  const row = yield* sql.first(OWNED)`
    SELECT ${ACCOUNT_COLUMNS}, ${ORGANISATION_COLUMNS}, ${OWNED_COLUMNS}
      FROM account a JOIN organisation o ON o.id = a.organisation JOIN mailbox m ON m.account = a.id WHERE a.id = ${account}`;
  if (row === undefined) return undefined;
  const address: RegisteredAddress = {
    address: key as AddressKey & Address,
    account: row.id,
    settings: {},
    ...(row.accountEnds === undefined ? { state: 'active' } : { state: 'ended', finalAt: row.accountEnds }),
  };
  return yield* recipientOf(address, row);
}

function* recipientOf(address: RegisteredAddress, row: Row<typeof OWNED>): Change<RecipientRow> {
  const { octets, messages, nextUid, changes } = row;
  return {
    address,
    account: accountOf(row),
    organisation: organisationOf(row),
    mailbox: { octets, messages, nextUid, changes },
    ...defined({ partner: row.kind === 'partner' ? yield* routeOf(row.id) : undefined }),
  };
}
