/**
 * The key folder: day keys, each in a file of its own, wrapped by the master key. It lies outside the data folder and outside every
 * backup of the database.
 *
 *   store               id of the store that these keys belong to
 *   2026-11-25.key      the day key of that day (UTC)
 *   2026-11-25.erased   that day key was destroyed on purpose: what it sealed is gone, and the gateway still starts
 *   2026-11-25.erasing  ids of messages of that day that are to be closed in every backup: one a line
 *   2026-11-25.kept     that was done: the day key is destroyed, and the keys of all its other messages stand here (kept-keys.ts)
 *
 * A day key is on the disk, file and folder synced, before anything is sealed with it. One that a store has used is never made again: a
 * key folder that lost it is refused, because a new key of the same name would hide the loss until somebody fetches.
 */
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import { Unusable } from '../domain/unusable.ts';
import { replaceFile, syncFolder, writeOnce } from '../platform/lasting-files.ts';
import { GmacFingerprint } from './gmac-fingerprint.ts';
import { KeptKeys } from './kept-keys.ts';
import { keyCheck } from './key-fingerprint.ts';
import { DAY_WRAPPING, dayKeyPurpose, keptPurpose } from './sealed-places.ts';
import { SealBroken, dataKeyPurpose, deriveKey, unwrapKey, unwrapOctets, wrapKey } from './sealing.ts';

/** A day in UTC, `2026-11-25`. */
export type Day = string;
export const dayOf = (at: Instant): Day => new Date(at).toISOString().slice(0, 10);

/** The key folder does not have what a store needs. The text names the file and what to do. */
export class KeyFolderRefused extends Unusable {
  override readonly name = 'KeyFolderRefused';
}

/** The message was erased, and its day lives on for others. */
export class MessageErased extends KeyFolderRefused {}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

export class KeyFolder {
  readonly #folder: string;
  readonly #wrapping: KeyObject;
  readonly #check: Uint8Array;
  readonly #fingerprints: KeyObject;
  readonly #days = new Map<Day, KeyObject>();
  /** One day at a time: those of a busy day are some megabytes. */
  readonly #kept = new Map<Day, KeptKeys>();

  constructor(folder: string, masterKey: Uint8Array) {
    if (masterKey.length !== 32)
      throw new KeyFolderRefused(
        `The sealing key has ${masterKey.length} octets; expected 32; check the key file of the configuration`,
      );
    this.#folder = folder;
    this.#wrapping = deriveKey(masterKey, DAY_WRAPPING);
    this.#check = keyCheck(masterKey);
    this.#fingerprints = deriveKey(masterKey, 'sluis resubmission 1');
  }

  /** Stored beside the data: tells at start that the master key is the one that the data were sealed with, and tells nothing else. */
  get check(): Uint8Array {
    return this.#check;
  }

  checks(stored: Uint8Array): boolean {
    return stored.length === this.#check.length && timingSafeEqual(stored, this.#check);
  }

  /** Begins a fingerprint of content, the same for the same octets as long as the master key is the same. */
  fingerprint(): GmacFingerprint {
    return new GmacFingerprint(this.#fingerprints);
  }

  /** The store that this folder belongs to; undefined when it was never used. */
  get storeId(): string | undefined {
    try {
      return readFileSync(join(this.#folder, 'store'), 'ascii').trim();
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  adopt(storeId: string): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeOnce(this.#folder, 'store', Buffer.from(`${storeId}\n`));
  }

  has(day: Day): boolean {
    return existsSync(join(this.#folder, `${day}.key`));
  }

  isErased(day: Day): boolean {
    return existsSync(join(this.#folder, `${day}.erased`));
  }

  /** Some of its messages were erased: the day has no key any more, its other messages have theirs. */
  isKept(day: Day): boolean {
    return existsSync(this.#path(day, 'kept'));
  }

  #path(day: Day, kind: 'key' | 'kept' | 'erased' | 'erasing'): string {
    return join(this.#folder, `${day}.${kind}`);
  }

  /** Throws KeyFolderRefused when what opens the messages of that day is missing or does not open itself. */
  checkDay(day: Day): void {
    if (this.isKept(day)) this.keptKeys(day);
    else this.keyOf(day);
  }

  /** The keys that were kept when the day's own was destroyed. Throws KeyFolderRefused. */
  keptKeys(day: Day): KeptKeys {
    const known = this.#kept.get(day);
    if (known !== undefined) return known;
    const path = this.#path(day, 'kept');
    try {
      const keys = new KeptKeys(unwrapOctets(this.#wrapping, readFileSync(path), keptPurpose(day)));
      this.#kept.clear();
      this.#kept.set(day, keys);
      return keys;
    } catch (error) {
      if (error instanceof SealBroken)
        throw new KeyFolderRefused(
          `The file "${path}" does not open with the sealing key (${error.message}); use the key that it was made with, or restore the file`,
        );
      throw error;
    }
  }

  /** The key of one message, which `wrapped` is in the database. Throws KeyFolderRefused, SealBroken, or MessageErased. */
  dataKeyOf(day: Day, message: bigint, wrapped: Uint8Array): KeyObject {
    // A day whose key is in memory has not been looked for on the disk since: reading must not cost a look at a folder.
    if (this.#days.has(day) || !this.isKept(day)) return unwrapKey(this.keyOf(day), wrapped, dataKeyPurpose(message));
    const key = this.keptKeys(day).keyOf(message);
    if (key === undefined)
      throw new MessageErased(
        `Message ${message} of ${day} was erased; it cannot be read any more, in no backup either`,
      );
    return key;
  }

  /** Destroys the key of `day`, and keeps those of its messages that are in `keys`. They are durable before it goes. */
  keep(day: Day, keys: Uint8Array, random: RandomBytes): void {
    replaceFile(this.#path(day, 'kept'), wrapKey(this.#wrapping, keys, keptPurpose(day), random), 0o600);
    this.#kept.delete(day);
    this.#days.delete(day);
    for (const kind of ['key', 'erasing'] as const) rmSync(this.#path(day, kind), { force: true });
    syncFolder(this.#folder);
  }

  /** Its keys are no longer held in memory. */
  forget(day: Day): void {
    this.#kept.delete(day);
    this.#days.delete(day);
  }

  /** Notes that these messages of a day are to be closed in every backup; durable when this returns. */
  noteErasing(day: Day, messages: readonly bigint[]): void {
    const all = new Set([...(this.erasing().get(day) ?? []), ...messages]);
    replaceFile(this.#path(day, 'erasing'), [...all].map((id) => `${id}\n`).join(''), 0o600);
  }

  /** What waits to be closed so, by day. */
  erasing(): ReadonlyMap<Day, readonly bigint[]> {
    const names = readdirSync(this.#folder).filter((name) => /^\d{4}-\d\d-\d\d\.erasing$/.test(name));
    return new Map(
      names.map((name) => {
        const ids = readFileSync(join(this.#folder, name), 'ascii').match(/^\d{1,19}$/gm) ?? [];
        return [name.slice(0, 10), ids.map(BigInt)];
      }),
    );
  }

  /** Throws KeyFolderRefused when the key is missing or does not open with this master key. */
  keyOf(day: Day): KeyObject {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const path = join(this.#folder, `${day}.key`);
    let key: KeyObject;
    try {
      key = unwrapKey(this.#wrapping, readFileSync(path), dayKeyPurpose(day));
    } catch (error) {
      if (isCode(error, 'ENOENT'))
        throw new KeyFolderRefused(
          this.isErased(day)
            ? `The day key of ${day} was destroyed; what was sealed on that day cannot be read any more`
            : `The day key file "${path}" is missing, but the store has messages that need it; restore the key folder from its backup`,
        );
      if (error instanceof SealBroken)
        throw new KeyFolderRefused(
          `The day key file "${path}" does not open with the sealing key (${error.message}); use the key that it was made with, or restore the file`,
        );
      throw error;
    }
    this.#days.set(day, key);
    return key;
  }

  /** Makes the key of `day`, durable when this returns. Uses one that another start has already made. */
  make(day: Day, random: RandomBytes): KeyObject {
    if (this.isErased(day) || this.isKept(day))
      throw new KeyFolderRefused(
        `The day key of ${day} was destroyed and cannot be made again; check the clock of this machine`,
      );
    if (!this.has(day)) {
      const plain = random(32);
      writeOnce(this.#folder, `${day}.key`, wrapKey(this.#wrapping, plain, dayKeyPurpose(day), random));
      plain.fill(0);
    }
    return this.keyOf(day);
  }

  /** Destroys the key of `day`: everything sealed with it becomes unreadable, wherever copies of it are. */
  erase(day: Day): void {
    writeOnce(this.#folder, `${day}.erased`, new Uint8Array(0));
    this.#days.delete(day);
    this.#kept.delete(day);
    for (const kind of ['key', 'kept', 'erasing'] as const) rmSync(this.#path(day, kind), { force: true });
    syncFolder(this.#folder);
  }
}
