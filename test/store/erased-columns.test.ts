/**
 * What stays of a customer that was erased, column by column: a new column is erased, or is named
 * here with the reason why not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Database from 'better-sqlite3';
import { CREDENTIAL_KINDS } from '../../src/domain/data-kinds/credentials.ts';
import { REGISTRY_KINDS } from '../../src/domain/data-kinds/registry.ts';
import { CHANGES } from '../../src/store/changes/table.ts';
import { countingRunner } from '../support/counted.ts';

/** Whose rows go before, with the end of an account or by themselves, or are of no customer. */
const ELSEWHERE: readonly string[] = [
  ...['certificate_key', 'directory_entry', 'pgp_secret', 'webhook'],
  ...['account_import', 'self_service_code'],
  ...['break_glass', 'operator_code', 'operator_identity', 'operator_passkey'],
];
const TABLES = Object.keys({ ...REGISTRY_KINDS, ...CREDENTIAL_KINDS }).filter((table) => !ELSEWHERE.includes(table));

/**
 * Numbers and states of rows that stay, addresses and domains that must lead to nobody else, and
 * public certificates and keys.
 */
const STAYS: Readonly<Record<string, string>> = {
  account: 'kind created_at ends_at',
  address: 'address state created_at ends_at final_at',
  certificate:
    'fingerprint issuer serial authority use subject emails replaces not_before not_after der revoked_at reason warned created_at',
  certificate_address: 'fingerprint',
  client_certificate: 'fingerprint not_before not_after created_at revoked_at warned',
  organisation: 'language created_at merged_at ends_at',
  partner: 'name state created_at',
  partner_domain: 'domain partner',
  pgp_key: 'fingerprint algorithm emails made_at encrypts_until signs_until packets added_at revoked_at reason',
};

/**
 * What leads to the one account, its address and its organisation, and what a change of them looks
 * at.
 */
const GIVEN: Readonly<Record<string, unknown>> = {
  account: 1,
  organisation: 1,
  key: 'anna@group.test',
  'account.id': 1,
  'client_certificate.id': 1,
  'partner.id': 1,
  'organisation.id': 1,
  'organisation.name': 'gone',
  'organisation.state': 'ended',
  'organisation.merged_into': null,
  'account.state': 'ended',
  'account.moved_to': null,
};
/** Valid as settings too, which are JSON. */
const FILLED: Readonly<Record<string, unknown>> = { TEXT: '"x"', INTEGER: 7, BLOB: Buffer.from('x') };

const keyOf = (table: string, name: string): string => (`${table}.${name}` in GIVEN ? `${table}.${name}` : name);

/** A row with something in each column; answers those that lead nowhere, with what they have. */
function fill(db: Database.Database, table: string): readonly (readonly [name: string, value: unknown])[] {
  const columns = db.prepare(`PRAGMA table_info(${table})`).all() as { readonly name: string; readonly type: string }[];
  const row = columns.map(({ name, type }) => {
    const key = keyOf(table, name);
    return [name, key in GIVEN ? GIVEN[key] : FILLED[type]] as const;
  });
  db.prepare(`INSERT INTO ${table} VALUES (${row.map(() => '?').join()})`).run(row.map(([, value]) => value));
  return row.filter(([name]) => !(keyOf(table, name) in GIVEN));
}

test('of a customer that was erased these columns stay, and no other', (t) => {
  const { db, run } = countingRunner(t);
  db.pragma('foreign_keys = OFF');
  const filled = TABLES.map((table) => [table, fill(db, table)] as const);
  while (run((context) => CHANGES.organisationErasure.eraseOrganisation(context, 'gone', { name: 'test' })).value > 0);
  const stays = filled.flatMap(([table, columns]) => {
    const row = db.prepare(`SELECT * FROM ${table}`).get() as Record<string, unknown> | undefined;
    const kept = columns.filter(([name, was]) => was === (Buffer.isBuffer(row?.[name]) ? FILLED.BLOB : row?.[name]));
    return kept.length === 0 ? [] : [[table, kept.map(([name]) => name).join(' ')]];
  });
  const what = 'a new column is erased in src/store/changes/organisation-erasure.ts, or stands in this file';
  assert.deepEqual(Object.fromEntries(stays), STAYS, what);
});
