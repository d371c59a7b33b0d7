/**
 * Erases what is kept of an organisation whose accounts have ended, a bounded step in each
 * transaction: a crash between two steps leaves the rest for the next call. Names that must never
 * lead to somebody else stay: addresses, domains, serial numbers.
 */
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, long, text } from '../sql/columns.ts';
import { columnOf, locked, rowsOf, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { USAGE_COUNTS } from '../usage.ts';
import { ENTRY, dropEntries, octetsOf } from './deleted-mail.ts';
import type { ChangeContext } from './change-context.ts';

/** Rows of one kind in one step: a few milliseconds of the writer's time. */
const ROWS = 200;

export class OrganisationErasure {
  /**
   * Erases a bounded part of what is kept of an organisation; resolves to the rows that were
   * erased, and to 0 when nothing was left. Every account must have ended and every mailbox be
   * empty. Blocked addresses and domains, and certificates that were issued, stay.
   */
  *eraseOrganisation(context: ChangeContext, name: string, actor: Actor): Change<number> {
    const id = yield* mayBeErased(name);
    context.tellMany();
    const rows =
      (yield* eraseDeletedMail(id)) + (yield* eraseOfAccounts(id)) + (yield* eraseOfAddresses(id)) + (yield* empty(id));
    if (rows > 0) return rows;
    // Its own accounts have no names any more; those that left it have names elsewhere.
    const figures = yield* unname(id);
    // The organisation itself is emptied, and the trail gets its row, only when nothing else is
    // left.
    if (figures === 0 && (yield* emptyOrganisation(id)) > 0)
      yield* context.record('registry.organisation-erased', null, actor, { organisation: name });
    return figures;
  }
}

function* mayBeErased(name: string): Change<number> {
  const row = yield* sql.first({ id: int })`SELECT id FROM organisation WHERE name = ${name} ${locked}`;
  if (row === undefined)
    throw new RegistryError('unknown', `There is no organisation "${name}"; "sluis organisation list" shows them`);
  const open = yield* sql.first({ login: text })`
    SELECT login FROM account WHERE organisation = ${row.id} AND state <> 'ended' LIMIT 1`;
  if (open !== undefined)
    throw new RegistryError('invalid', `The account "${open.login}" of "${name}" has not ended, so nothing was erased`);
  const full = yield* sql.first({ account: int })`
    SELECT account FROM mailbox
     WHERE messages > 0 AND account IN (SELECT id FROM account WHERE organisation = ${row.id}) LIMIT 1`;
  if (full !== undefined)
    throw new RegistryError('invalid', `There is mail in a mailbox of "${name}", so nothing was erased`);
  return row.id;
}

const MAILBOX = { account: int, octets: int };

/** Erases deleted mail that could be handed out again. Returns how many, as the others do. */
function* eraseDeletedMail(organisation: number): Change<number> {
  const entries = yield* sql.all(ENTRY)`
    SELECT account, hidden_at, uid, message, octets FROM hidden_entry
     WHERE account IN (SELECT id FROM account WHERE organisation = ${organisation}) LIMIT ${ROWS} ${locked}`;
  if (entries.length === 0) return 0;
  yield* dropEntries(entries);
  const fewer = [...octetsOf(entries)].map(([account, octets]) => ({ account, octets }));
  yield* sql.run`
    UPDATE mailbox SET hidden_octets = hidden_octets - given.octets
      FROM ${rowsOf(MAILBOX, fewer)} WHERE mailbox.account = given.account`;
  return entries.length;
}

function* eraseOfAccounts(o: number): Change<number> {
  let rows = yield* sql.run`
    DELETE FROM password WHERE (account, name) IN
      (SELECT account, name FROM password WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM app_password WHERE id IN
      (SELECT id FROM app_password WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM consumer WHERE (account, network) IN
      (SELECT account, network FROM consumer WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM known_network WHERE (account, network) IN
      (SELECT account, network FROM known_network
        WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM quirk_day WHERE (account, quirk, day) IN
      (SELECT account, quirk, day FROM quirk_day
        WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM enrolment WHERE id IN
      (SELECT id FROM enrolment WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM imported WHERE (account, uidl) IN
      (SELECT account, uidl FROM imported WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* eraseReturning(o);
  rows += yield* sql.run`
    DELETE FROM takeover_mailbox WHERE account IN
      (SELECT account FROM takeover_mailbox WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})`;
  rows += yield* sql.run`DELETE FROM takeover WHERE organisation = ${o}`;
  return rows;
}

const RETURNING = { account: int, uid: int, message: long, octets: int };

/**
 * Erases mail that was never written back to another server: the next step finds it among deleted
 * mail.
 */
function* eraseReturning(o: number): Change<number> {
  const rows = yield* sql.all(RETURNING)`
    DELETE FROM takeover_return WHERE (account, uid) IN
      (SELECT account, uid FROM takeover_return WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) LIMIT ${ROWS})
    RETURNING account, uid, message, octets`;
  if (rows.length === 0) return 0;
  yield* sql.run`
    INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved, receipt)
    SELECT account, 0, uid, message, octets, 0, 0 FROM ${rowsOf(RETURNING, rows)}`;
  const more = [...octetsOf(rows.map((row) => ({ ...row, hiddenAt: 0 })))].map(([account, octets]) => ({
    account,
    octets,
  }));
  yield* sql.run`
    UPDATE mailbox SET hidden_octets = hidden_octets + given.octets
      FROM ${rowsOf(MAILBOX, more)} WHERE mailbox.account = given.account`;
  return rows.length;
}

function* eraseOfAddresses(o: number): Change<number> {
  let rows = yield* sql.run`
    DELETE FROM delegation WHERE (key, account) IN
      (SELECT key, account FROM delegation WHERE account IN (SELECT id FROM account WHERE organisation = ${o})
          OR key IN (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o})) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM absence WHERE (key, from_at) IN
      (SELECT key, from_at FROM absence
        WHERE key IN (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o})) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM substitute_consent WHERE (substitute, key) IN
      (SELECT substitute, key FROM substitute_consent
        WHERE key IN (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o}))
           OR substitute IN (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o}))
        LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM mail_capability WHERE (key, source) IN
      (SELECT key, source FROM mail_capability
        WHERE key IN (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o})) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM pgp_key_address WHERE (key, fingerprint) IN
      (SELECT key, fingerprint FROM pgp_key_address
        WHERE key IN (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o})) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    DELETE FROM edi_identity WHERE (id, qualifier) IN
      (SELECT id, qualifier FROM edi_identity WHERE organisation = ${o} LIMIT ${ROWS})`;
  return rows;
}

/** Empties rows that stay: what they say of people is removed. */
function* empty(o: number): Change<number> {
  let rows = yield* sql.run`
    UPDATE client_certificate SET about = '', name = 'erased-' || id, last_used_at = NULL WHERE id IN
      (SELECT id FROM client_certificate
        WHERE account IN (SELECT id FROM account WHERE organisation = ${o})
          AND (about <> '' OR name <> 'erased-' || id OR last_used_at IS NOT NULL) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    UPDATE pgp_key SET user_ids = '[]' WHERE fingerprint IN
      (SELECT fingerprint FROM pgp_key
        WHERE account IN (SELECT id FROM account WHERE organisation = ${o}) AND user_ids <> '[]' LIMIT ${ROWS})`;
  rows += yield* sql.run`
    UPDATE absence SET substitute = NULL WHERE (key, from_at) IN
      (SELECT key, from_at FROM absence WHERE substitute IN
        (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o})) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    UPDATE partner SET sealed = NULL, server = '{"host":"erased.invalid","port":25,"tls":"starttls"}' WHERE id IN
      (SELECT id FROM partner WHERE account IN (SELECT id FROM account WHERE organisation = ${o})
          AND (sealed IS NOT NULL OR server NOT LIKE '%erased.invalid%') LIMIT ${ROWS})`;
  rows += yield* sql.run`
    UPDATE address SET settings = '{}', successor = NULL WHERE key IN
      (SELECT key FROM address WHERE account IN (SELECT id FROM account WHERE organisation = ${o})
          AND (settings <> '{}' OR successor IS NOT NULL) LIMIT ${ROWS})`;
  rows += yield* sql.run`
    UPDATE account SET login = 'erased-' || id, settings = '{}', successor = NULL, last_login = NULL, last_used = NULL, version = version + 1
     WHERE id IN (SELECT id FROM account WHERE organisation = ${o} AND login <> 'erased-' || id LIMIT ${ROWS})`;
  return rows;
}

function* emptyOrganisation(id: number): Change<number> {
  return yield* sql.run`
    UPDATE organisation SET title = 'erased', contact = NULL, telephone = NULL, post = NULL, agb = NULL, ura = NULL,
                            successor = NULL, settings = '{}'
     WHERE id = ${id} AND title <> 'erased'`;
}

const FIGURES = { month: int, account: int };
const COLUMNS = USAGE_COUNTS.map(columnOf);
const NAMES = words(COLUMNS.join(', '));
const SUMS = words(COLUMNS.map((column) => `sum(u.${column})`).join(', '));
const ADDED = words(COLUMNS.map((column) => `${column} = usage_month.${column} + excluded.${column}`).join(', '));

/**
 * Figures stay for the accounts, and name nobody: the organisation's own accounts have lost their
 * names by now, and figures of accounts that belong to another organisation today are summed up
 * under account 0. Nobody can tell whose days they were.
 */
function* unname(organisation: number): Change<number> {
  // One index look-up for each month: figures are in the order of months.
  const rows = yield* sql.all(FIGURES)`
    WITH RECURSIVE months (month) AS (
      SELECT min(month) FROM usage_month
      UNION ALL SELECT (SELECT min(u.month) FROM usage_month u WHERE u.month > m.month) FROM months m WHERE m.month IS NOT NULL)
    SELECT u.month, u.account FROM months m
      JOIN usage_month u ON u.month = m.month AND u.organisation = ${organisation} AND u.account > 0
     WHERE ${organisation} IS DISTINCT FROM (SELECT a.organisation FROM account a WHERE a.id = u.account) LIMIT ${ROWS}`;
  if (rows.length === 0) return 0;
  yield* sql.run`
    INSERT INTO usage_month (month, organisation, account, ${NAMES}, login_days, days)
      SELECT u.month, u.organisation, 0, ${SUMS}, 0, 0 FROM ${rowsOf(FIGURES, rows)}
        JOIN usage_month u ON u.month = given.month AND u.organisation = ${organisation} AND u.account = given.account
       GROUP BY u.month, u.organisation
    ON CONFLICT (month, organisation, account) DO UPDATE SET ${ADDED}`;
  yield* sql.run`
    DELETE FROM usage_month WHERE organisation = ${organisation}
       AND (month, account) IN (SELECT given.month, given.account FROM ${rowsOf(FIGURES, rows)})`;
  return rows.length;
}
