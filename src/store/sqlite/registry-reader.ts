/** Reads of the registry, in the reader thread. */
import type Database from 'better-sqlite3';
import { type Address, type AddressKey, domainOf } from '../../domain/address.ts';
import type { AccountId, OrganisationId } from '../../domain/ids.ts';
import type {
  Account,
  AccountKind,
  Language,
  Organisation,
  Password,
  RegisteredAddress,
  State,
} from '../../domain/registry.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import { type Instant, instant } from '../../domain/units.ts';
import type { EnrolmentUse, OpenCode } from '../certificates.ts';
import { absencesAhead } from '../reads/absences.ts';
import { certificatesOf } from '../reads/client-certificates.ts';
import type { Db } from './database.ts';
import { accountOfDomain, routeOf } from '../reads/partners.ts';
import type { LoginRow, RecipientRow, SummaryRow } from './reader-protocol.ts';
import { SqliteRunner } from './runner.ts';

interface OrganisationRow {
  readonly o_id: number;
  readonly name: string;
  readonly title: string;
  readonly contact: string | null;
  readonly telephone: string | null;
  readonly post: string | null;
  readonly language: Language;
  readonly agb: string | null;
  readonly ura: string | null;
  readonly o_state: State;
  readonly o_ends: Instant | null;
  readonly o_settings: string;
  readonly merged_into: number | null;
  readonly merged_at: Instant | null;
  readonly merged_name: string | null;
}
interface AccountRow {
  readonly id: number;
  readonly login: string;
  readonly organisation: number;
  readonly kind: AccountKind;
  readonly state: State;
  readonly a_ends: Instant | null;
  readonly settings: string;
  readonly version: number;
}
interface AddressRow {
  readonly address: Address;
  readonly account: number;
  readonly a_state: State;
  readonly d_ends: Instant | null;
  readonly d_final: Instant | null;
  readonly successor: Address | null;
  readonly a_settings: string;
}
interface PasswordRow {
  readonly name: string;
  readonly hash: string;
  readonly scram: string | null;
  readonly created_at: Instant;
  readonly ends_at: Instant | null;
  readonly last_used_at: Instant | null;
}
/** What a listing of accounts tells besides. */
interface UseRow {
  readonly last_login: number | null;
  readonly last_used: number | null;
}
interface CodeRow {
  readonly id: string;
  readonly use: EnrolmentUse;
  readonly password: string | null;
  readonly created_at: Instant;
  readonly expires_at: Instant;
  readonly tries_left: number;
}
interface MailboxRow {
  readonly octets: number;
  readonly messages: number;
  readonly next_uid: number;
  readonly changes: number;
}

type WholeRow = AccountRow & OrganisationRow & MailboxRow & UseRow;

const ORGANISATION = `o.id AS o_id, o.name, o.title, o.contact, o.telephone, o.post, o.language, o.agb, o.ura, o.state AS o_state, o.ends_at AS o_ends, o.settings AS o_settings,
   o.merged_into, o.merged_at, (SELECT i.name FROM organisation i WHERE i.id = o.merged_into) AS merged_name`;
const stateWhere = (suspended: string): string => `CASE WHEN a.state = 'ended' OR o.state = 'ended' THEN 'ended'
  WHEN ${suspended} THEN 'suspended' ELSE 'active' END AS state`;
/** The worse of the account's state and that of its organisation. */
const SUSPENDED = "a.state = 'suspended' OR o.state = 'suspended'";
/** A partner that nothing is taken for is not let in either; its addresses are answered by its own state. */
const LOGIN_SUSPENDED = `${SUSPENDED} OR (a.kind = 'partner' AND EXISTS (SELECT 1 FROM partner p WHERE p.account = a.id AND p.state = 'refusing'))`;
/** The earliest of these moments; NULL where none is set. */
const earliest = (...columns: readonly string[]): string =>
  `nullif(min(${columns.map((column) => `ifnull(${column}, ${NEVER})`).join(', ')}), ${NEVER})`;
const NEVER = Number.MAX_SAFE_INTEGER;
const accountWhere = (suspended: string): string =>
  `a.id, a.login, a.organisation, a.kind, ${stateWhere(suspended)}, ${earliest('a.ends_at', 'o.ends_at')} AS a_ends, a.settings, a.version`;
const ACCOUNT = accountWhere(SUSPENDED);
const OWNER = 'JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation';
/** Whether an address takes mail: nothing is written to its row while its account or its organisation is ending. */
const TAKES = "d.state = 'active' AND d.final_at IS NULL AND a.ends_at IS NULL AND o.ends_at IS NULL";
const ADDRESS = `d.address, d.account, d.ends_at AS d_ends, d.settings AS a_settings,
  iif(d.final_at IS NULL AND a.ends_at IS NULL AND o.ends_at IS NULL, d.state, 'ended') AS a_state,
  iif(d.state = 'ended', NULL, ${earliest('d.final_at', 'a.ends_at', 'o.ends_at')}) AS d_final,
  CASE WHEN d.state = 'ended' OR d.final_at IS NOT NULL THEN d.successor WHEN a.ends_at IS NOT NULL THEN a.successor
    WHEN o.ends_at IS NOT NULL OR o.state = 'ended' THEN o.successor ELSE d.successor END AS successor`;

const settingsOf = (text: string): Settings => (text === '{}' ? {} : (JSON.parse(text) as Settings));

const organisationOf = (row: OrganisationRow): Organisation => ({
  id: row.o_id as OrganisationId,
  name: row.name,
  title: row.title,
  ...(row.contact === null ? {} : { contact: row.contact }),
  ...(row.telephone === null ? {} : { telephone: row.telephone }),
  ...(row.post === null ? {} : { post: row.post.split('\n') }),
  language: row.language,
  ...(row.agb === null ? {} : { agb: row.agb }),
  ...(row.ura === null ? {} : { ura: row.ura }),
  ...(row.o_state === 'active' ? {} : { state: row.o_state }),
  ...(row.o_ends === null || row.o_state === 'ended' ? {} : { endsAt: row.o_ends }),
  ...(row.merged_into === null || row.merged_at === null || row.merged_name === null
    ? {}
    : { mergedInto: { id: row.merged_into as OrganisationId, name: row.merged_name, at: row.merged_at } }),
  settings: settingsOf(row.o_settings),
});

const accountOf = (row: AccountRow): Account => ({
  id: row.id as AccountId,
  login: row.login,
  organisation: row.organisation as OrganisationId,
  kind: row.kind,
  state: row.state,
  ...(row.a_ends === null ? {} : { endsAt: row.a_ends }),
  settings: settingsOf(row.settings),
});

const addressOf = (row: AddressRow): RegisteredAddress => ({
  address: row.address,
  account: row.account as AccountId,
  state: row.a_state,
  ...(row.d_ends === null ? {} : { endsAt: row.d_ends }),
  ...(row.d_final === null ? {} : { finalAt: row.d_final }),
  ...(row.successor === null ? {} : { successor: row.successor }),
  settings: settingsOf(row.a_settings),
});

const passwordOf = (account: number, row: PasswordRow): Password => ({
  account: account as AccountId,
  name: row.name,
  hash: row.hash,
  ...(row.scram === null ? {} : { scram: row.scram }),
  createdAt: instant(row.created_at),
  ...(row.ends_at === null ? {} : { endsAt: row.ends_at }),
  ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
});

const codeOf = (row: CodeRow): OpenCode => ({
  id: row.id,
  use: row.use,
  ...(row.password === null ? {} : { password: row.password }),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  triesLeft: row.tries_left,
});

export class RegistryReader {
  readonly #runner: SqliteRunner;
  readonly #login: Database.Statement<[string], AccountRow & OrganisationRow>;
  readonly #passwords: Database.Statement<[number], PasswordRow>;
  readonly #fact: Database.Statement<[string], { value: Uint8Array }>;
  readonly #recipient: Database.Statement<[string], AddressRow & AccountRow & OrganisationRow & MailboxRow>;
  readonly #known: Database.Statement<[string]>;
  readonly #inDomain: Database.Statement<[number, string]>;
  readonly #sendAs: Database.Statement<[string, number, string, number], { until: number | null }>;
  readonly #organisations: Database.Statement<[string, number], OrganisationRow>;
  readonly #organisation: Database.Statement<[string], OrganisationRow>;
  readonly #accounts: Database.Statement<[string, number], WholeRow>;
  readonly #accountsOf: Database.Statement<[string, string, number], WholeRow>;
  readonly #account: Database.Statement<[string], WholeRow>;
  readonly #accountById: Database.Statement<[number], WholeRow>;
  readonly #addressesOf: Database.Statement<[number], AddressRow>;
  readonly #codes: Database.Statement<[number], CodeRow>;
  readonly #delegationsTo: Database.Statement<[number], { address: Address }>;
  readonly #addresses: Database.Statement<[string, number], AddressRow & { login: string }>;
  readonly #addressesOfLogin: Database.Statement<[string, string, number], AddressRow & { login: string }>;

  constructor(db: Db) {
    this.#runner = new SqliteRunner(db);
    const accounts = `SELECT ${ACCOUNT}, a.last_login, a.last_used, ${ORGANISATION}, m.octets, m.messages, m.next_uid, m.changes
      FROM account a JOIN organisation o ON o.id = a.organisation JOIN mailbox m ON m.account = a.id`;
    this.#login = db.prepare(
      `SELECT ${accountWhere(LOGIN_SUSPENDED)}, ${ORGANISATION} FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.login = ?`,
    );
    this.#passwords = db.prepare(
      'SELECT name, hash, scram, created_at, ends_at, last_used_at FROM password WHERE account = ? ORDER BY name',
    );
    this.#fact = db.prepare('SELECT value FROM fact WHERE name = ?');
    this.#recipient = db.prepare(
      `SELECT ${ADDRESS}, ${ACCOUNT}, ${ORGANISATION}, m.octets, m.messages, m.next_uid, m.changes
         FROM address d ${OWNER} JOIN mailbox m ON m.account = a.id WHERE d.key = ?`,
    );
    this.#known = db.prepare('SELECT 1 FROM address WHERE key = ?');
    // substr, not LIKE: a domain may have "_" in it, which LIKE takes for any character.
    this.#inDomain = db.prepare("SELECT 1 FROM address WHERE substr(key, -?) = ? AND state <> 'ended' LIMIT 1");
    this.#sendAs = db.prepare(
      `SELECT d.ends_at AS until FROM address d ${OWNER} WHERE d.key = ? AND d.account = ? AND ${TAKES}
       UNION ALL SELECT d.ends_at FROM delegation g JOIN address d ON d.key = g.key ${OWNER} WHERE g.key = ? AND g.account = ? AND ${TAKES}`,
    );
    this.#organisations = db.prepare(
      `SELECT ${ORGANISATION} FROM organisation o WHERE o.name > ? ORDER BY o.name LIMIT ?`,
    );
    this.#organisation = db.prepare(`SELECT ${ORGANISATION} FROM organisation o WHERE o.name = ?`);
    this.#accounts = db.prepare(`${accounts} WHERE a.login > ? ORDER BY a.login LIMIT ?`);
    this.#accountsOf = db.prepare(`${accounts} WHERE o.name = ? AND a.login > ? ORDER BY a.login LIMIT ?`);
    this.#account = db.prepare(`${accounts} WHERE a.login = ?`);
    this.#accountById = db.prepare(`${accounts} WHERE a.id = ?`);
    this.#addressesOf = db.prepare(`SELECT ${ADDRESS} FROM address d ${OWNER} WHERE d.account = ? ORDER BY d.key`);
    this.#codes = db.prepare(
      `SELECT id, use, password, created_at, expires_at, tries_left FROM enrolment
         WHERE account = ? AND collected IS NULL AND tries_left > 0 ORDER BY created_at, id LIMIT 100`,
    );
    this.#delegationsTo = db.prepare(
      'SELECT d.address FROM delegation g JOIN address d ON d.key = g.key WHERE g.account = ? ORDER BY g.key',
    );
    const addresses = `SELECT ${ADDRESS}, a.login FROM address d ${OWNER}`;
    this.#addresses = db.prepare(`${addresses} WHERE d.key > ? ORDER BY d.key LIMIT ?`);
    this.#addressesOfLogin = db.prepare(`${addresses} WHERE a.login = ? AND d.key > ? ORDER BY d.key LIMIT ?`);
  }

  login(login: string): LoginRow | undefined {
    const row = this.#login.get(login);
    if (row === undefined) return undefined;
    const passwords = this.#passwords.all(row.id).map((p) => passwordOf(row.id, p));
    return { account: accountOf(row), organisation: organisationOf(row), passwords, version: row.version };
  }

  /** Made by the migration. */
  scramSaltKey(): Uint8Array {
    const row = this.#fact.get('scram-salt-key');
    if (row === undefined) throw new Error('The store has no "scram-salt-key"; it is not whole');
    return row.value;
  }

  hasAddressesIn(domain: string): boolean {
    const end = `@${domain}`;
    return this.#inDomain.get(end.length, end) !== undefined;
  }

  recipient(key: string, at: number): RecipientRow | undefined {
    const row = this.#recipient.get(key);
    if (row === undefined) return this.#recipientOfDomain(key as AddressKey & Address);
    const absences = this.#runner.run(absencesAhead(key, instant(at)));
    return { ...this.#recipientRow(addressOf(row), row), ...(absences.length === 0 ? {} : { absences }) };
  }

  /** Until when; null: it may not. */
  sendAs(account: number, key: string): number | null {
    const row = this.#sendAs.get(key, account, key, account);
    if (row !== undefined) return row.until ?? Number.MAX_SAFE_INTEGER;
    const ofDomain = this.#runner.run(accountOfDomain(domainOf(key as Address))) === account;
    return ofDomain && this.#known.get(key) === undefined ? Number.MAX_SAFE_INTEGER : null;
  }

  /** Nobody registered the address; its whole domain may lead to a partner. */
  #recipientOfDomain(key: AddressKey & Address): RecipientRow | undefined {
    const account = this.#runner.run(accountOfDomain(domainOf(key)));
    const row = account === undefined ? undefined : this.#accountById.get(account);
    if (row === undefined) return undefined;
    const address: RegisteredAddress = {
      ...{ address: key, account: row.id as AccountId, settings: {} },
      ...(row.a_ends === null ? { state: 'active' } : { state: 'ended', finalAt: row.a_ends }),
    };
    return this.#recipientRow(address, row);
  }

  #recipientRow(address: RegisteredAddress, row: AccountRow & OrganisationRow & MailboxRow): RecipientRow {
    const mailbox = { octets: row.octets, messages: row.messages, nextUid: row.next_uid, changes: row.changes };
    const partner = row.kind === 'partner' ? this.#runner.run(routeOf(row.id)) : undefined;
    return {
      address,
      account: accountOf(row),
      organisation: organisationOf(row),
      mailbox,
      ...(partner === undefined ? {} : { partner }),
    };
  }

  organisations(after: string, limit: number): readonly Organisation[] {
    return this.#organisations.all(after, limit).map(organisationOf);
  }

  organisation(name: string): Organisation | undefined {
    const row = this.#organisation.get(name);
    return row === undefined ? undefined : organisationOf(row);
  }

  accounts(after: string, limit: number, organisation: string | null): readonly SummaryRow[] {
    const rows =
      organisation === null ? this.#accounts.all(after, limit) : this.#accountsOf.all(organisation, after, limit);
    return rows.map((row) => this.#summary(row));
  }

  account(login: string): SummaryRow | undefined {
    const row = this.#account.get(login);
    return row === undefined ? undefined : this.#summary(row);
  }

  accountById(id: number): SummaryRow | undefined {
    const row = this.#accountById.get(id);
    return row === undefined ? undefined : this.#summary(row);
  }

  #summary(row: WholeRow): SummaryRow {
    return {
      account: accountOf(row),
      organisation: row.name,
      addresses: this.#addressesOf.all(row.id).map(addressOf),
      passwords: this.#passwords.all(row.id).map((p) => {
        const { hash: _, scram, ...shown } = passwordOf(row.id, p);
        return { ...shown, scram: scram !== undefined };
      }),
      certificates: this.#runner.run(certificatesOf(row.id)),
      codes: this.#codes.all(row.id).map(codeOf),
      sendsAs: this.#delegationsTo.all(row.id).map((d) => d.address),
      octets: row.octets,
      messages: row.messages,
      lastLogin: row.last_login,
      lastUsed: row.last_used,
    };
  }

  addresses(after: string, limit: number, login: string | null): readonly (RegisteredAddress & { login: string })[] {
    const rows = login === null ? this.#addresses.all(after, limit) : this.#addressesOfLogin.all(login, after, limit);
    return rows.map((row) => ({ ...addressOf(row), login: row.login }));
  }
}
