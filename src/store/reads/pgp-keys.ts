/** Reads of OpenPGP keys. */
import type { AddressKey } from '../../domain/address.ts';
import type { AccountId } from '../../domain/ids.ts';
import { foldLogin } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import {
  MAX_PGP_KEYS,
  NEVER,
  NO_END,
  type PgpKeyQuery,
  type PgpKeyRecord,
  type PgpMailKey,
  type Revoked,
} from '../pgp-keys.ts';
import { as, bytes, flag, int, json, optional, orNull, text, time } from '../sql/columns.ts';
import { tailOf, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';

const KEY = {
  fingerprint: text,
  account: as<AccountId>(int),
  packets: bytes,
  createdAt: time,
  encryptsUntil: time,
  signsUntil: time,
  revokedAt: orNull(time),
  reason: orNull(text),
};
const MAIL = { ...KEY, sealedKey: optional(bytes) };
const RECORD = {
  ...KEY,
  login: text,
  algorithm: text,
  userIds: json<readonly string[]>(),
  emails: json<readonly string[]>(),
  addedAt: time,
  keyHeld: flag,
};
const OF_KEY =
  'k.fingerprint, k.account, k.packets, k.made_at AS created_at, k.encrypts_until, k.signs_until, k.revoked_at, k.reason';
const RECORDS = words(`
  SELECT ${OF_KEY}, a.login, k.algorithm, k.user_ids, k.emails, k.added_at,
     EXISTS (SELECT 1 FROM pgp_secret s WHERE s.fingerprint = k.fingerprint) AS key_held
    FROM pgp_key k JOIN account a ON a.id = k.account`);

const KEYS = words(OF_KEY);
const SHORT = tailOf('k.fingerprint', 16);

export class PgpKeyReads {
  /**
   * Keys by fingerprint, or by its last 16 digits, which name version 4 keys and which several keys
   * may share: at most 10.
   */
  *find(_now: Now, name: string): Change<readonly PgpKeyRecord[]> {
    const digits = name.replace(/^0x|[:\s]/g, '').toLowerCase();
    const rows =
      digits.length === 16
        ? yield* sql.all(RECORD)`${RECORDS} WHERE ${SHORT} = ${digits} LIMIT 10`
        : yield* sql.all(RECORD)`${RECORDS} WHERE k.fingerprint = ${digits}`;
    return rows.map(withRevoked);
  }

  *list(_now: Now, { limit, after = '', login, endsFrom, endsBefore }: PgpKeyQuery): Change<readonly PgpKeyRecord[]> {
    const most = limitOf({ limit });
    const from = endsFrom ?? NEVER;
    const to = endsBefore === undefined ? NO_END : endsBefore - 1;
    const rows =
      login === undefined
        ? yield* sql.all(RECORD)`
            ${RECORDS} WHERE k.fingerprint > ${after} AND k.encrypts_until BETWEEN ${from} AND ${to}
            ORDER BY k.fingerprint LIMIT ${most}`
        : yield* sql.all(RECORD)`
            ${RECORDS} WHERE a.login = ${foldLogin(login) ?? ''} AND k.fingerprint > ${after}
               AND k.encrypts_until BETWEEN ${from} AND ${to} ORDER BY k.fingerprint LIMIT ${most}`;
    return rows.map(withRevoked);
  }

  /**
   * Keys for an address, newest first, in any state: at most 64. Cached and always current, as the
   * roads' reads of the registry are.
   */
  *findMail(_now: Now, key: AddressKey): Change<readonly PgpMailKey[]> {
    const rows = yield* sql.all(MAIL)`
      SELECT ${KEYS}, s.sealed AS sealed_key
        FROM pgp_key_address a JOIN pgp_key k ON k.fingerprint = a.fingerprint LEFT JOIN pgp_secret s ON s.fingerprint = a.fingerprint
       WHERE a.key = ${key} ORDER BY k.made_at DESC, k.fingerprint LIMIT ${MAX_PGP_KEYS}`;
    return rows.map(withRevoked);
  }

  /** The sealed secret key; undefined if it is not held. */
  *findSecret(_now: Now, fingerprint: string): Change<Uint8Array | undefined> {
    return (yield* sql.first({ sealed: bytes })`SELECT sealed FROM pgp_secret WHERE fingerprint = ${fingerprint}`)
      ?.sealed;
  }
}

function withRevoked<R extends { readonly revokedAt: Instant | null; readonly reason: string | null }>(
  row: R,
): Omit<R, 'revokedAt' | 'reason'> & { readonly revoked?: Revoked } {
  const { revokedAt, reason, ...key } = row;
  return revokedAt === null ? key : { ...key, revoked: { at: revokedAt, reason: reason ?? 'unspecified' } };
}
