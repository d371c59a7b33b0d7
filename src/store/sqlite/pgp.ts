/** The port of OpenPGP keys on SQLite. Cached is what the roads of the mail ask: the keys of an address; the cache is exact, as that of the registry. */
import type { AddressKey } from '../../domain/address.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import { foldLogin } from '../../domain/registry.ts';
import {
  NEVER,
  NO_END,
  type KeptPgpKey,
  type PgpKeyQuery,
  type PgpKeyRecord,
  type PgpKeys,
  type PgpMailKey,
} from '../pgp-keys.ts';
import { type Actor, RegistryError } from '../registry.ts';
import { Lru } from './lru.ts';
import type { PgpChange, PgpChanged } from './pgp-changes.ts';
import type { Reader } from './reader.ts';
import type { StoreTime } from './store-time.ts';
import { type Writer, errorOf } from './writer.ts';

export interface PgpKeysParts {
  readonly writer: Writer;
  readonly reader: Reader;
  readonly time: StoreTime;
  readonly random: RandomBytes;
}

/** Addresses that are remembered: about 3 KB each. */
const MOST = 5000;

export class SqlitePgpKeys implements PgpKeys {
  readonly #p: PgpKeysParts;
  readonly #mail = new Lru<AddressKey, readonly PgpMailKey[]>(MOST);
  /** Rises with every change: a read that saw it rise is not kept. */
  #changes = 0;

  constructor(parts: PgpKeysParts) {
    this.#p = parts;
  }

  /** From a commit, before its answers are given out. */
  told({ mail }: Pick<PgpChanged, 'mail'>): void {
    this.#changes += 1;
    for (const key of mail) this.#mail.delete(key as AddressKey);
  }

  async #change(change: PgpChange): Promise<PgpChanged> {
    const salt = this.#p.random(32);
    const answer = await this.#p.writer.ask({ kind: 'pgp', change, at: this.#p.time.now(), salt });
    if (answer.kind === 'pgp') return answer.changed;
    if (answer.kind === 'registry-error') throw new RegistryError(answer.error, answer.message);
    throw errorOf(answer);
  }

  async add(login: string, key: KeptPgpKey, how: string, actor: Actor): Promise<'added' | 'refreshed'> {
    const { refreshed } = await this.#change({ op: 'add', login, key, how, actor });
    return refreshed === true ? 'refreshed' : 'added';
  }

  async revoke(fingerprint: string, reason: string, actor: Actor, packets?: Uint8Array): Promise<void> {
    await this.#change({ op: 'revoke', fingerprint, reason, packets: packets ?? null, actor });
  }

  async removeSecret(fingerprint: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'remove-secret', fingerprint, actor });
  }

  async noteExport(fingerprint: string, actor: Actor): Promise<void> {
    await this.#change({ op: 'note-export', fingerprint, actor });
  }

  async find(name: string): Promise<readonly PgpKeyRecord[]> {
    return await this.#p.reader.ask('pgpKeyNamed', { name: name.replace(/^0x|[:\s]/g, '').toLowerCase() });
  }

  async list({ limit, after = '', login, endsFrom, endsBefore }: PgpKeyQuery): Promise<readonly PgpKeyRecord[]> {
    return await this.#p.reader.ask('pgpKeys', {
      limit: Math.min(1000, Math.max(1, Math.trunc(limit))),
      after,
      login: login === undefined ? null : (foldLogin(login) ?? ''),
      endsFrom: endsFrom ?? NEVER,
      endsTo: endsBefore === undefined ? NO_END : endsBefore - 1,
    });
  }

  async findMail(key: AddressKey): Promise<readonly PgpMailKey[]> {
    const known = this.#mail.get(key);
    if (known !== undefined) return known;
    const before = this.#changes;
    const found = await this.#p.reader.ask('pgpMail', { key });
    if (before === this.#changes) this.#mail.set(key, found);
    return found;
  }

  async findSecret(fingerprint: string): Promise<Uint8Array | undefined> {
    return await this.#p.reader.ask('pgpSecret', { fingerprint });
  }
}
