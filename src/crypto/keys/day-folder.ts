/**
 * The files of the key folder as they lie there. It is outside the data folder and outside every
 * backup of the database.
 *
 *   store               id of the store that these keys belong to
 *   2026-11-25.key      the day key of that day (UTC)
 *   2026-11-25.MARK.key another key of that day, which another node made, or this one while it was alone; MARK is 16 digits that follow from the key
 *   2026-11-25.erased   the keys of that day were destroyed on purpose: what they sealed is gone, and the gateway still starts
 *   2026-11-25.erasing  ids of messages of that day that are to be closed in every backup: one a line
 *   2026-11-25.kept     that was done: the day key is destroyed, and the keys of all its other messages stand here (kept-keys.ts)
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Day } from '../../domain/utc-day.ts';
import { replaceFile, syncFolder, writeOnce } from '../../platform/lasting-files.ts';
import { type DayFiles, type DayState, dayFilesIn } from './day-files.ts';
import { KeyFolderRefused } from './key-folder-refused.ts';
import { DAY } from './sealed-places.ts';

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

export class DayFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The store that this folder belongs to; undefined when it was never used. */
  get storeId(): string | undefined {
    try {
      return readFileSync(this.file('store'), 'ascii').trim();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  adopt(storeId: string): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    this.write('store', Buffer.from(`${storeId}\n`));
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.#path, name);
  }

  /** Writes a file, durable when this returns. A file of that name that exists stays as it is. */
  write(name: string, octets: Uint8Array): void {
    writeOnce(this.#path, name, octets);
  }

  /**
   * The files of all days, from one listing of the folder, in the order of days, from `from` on.
   */
  days(from: Day = ''): readonly DayFiles[] {
    return dayFilesIn(this.#path, from);
  }

  /** Days that can be read, by their key or by the kept ones. */
  get daysWithKeys(): readonly Day[] {
    return this.days().flatMap(({ day, state }) => (state === 'live' || state === 'kept' ? [day] : []));
  }

  /** The state of a day. */
  stateOf(day: Day): DayState {
    if (this.isErased(day)) return 'erased';
    if (this.isKept(day)) return 'kept';
    return this.has(day) ? 'live' : 'none';
  }

  isErased(day: Day): boolean {
    return existsSync(this.file(`${day}.erased`));
  }

  /**
   * True if some of the day's messages were erased: its own key is gone, and the keys of its other
   * messages are kept.
   */
  isKept(day: Day): boolean {
    return existsSync(this.file(`${day}.kept`));
  }

  /** Throws KeyFolderRefused if the keys of the day were destroyed. */
  refuseGone(day: Day): void {
    if (this.isErased(day) || this.isKept(day))
      throw new KeyFolderRefused(
        `The day key of ${day} was destroyed and cannot be made again; check the clock of this machine`,
      );
  }

  has(day: Day): boolean {
    return this.keyNames(day).length > 0;
  }

  /** Names of the files with keys of the day: the first, then those with a mark. */
  keyNames(day: Day): readonly string[] {
    const marked = existsSync(this.#path)
      ? readdirSync(this.#path).filter((name) => name !== `${day}.key` && DAY.exec(name)?.[1] === day)
      : [];
    return [...(existsSync(this.file(`${day}.key`)) ? [`${day}.key`] : []), ...marked.sort()];
  }

  /** The name that the day's first key has, or would have. */
  firstKeyName(day: Day): string {
    const name = `${day}.key`;
    return existsSync(this.file(name)) ? name : (this.keyNames(day)[0] ?? name);
  }

  /** Destroys all keys of the day and the named other files; durable when this returns. */
  protected destroy(day: Day, others: readonly ('kept' | 'erasing')[]): void {
    for (const name of [...this.keyNames(day), ...others.map((kind) => `${day}.${kind}`)])
      rmSync(this.file(name), { force: true });
    syncFolder(this.#path);
  }

  /**
   * Notes messages of a day that are to become unreadable in every backup; durable when this
   * returns.
   */
  noteErasing(day: Day, messages: readonly bigint[]): void {
    const all = new Set([...(this.erasing().get(day) ?? []), ...messages]);
    this.#writeLines(`${day}.erasing`, [...all].map(String));
  }

  /** The messages noted by `noteErasing`, by day. */
  erasing(): ReadonlyMap<Day, readonly bigint[]> {
    const names = readdirSync(this.#path).filter((name) => /^\d{4}-\d\d-\d\d\.erasing$/.test(name));
    return new Map(
      names.map((name) => {
        const ids = readFileSync(this.file(name), 'ascii').match(/^\d{1,19}$/gm) ?? [];
        return [name.slice(0, 10), ids.map(BigInt)];
      }),
    );
  }

  /** What other nodes proved of the erasure of `day`, a line each (`cluster/erasure-proof.ts`). */
  erasureProofs(day: Day): readonly string[] {
    if (!this.isErased(day)) return [];
    const text = readFileSync(this.file(`${day}.erased`), 'utf8');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Adds a line; durable when this returns. */
  noteErasureProof(day: Day, line: string): void {
    this.#writeLines(`${day}.erased`, [...this.erasureProofs(day), line]);
  }

  #writeLines(name: string, lines: readonly string[]): void {
    replaceFile(this.file(name), lines.map((line) => `${line}\n`).join(''), 0o600);
  }
}
