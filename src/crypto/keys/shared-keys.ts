/**
 * What nodes of one store show each other of their key folders, and take from one another: keys as
 * they lie there, wrapped by the one master key.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Day } from '../../domain/utc-day.ts';
import type { DayFiles, DayState } from './day-files.ts';
import { type DayFolder, isMissing } from './day-folder.ts';
import { type DayKeyFiles, markOf } from './day-key-files.ts';
import type { KeptKeyFiles } from './kept-key-files.ts';
import { KeyFolderRefused } from './key-folder-refused.ts';
import { dayKeyPurpose, keptPurpose } from './sealed-places.ts';
import { SealBroken, unwrapKey, unwrapOctets } from './sealing.ts';

export interface KnownDay {
  readonly day: Day;
  readonly state: DayState;
  /**
   * Marks of the day's keys; for a closed day one mark, which tells which messages still have their
   * keys.
   */
  readonly marks: readonly string[];
}

export class SharedKeys {
  readonly #folder: DayFolder;
  readonly #wrapping: KeyObject;
  readonly #keys: DayKeyFiles;
  readonly #kept: KeptKeyFiles;

  constructor(folder: DayFolder, wrapping: KeyObject, keys: DayKeyFiles, kept: KeptKeyFiles) {
    this.#folder = folder;
    this.#wrapping = wrapping;
    this.#keys = keys;
    this.#kept = kept;
  }

  /**
   * What is known of the days from `from` on, in order: at most `limit`, and the day of the next
   * where there is one.
   */
  inventory(from: Day, limit: number): { readonly days: readonly KnownDay[]; readonly next?: Day } {
    const all = this.#folder.days(from);
    const next = all[limit]?.day;
    return {
      days: all.slice(0, limit).map((its) => ({ day: its.day, state: its.state, marks: this.#marksOf(its) })),
      ...(next === undefined ? {} : { next }),
    };
  }

  #marksOf({ day, state, keys }: DayFiles): readonly string[] {
    if (state === 'live') return keys.map((name) => this.#keys.markOf(day, name));
    return state === 'kept' ? [this.#kept.markOf(day)] : [];
  }

  /**
   * Keeps a key of `day` that another node has, beside those that are here; durable when this
   * returns. Throws KeyFolderRefused when it does not open with this master key, or when the day
   * was erased or closed here.
   */
  take(day: Day, sealed: Uint8Array): { readonly mark: string; readonly isNew: boolean } {
    const folder = this.#folder;
    const mark = markOf(
      opened(`A key of ${day} that another node has does`, () => unwrapKey(this.#wrapping, sealed, dayKeyPurpose(day))),
    );
    folder.refuseGone(day);
    if (this.#has(day, mark)) return { mark, isNew: false };
    // Of two keys that come at once, the second finds the name taken and gets a name of its own.
    if (!existsSync(folder.file(`${day}.key`))) folder.write(`${day}.key`, sealed);
    if (!this.#has(day, mark)) folder.write(`${day}.${mark}.key`, sealed);
    return { mark, isNew: true };
  }

  #has(day: Day, mark: string): boolean {
    return this.#keys.sealed(day).some((one) => one.mark === mark);
  }

  /**
   * The kept keys of a closed day, as they lie in the folder. Throws KeyFolderRefused if there are
   * none.
   */
  kept(day: Day): Buffer {
    try {
      return readFileSync(this.#folder.file(`${day}.kept`));
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new KeyFolderRefused(`The kept keys of ${day} are no longer here`);
    }
  }

  /**
   * Takes the kept keys of another node, if this one has no key of the day at all; durable when
   * this returns. Throws KeyFolderRefused as `take` does.
   */
  takeKept(day: Day, sealed: Uint8Array): void {
    opened(`The kept keys of ${day} that another node has do`, () =>
      unwrapOctets(this.#wrapping, sealed, keptPurpose(day)),
    ).fill(0);
    if (this.#folder.stateOf(day) !== 'none')
      throw new KeyFolderRefused(`There are keys of ${day} here already; those of another node do not replace them`);
    this.#folder.write(`${day}.kept`, sealed);
  }
}

/** `what`: the beginning of the error if the seal does not open. */
function opened<T>(what: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new KeyFolderRefused(
      `${what} not open with the sealing key of this one (${error.message}); all nodes need one master key`,
    );
  }
}
