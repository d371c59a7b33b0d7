/**
 * The keys of days that were not destroyed, read from their files and held in memory.
 *
 * A wrapped message key does not say which key of its day wrapped it: each is tried, and the tag
 * shows which was right. So keys of nodes that did not hear of each other can exist side by side, a
 * file never changes, and in the end all nodes hold all of them.
 */
import { type KeyObject, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Day } from '../../domain/utc-day.ts';
import { type DayFolder, isMissing } from './day-folder.ts';
import { KeyFolderRefused } from './key-folder-refused.ts';
import { dayKeyPurpose } from './sealed-places.ts';
import { SealBroken, unwrapKey } from './sealing.ts';

const MARK_OCTETS = 8;

/** One key of a day, as it lies in the folder. */
export interface SealedDayKey {
  readonly mark: string;
  /** The key, wrapped by the master key. */
  readonly sealed: Uint8Array;
}

/**
 * 16 hexadecimal digits that follow from the key and tell nothing of it: the same key has the same
 * mark in every folder.
 */
export const markOf = (key: KeyObject): string =>
  Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), 'sluis day key mark 1', MARK_OCTETS)).toString('hex');

export class DayKeyFiles {
  readonly #folder: DayFolder;
  /** The key that wraps day keys; derived from the master key. */
  readonly #wrapping: KeyObject;
  /** The first key of each day. */
  readonly #first = new Map<Day, KeyObject>();
  /** The key that seals new messages of a day. */
  readonly #sealing = new Map<Day, KeyObject>();
  /** All keys of a day, by file name; only for days whose first key was not enough. */
  readonly #all = new Map<Day, ReadonlyMap<string, KeyObject>>();
  /** Marks by file name: tens of octets for each day with a key. */
  readonly #marks = new Map<string, string>();

  constructor(folder: DayFolder, wrapping: KeyObject) {
    this.#folder = folder;
    this.#wrapping = wrapping;
  }

  /** True if the day's first key is in memory. */
  isOpen(day: Day): boolean {
    return this.#first.has(day);
  }

  /** True if the key for new messages of the day is known. */
  isSealing(day: Day): boolean {
    return this.#sealing.has(day);
  }

  /**
   * The day's first key. Throws KeyFolderRefused if it is missing or does not open with this master
   * key.
   */
  first(day: Day): KeyObject {
    const known = this.#first.get(day);
    if (known !== undefined) return known;
    const key = this.#read(day, this.#folder.firstKeyName(day));
    this.#first.set(day, key);
    return key;
  }

  /**
   * Unwraps a message's key, by whichever key of the day wrapped it. Throws KeyFolderRefused, or
   * SealBroken if none did.
   */
  unwrapped(day: Day, wrapped: Uint8Array, purpose: string): KeyObject {
    try {
      return unwrapKey(this.first(day), wrapped, purpose);
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      for (const other of this.#keysOf(day)) {
        try {
          return unwrapKey(other, wrapped, purpose);
        } catch (again) {
          if (!(again instanceof SealBroken)) throw again;
        }
      }
      throw error;
    }
  }

  /** Lists the files again if one has come since. */
  #keysOf(day: Day): readonly KeyObject[] {
    const names = this.#folder.keyNames(day);
    let known = this.#all.get(day);
    if (known?.size !== names.length || !names.every((name) => known?.has(name))) {
      known = new Map(names.map((name) => [name, this.#read(day, name)]));
      this.#all.set(day, known);
    }
    return [...known.values()];
  }

  /**
   * The key for new messages of the day: of several the one with the lowest mark; once used, it
   * stays. Throws KeyFolderRefused as `first` does.
   */
  sealing(day: Day): KeyObject {
    const known = this.#sealing.get(day);
    if (known !== undefined) return known;
    const first = this.first(day);
    const several = this.#folder.keyNames(day).length === 1 ? [] : [...this.#keysOf(day)];
    const [lowest = first] = several.sort((a, b) => (markOf(a) < markOf(b) ? -1 : 1));
    this.#sealing.set(day, lowest);
    return lowest;
  }

  /** Chooses the key for new messages of the day. */
  sealWith(day: Day, mark: string): void {
    const name = this.#folder.keyNames(day).find((one) => this.markOf(day, one) === mark);
    if (name !== undefined) this.#sealing.set(day, this.#read(day, name));
  }

  /**
   * The mark of the key in that file, which never changes while somebody has the folder open.
   * Throws KeyFolderRefused if it does not open.
   */
  markOf(day: Day, name: string): string {
    const known = this.#marks.get(name);
    if (known !== undefined) return known;
    const mark = markOf(this.#read(day, name));
    this.#marks.set(name, mark);
    return mark;
  }

  /** All keys of a day, wrapped as in their files. Throws KeyFolderRefused if one does not open. */
  sealed(day: Day): readonly SealedDayKey[] {
    return this.#folder
      .keyNames(day)
      .map((name) => ({ mark: this.markOf(day, name), sealed: readFileSync(this.#folder.file(name)) }));
  }

  /** Drops the day's keys from memory. */
  forget(day: Day): void {
    for (const memory of [this.#first, this.#sealing, this.#all]) memory.delete(day);
  }

  #read(day: Day, name: string): KeyObject {
    const path = this.#folder.file(name);
    try {
      return unwrapKey(this.#wrapping, readFileSync(path), dayKeyPurpose(day));
    } catch (error) {
      if (isMissing(error))
        throw new KeyFolderRefused(
          this.#folder.isErased(day)
            ? `The day key of ${day} was destroyed; what was sealed on that day can no longer be read`
            : `The day key file "${path}" is missing, but the store has messages that need it; restore the key folder from its backup`,
        );
      if (error instanceof SealBroken)
        throw new KeyFolderRefused(
          `The day key file "${path}" does not open with the sealing key (${error.message}); use the key that it was made with, or restore the file`,
        );
      throw error;
    }
  }
}
