/**
 * Erases what is kept of an organisation whose accounts have ended, a bounded step in each transaction: a crash between two steps leaves the
 * rest for the next call. Names that must never lead to somebody else stay: addresses, domains, serial numbers.
 */
import type Database from 'better-sqlite3';
import { type Actor, RegistryError } from '../registry.ts';
import type { Db } from './database.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';
import { UsageErasure } from './usage-erasure.ts';

/** Rows of one kind in one step: a few milliseconds of the writer's time. */
const ROWS = 200;

const ACCOUNTS = 'SELECT id FROM account WHERE organisation = @o';
const KEYS = `SELECT key FROM address WHERE account IN (${ACCOUNTS})`;

/** Rows to delete; `@o` is the organisation. Each names the primary key of its table. */
const DELETED: readonly (readonly [table: string, key: string, whose: string])[] = [
  ['password', 'account, name', `account IN (${ACCOUNTS})`],
  ['consumer', 'account, network', `account IN (${ACCOUNTS})`],
  ['known_network', 'account, network', `account IN (${ACCOUNTS})`],
  ['quirk_day', 'account, quirk, day', `account IN (${ACCOUNTS})`],
  ['enrolment', 'id', `account IN (${ACCOUNTS})`],
  ['imported', 'account, uidl', `account IN (${ACCOUNTS})`],
  ['delegation', 'key, account', `account IN (${ACCOUNTS}) OR key IN (${KEYS})`],
  ['absence', 'key, from_at', `key IN (${KEYS})`],
  ['substitute_consent', 'substitute, key', `key IN (${KEYS}) OR substitute IN (${KEYS})`],
  ['mail_capability', 'key, source', `key IN (${KEYS})`],
  ['pgp_key_address', 'key, fingerprint', `key IN (${KEYS})`],
  ['edi_identity', 'id, qualifier', 'organisation = @o'],
];

/** Rows that stay, without what they say of people. */
const EMPTIED: readonly string[] = [
  `UPDATE client_certificate SET about = '' WHERE account IN (${ACCOUNTS}) AND about <> ''`,
  `UPDATE pgp_key SET user_ids = '[]' WHERE account IN (${ACCOUNTS}) AND user_ids <> '[]'`,
  `UPDATE absence SET substitute = NULL WHERE substitute IN (${KEYS})`,
  `UPDATE partner SET sealed = NULL, server = '{"host":"erased.invalid","port":25,"tls":"starttls"}'
     WHERE account IN (${ACCOUNTS}) AND (sealed IS NOT NULL OR server NOT LIKE '%erased.invalid%')`,
  `UPDATE address SET settings = '{}', successor = NULL
     WHERE key IN (${KEYS} AND (settings <> '{}' OR successor IS NOT NULL) LIMIT @n)`,
  `UPDATE account SET login = 'erased-' || id, settings = '{}', successor = NULL, last_login = NULL, last_used = NULL, version = version + 1
     WHERE id IN (${ACCOUNTS} AND login <> 'erased-' || id LIMIT @n)`,
];

export class EraseChanges {
  readonly #ground: RegistryGround;
  readonly #hidden: Database.Statement<
    [{ o: number; n: number }],
    { account: bigint; hidden_at: bigint; uid: bigint; message: bigint; octets: bigint }
  >;
  readonly #dropHidden: Database.Statement;
  readonly #dropReference: Database.Statement;
  readonly #countHidden: Database.Statement;
  readonly #usage: UsageErasure;

  constructor(db: Db, ground: RegistryGround) {
    this.#ground = ground;
    this.#hidden = db
      .prepare<
        [{ o: number; n: number }],
        { account: bigint; hidden_at: bigint; uid: bigint; message: bigint; octets: bigint }
      >(`SELECT account, hidden_at, uid, message, octets FROM hidden_entry WHERE account IN (${ACCOUNTS}) LIMIT @n`)
      .safeIntegers(true);
    this.#dropHidden = db.prepare('DELETE FROM hidden_entry WHERE account = ? AND hidden_at = ? AND uid = ?');
    this.#dropReference = db.prepare('UPDATE content SET refs = refs - 1 WHERE message = ?');
    this.#countHidden = db.prepare('UPDATE mailbox SET hidden_octets = hidden_octets - ? WHERE account = ?');
    this.#usage = new UsageErasure(db);
  }

  /** `id`: rows that this step erased; 0 when nothing was left, and only then the organisation itself is emptied and the trail told. */
  step(name: string, actor: Actor): Changed {
    const { sql } = this.#ground;
    const row = sql.get('SELECT id, title FROM organisation WHERE name = ?', name) as
      { id: number; title: string } | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `There is no organisation "${name}"; "sluis organisation list" shows them`);
    const open = sql.get("SELECT login FROM account WHERE organisation = ? AND state <> 'ended' LIMIT 1", row.id) as
      { login: string } | undefined;
    if (open !== undefined)
      throw new RegistryError(
        'invalid',
        `The account "${open.login}" of "${name}" has not ended, so nothing was erased`,
      );
    const full = sql.get(`SELECT 1 FROM mailbox WHERE messages > 0 AND account IN (${ACCOUNTS}) LIMIT 1`, {
      o: row.id,
    });
    if (full !== undefined)
      throw new RegistryError('invalid', `There is mail in a mailbox of "${name}", so nothing was erased`);
    // Its own accounts have no name any more; those that left it have one elsewhere.
    const erased = this.#eraseHidden(row.id) + this.#eraseRows(row.id) || this.#usage.unname(row.id, ROWS);
    if (erased === 0) this.#empty(row.id, name, actor);
    return { id: erased, accounts: 'many', scope: 'registry' };
  }

  #eraseHidden(organisation: number): number {
    const rows = this.#hidden.all({ o: organisation, n: ROWS });
    for (const { account, hidden_at: at, uid, message, octets } of rows) {
      this.#dropHidden.run(account, at, uid);
      this.#dropReference.run(message);
      this.#countHidden.run(octets, account);
    }
    return rows.length;
  }

  #eraseRows(organisation: number): number {
    let rows = 0;
    for (const [table, key, whose] of DELETED)
      rows += this.#ground.sql.run(
        `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${whose} LIMIT @n)`,
        { o: organisation, n: ROWS },
      ).changes;
    for (const statement of EMPTIED) rows += this.#ground.sql.run(statement, { o: organisation, n: ROWS }).changes;
    return rows;
  }

  #empty(organisation: number, name: string, actor: Actor): void {
    const { sql } = this.#ground;
    const done = sql.run(
      `UPDATE organisation SET title = 'erased', contact = NULL, telephone = NULL, post = NULL, agb = NULL, ura = NULL, successor = NULL, settings = '{}'
         WHERE id = ? AND title <> 'erased'`,
      organisation,
    );
    if (done.changes > 0) this.#ground.record('registry.organisation-erased', null, actor, { organisation: name });
  }
}
