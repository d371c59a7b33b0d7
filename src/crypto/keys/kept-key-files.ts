/**
 * The kept keys of days that were closed for the sake of an erased message, read from their files
 * (`kept-keys.ts`).
 */
import type { KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Day } from '../../domain/utc-day.ts';
import type { DayFolder } from './day-folder.ts';
import { KeptKeys } from './kept-keys.ts';
import { KeyFolderRefused } from './key-folder-refused.ts';
import { keptPurpose } from './sealed-places.ts';
import { SealBroken, unwrapOctets } from './sealing.ts';

export class KeptKeyFiles {
  readonly #folder: DayFolder;
  readonly #wrapping: KeyObject;
  /** One day at a time is held: the keys of a busy day are some megabytes. */
  readonly #kept = new Map<Day, KeptKeys>();
  /** Marks by day, with the inode of the file: a file that replaces it has another. */
  readonly #marks = new Map<Day, { readonly file: number; readonly mark: string }>();

  constructor(folder: DayFolder, wrapping: KeyObject) {
    this.#folder = folder;
    this.#wrapping = wrapping;
  }

  /** The kept keys of a day. Throws KeyFolderRefused if they do not open with this master key. */
  of(day: Day): KeptKeys {
    const known = this.#kept.get(day);
    if (known !== undefined) return known;
    const path = this.#folder.file(`${day}.kept`);
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

  /**
   * A mark that tells which messages still have their keys. Throws KeyFolderRefused as `of` does.
   */
  markOf(day: Day): string {
    const file = statSync(this.#folder.file(`${day}.kept`)).ino;
    const known = this.#marks.get(day);
    if (known?.file === file) return known.mark;
    this.#kept.delete(day);
    const { mark } = this.of(day);
    this.#marks.set(day, { file, mark });
    return mark;
  }

  /** Drops the day's kept keys from memory. */
  forget(day: Day): void {
    this.#kept.delete(day);
  }
}
