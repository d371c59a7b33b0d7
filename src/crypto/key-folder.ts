/**
 * The key folder: day keys, each in a file of its own, wrapped by the master key. It lies outside the data folder and outside every
 * backup of the database.
 *
 *   store               id of the store that these keys belong to
 *   2026-11-25.key      the day key of that day (UTC)
 *   2026-11-25.erased   that day key was destroyed on purpose: what it sealed is gone, and the gateway still starts
 *
 * A day key is on the disk, file and folder synced, before anything is sealed with it. One that a store has used is never made again: a
 * key folder that lost it is refused, because a new key of the same name would hide the loss until somebody fetches.
 */
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import { syncFolder, writeOnce } from '../platform/lasting-files.ts';
import { keyCheck } from './key-fingerprint.ts';
import { DAY_WRAPPING, dayKeyPurpose } from './sealed-places.ts';
import { SealBroken, deriveKey, unwrapKey, wrapKey } from './sealing.ts';

/** A day in UTC, `2026-11-25`. */
export type Day = string;
export const dayOf = (at: Instant): Day => new Date(at).toISOString().slice(0, 10);

/** The key folder does not have what a store needs. The text names the file and what to do. */
export class KeyFolderRefused extends Error {
  override readonly name = 'KeyFolderRefused';
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

export class KeyFolder {
  readonly #folder: string;
  readonly #wrapping: KeyObject;
  readonly #check: Uint8Array;
  readonly #days = new Map<Day, KeyObject>();

  constructor(folder: string, masterKey: Uint8Array) {
    if (masterKey.length !== 32)
      throw new KeyFolderRefused(
        `The sealing key has ${masterKey.length} octets; expected 32; check the key file of the configuration`,
      );
    this.#folder = folder;
    this.#wrapping = deriveKey(masterKey, DAY_WRAPPING);
    this.#check = keyCheck(masterKey);
  }

  /** Stored beside the data: tells at start that the master key is the one that the data were sealed with, and tells nothing else. */
  get check(): Uint8Array {
    return this.#check;
  }

  checks(stored: Uint8Array): boolean {
    return stored.length === this.#check.length && timingSafeEqual(stored, this.#check);
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
    if (this.isErased(day))
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
    try {
      unlinkSync(join(this.#folder, `${day}.key`));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
    syncFolder(this.#folder);
  }
}
