/**
 * Changes to OpenPGP keys; each with its audit row. They throw RegistryError: `exists`, `unknown`,
 * `ended` and `invalid` as in the registry.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import { type KeptPgpKey, MAX_PGP_KEYS } from '../pgp-keys.ts';
import { RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, json, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { accountNamed, mustBeOpen } from './registered.ts';

const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Reason of a revocation by the packets of the key itself. */
const OWN_WORD = 'by-owner';
const ACCOUNT_ENDED = 'account-ended';

export class PgpKeyChanges {
  /**
   * Registers a key for an account, found by each of its `emails` from then on. A key that is
   * registered for the account already gets the newer packets, user ids and times, and a secret key
   * if one is given: `refreshed`.
   */
  *add(
    context: ChangeContext,
    login: string,
    key: KeptPgpKey,
    how: 'issued' | 'imported',
    actor: Actor,
  ): Change<'added' | 'refreshed'> {
    const { fingerprint } = key;
    if (!FINGERPRINT.test(fingerprint))
      throw new RegistryError('invalid', `"${fingerprint.slice(0, 80)}" is not a fingerprint of an OpenPGP key`);
    const account = yield* accountNamed(context.at, login);
    mustBeOpen(account, login);
    const there = yield* find(fingerprint);
    if (there !== undefined && there.account !== account.id)
      throw new RegistryError(
        'exists',
        `The OpenPGP key ${fingerprint} is registered for account "${there.login}" already, and a key belongs to one account`,
      );
    if (there !== undefined) context.tellMail(yield* addressesOf(fingerprint));
    yield* write(context, account.id, key);
    context.tellMail(yield* setAddresses(fingerprint, key.emails));
    const event = there === undefined ? how : 'refreshed';
    const facts = { fingerprint, algorithm: key.algorithm, ...(key.revoked ? { revoked: OWN_WORD } : {}) };
    yield* context.record(`pgp-key.${event}`, account.id, actor, { userId: key.userIds[0] ?? '' }, facts);
    if (key.sealedKey !== undefined) yield* setSecret(context, account.id, fingerprint, key.sealedKey, actor);
    return there === undefined ? 'added' : 'refreshed';
  }

  /**
   * Revokes a key for good; the secret key stays for old mail. `packets`: the public key with its
   * revocation.
   */
  *revoke(
    context: ChangeContext,
    fingerprint: string,
    reason: string,
    actor: Actor,
    packets?: Uint8Array,
  ): Change<void> {
    const { account, revokedAt } = yield* registered(fingerprint);
    if (revokedAt !== null)
      throw new RegistryError(
        'ended',
        `The OpenPGP key ${fingerprint} is revoked already, which cannot be undone; issue or import another one`,
      );
    yield* sql.run`
      UPDATE pgp_key SET revoked_at = ${context.at}, reason = ${reason}, packets = coalesce(${packets ?? null}, packets)
       WHERE fingerprint = ${fingerprint}`;
    yield* context.record('pgp-key.revoked', account, actor, {}, { fingerprint, why: reason });
    context.tellMail(yield* addressesOf(fingerprint));
  }

  /** Removes the secret key. What was encrypted to it can never be opened again. */
  *removeSecret(context: ChangeContext, fingerprint: string, actor: Actor): Change<void> {
    const { account } = yield* registered(fingerprint);
    if ((yield* sql.run`DELETE FROM pgp_secret WHERE fingerprint = ${fingerprint}`) === 0)
      throw new RegistryError('unknown', `The private key of OpenPGP key ${fingerprint} is not held here`);
    yield* context.record('pgp-key.secret-removed', account, actor, {}, { fingerprint });
    context.tellMail(yield* addressesOf(fingerprint));
  }

  /** Notes that the secret key was handed out. */
  *noteExport(context: ChangeContext, fingerprint: string, actor: Actor): Change<void> {
    const { account } = yield* registered(fingerprint);
    yield* context.record('pgp-key.secret-exported', account, actor, {}, { fingerprint });
  }
}

/**
 * Ends keys with their accounts: nobody encrypts to them any more, and what they sign from now on
 * does not count for the account. Returns the audit rows to be written.
 */
export function* revokeKeysOf(
  context: ChangeContext,
  accounts: readonly number[],
): Change<readonly (TrailRow & { readonly account: number })[]> {
  const rows = yield* sql.all({ account: int, fingerprint: text, emails: json<readonly Address[]>() })`
    UPDATE pgp_key SET revoked_at = ${context.at}, reason = ${ACCOUNT_ENDED}
     WHERE account ${among(int, accounts)} AND revoked_at IS NULL RETURNING account, fingerprint, emails`;
  context.tellMail(rows.flatMap(({ emails }) => emails.map(addressKey)));
  return rows.map(({ account, fingerprint }) => ({
    event: 'pgp-key.revoked',
    account,
    facts: { fingerprint, why: ACCOUNT_ENDED },
  }));
}

/** What an operator revoked stays revoked, with its reason, whatever newer packets say. */
function* write({ at }: ChangeContext, account: number, key: KeptPgpKey): Change<void> {
  const revoked = key.revoked ? { at, reason: OWN_WORD } : { at: null, reason: null };
  yield* sql.run`
    INSERT INTO pgp_key (fingerprint, account, algorithm, user_ids, emails, made_at, encrypts_until, signs_until, packets, added_at,
       revoked_at, reason)
    VALUES (${key.fingerprint}, ${account}, ${key.algorithm}, ${JSON.stringify(key.userIds)}, ${JSON.stringify(key.emails)}, ${key.createdAt},
       ${key.encryptsUntil}, ${key.signsUntil}, ${key.packets}, ${at}, ${revoked.at}, ${revoked.reason})
        ON CONFLICT (fingerprint) DO UPDATE SET user_ids = excluded.user_ids, emails = excluded.emails,
           encrypts_until = excluded.encrypts_until, signs_until = excluded.signs_until, packets = excluded.packets,
           revoked_at = coalesce(pgp_key.revoked_at, excluded.revoked_at), reason = coalesce(pgp_key.reason, excluded.reason)`;
}

/** Sets the addresses of a key; returns them, folded. */
function* setAddresses(fingerprint: string, emails: readonly string[]): Change<readonly string[]> {
  const keys = [...new Set(emails.map((email) => addressKey(email as Address)))];
  yield* sql.run`DELETE FROM pgp_key_address WHERE fingerprint = ${fingerprint}`;
  const counts = yield* sql.all({ key: text, n: int })`
    SELECT key, count(*) AS n FROM pgp_key_address WHERE key ${among(text, keys)} GROUP BY key`;
  const full = counts.find(({ n }) => n >= MAX_PGP_KEYS);
  if (full !== undefined)
    throw new RegistryError(
      'invalid',
      `There are ${full.n} OpenPGP keys for "${full.key}", the most that one address may have; this one cannot be added`,
    );
  const rows = keys.map((key) => ({ key, fingerprint }));
  yield* sql.run`
    INSERT INTO pgp_key_address (key, fingerprint) SELECT key, fingerprint FROM ${rowsOf({ key: text, fingerprint: text }, rows)}`;
  return keys;
}

function* setSecret(
  context: ChangeContext,
  account: number,
  fingerprint: string,
  sealed: Uint8Array,
  actor: Actor,
): Change<void> {
  yield* sql.run`
    INSERT INTO pgp_secret (fingerprint, sealed, added_at) VALUES (${fingerprint}, ${sealed}, ${context.at})
        ON CONFLICT (fingerprint) DO UPDATE SET sealed = excluded.sealed`;
  yield* context.record('pgp-key.secret-added', account, actor, {}, { fingerprint });
}

function* addressesOf(fingerprint: string): Change<readonly string[]> {
  const rows = yield* sql.all({ key: text })`SELECT key FROM pgp_key_address WHERE fingerprint = ${fingerprint}`;
  return rows.map(({ key }) => key);
}

const KEY = { account: int, login: text, revokedAt: orNull(time) };

function* find(fingerprint: string) {
  return yield* sql.first(KEY)`
    SELECT k.account, a.login, k.revoked_at FROM pgp_key k JOIN account a ON a.id = k.account
     WHERE k.fingerprint = ${fingerprint} ${locked}`;
}

function* registered(fingerprint: string) {
  const row = yield* find(fingerprint);
  if (row !== undefined) return row;
  throw new RegistryError(
    'unknown',
    `There is no OpenPGP key ${fingerprint}; "sluis pgp key list" shows those there are`,
  );
}
