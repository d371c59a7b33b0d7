/** Changes to OpenPGP keys, inside the writer's transactions; each with its audit row. */
import { type Address, addressKey } from '../../domain/address.ts';
import { type KeptPgpKey, MAX_PGP_KEYS } from '../pgp-keys.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { RegistryGround } from './registry-ground.ts';

export type PgpChange =
  | {
      readonly op: 'add';
      readonly login: string;
      readonly key: KeptPgpKey;
      readonly how: string;
      readonly actor: Actor;
    }
  | {
      readonly op: 'revoke';
      readonly fingerprint: string;
      readonly reason: string;
      readonly packets: Uint8Array | null;
      readonly actor: Actor;
    }
  | { readonly op: 'remove-secret'; readonly fingerprint: string; readonly actor: Actor }
  | { readonly op: 'note-export'; readonly fingerprint: string; readonly actor: Actor };

export interface PgpChanged {
  /** Addresses, folded, that have other keys now. */
  readonly mail: readonly string[];
  readonly refreshed?: true;
}

const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Revoked by the packets of the key itself. */
const OWN_WORD = 'by-owner';

interface KeyRow {
  readonly account: number;
  readonly login: string;
  readonly revoked_at: number | null;
}

export class PgpChanges {
  readonly #ground: RegistryGround;

  constructor(db: Db, audit: AuditWriter) {
    this.#ground = new RegistryGround(db, audit);
  }

  apply(change: PgpChange, at: number, salt: Uint8Array): PgpChanged {
    this.#ground.begin(at, salt);
    switch (change.op) {
      case 'add':
        return this.#add(change.login, change.key, change.how, change.actor);
      case 'revoke':
        return this.#revoke(change);
      case 'remove-secret':
        return this.#removeSecret(change.fingerprint, change.actor);
      case 'note-export': {
        const { account } = this.#key(change.fingerprint);
        this.#ground.record('pgp-key.secret-exported', account, change.actor, {}, { fingerprint: change.fingerprint });
        return { mail: [] };
      }
    }
  }

  #add(login: string, key: KeptPgpKey, how: string, actor: Actor): PgpChanged {
    const { fingerprint } = key;
    if (!FINGERPRINT.test(fingerprint))
      throw new RegistryError('invalid', `"${fingerprint.slice(0, 80)}" is no fingerprint of an OpenPGP key`);
    const account = this.#ground.account(login);
    this.#ground.openFor(account, login);
    const there = this.#find(fingerprint);
    if (there !== undefined && there.account !== account.id)
      throw new RegistryError(
        'exists',
        `The OpenPGP key ${fingerprint} is registered for account "${there.login}" already, and a key belongs to one account`,
      );
    const before = there === undefined ? [] : this.#addresses(fingerprint);
    this.#write(account.id, key);
    const mail = this.#setAddresses(fingerprint, key.emails);
    const event = there === undefined ? how : 'refreshed';
    const facts = { fingerprint, algorithm: key.algorithm, ...(key.revoked ? { revoked: OWN_WORD } : {}) };
    this.#ground.record(`pgp-key.${event}`, account.id, actor, { userId: key.userIds[0] ?? '' }, facts);
    if (key.sealedKey !== undefined) this.#setSecret(account.id, fingerprint, key.sealedKey, actor);
    return { mail: [...new Set([...before, ...mail])], ...(there === undefined ? {} : { refreshed: true }) };
  }

  /** What an operator revoked stays revoked, with its reason, whatever newer packets say. */
  #write(account: number, key: KeptPgpKey): void {
    const { at } = this.#ground;
    this.#ground.sql.run(
      `INSERT INTO pgp_key (fingerprint, account, algorithm, user_ids, emails, made_at, encrypts_until, signs_until, packets, added_at, revoked_at, reason)
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
         ON CONFLICT (fingerprint) DO UPDATE SET user_ids = excluded.user_ids, emails = excluded.emails,
           encrypts_until = excluded.encrypts_until, signs_until = excluded.signs_until, packets = excluded.packets,
           revoked_at = coalesce(revoked_at, excluded.revoked_at), reason = coalesce(reason, excluded.reason)`,
      key.fingerprint,
      account,
      key.algorithm,
      JSON.stringify(key.userIds),
      JSON.stringify(key.emails),
      key.createdAt,
      key.encryptsUntil,
      key.signsUntil,
      key.packets,
      at,
      key.revoked ? at : null,
      key.revoked ? OWN_WORD : null,
    );
  }

  #setAddresses(fingerprint: string, emails: readonly string[]): readonly string[] {
    this.#ground.sql.run('DELETE FROM pgp_key_address WHERE fingerprint = ?', fingerprint);
    const keys = [...new Set(emails.map((email) => addressKey(email as Address)))];
    for (const key of keys) {
      const { n } = this.#ground.sql.get('SELECT count(*) AS n FROM pgp_key_address WHERE key = ?', key) as {
        n: number;
      };
      if (n >= MAX_PGP_KEYS)
        throw new RegistryError(
          'invalid',
          `There are ${n} OpenPGP keys for "${key}", the most that one address may have; this one cannot be added`,
        );
      this.#ground.sql.run('INSERT INTO pgp_key_address (key, fingerprint) VALUES (?, ?)', key, fingerprint);
    }
    return keys;
  }

  #setSecret(account: number, fingerprint: string, sealed: Uint8Array, actor: Actor): void {
    this.#ground.sql.run(
      'INSERT INTO pgp_secret (fingerprint, sealed, added_at) VALUES (?,?,?) ON CONFLICT (fingerprint) DO UPDATE SET sealed = excluded.sealed',
      fingerprint,
      sealed,
      this.#ground.at,
    );
    this.#ground.record('pgp-key.secret-added', account, actor, {}, { fingerprint });
  }

  #removeSecret(fingerprint: string, actor: Actor): PgpChanged {
    const { account } = this.#key(fingerprint);
    if (this.#ground.sql.run('DELETE FROM pgp_secret WHERE fingerprint = ?', fingerprint).changes === 0)
      throw new RegistryError('unknown', `The secret half of OpenPGP key ${fingerprint} is not held here`);
    this.#ground.record('pgp-key.secret-removed', account, actor, {}, { fingerprint });
    return { mail: this.#addresses(fingerprint) };
  }

  #revoke({ fingerprint, reason, packets, actor }: Extract<PgpChange, { op: 'revoke' }>): PgpChanged {
    const row = this.#key(fingerprint);
    if (row.revoked_at !== null)
      throw new RegistryError(
        'ended',
        `The OpenPGP key ${fingerprint} is revoked already, which cannot be undone; issue or import another one`,
      );
    this.#ground.sql.run(
      'UPDATE pgp_key SET revoked_at = ?, reason = ?, packets = coalesce(?, packets) WHERE fingerprint = ?',
      this.#ground.at,
      reason,
      packets,
      fingerprint,
    );
    this.#ground.record('pgp-key.revoked', row.account, actor, {}, { fingerprint, why: reason });
    return { mail: this.#addresses(fingerprint) };
  }

  #addresses(fingerprint: string): readonly string[] {
    const rows = this.#ground.sql.all('SELECT key FROM pgp_key_address WHERE fingerprint = ?', fingerprint);
    return (rows as { key: string }[]).map(({ key }) => key);
  }

  #find(fingerprint: string): KeyRow | undefined {
    return this.#ground.sql.get(
      'SELECT k.account, a.login, k.revoked_at FROM pgp_key k JOIN account a ON a.id = k.account WHERE k.fingerprint = ?',
      fingerprint,
    ) as KeyRow | undefined;
  }

  #key(fingerprint: string): KeyRow {
    const row = this.#find(fingerprint);
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no OpenPGP key ${fingerprint}; "sluis pgp key list" shows those there are`,
      );
    return row;
  }
}
