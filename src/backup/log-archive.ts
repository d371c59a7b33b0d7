/**
 * Keeps the log of a server beside its base backups: brought up to date each minute, hashed,
 * signed, looked through for gaps, copied elsewhere, and removed with the backups that needed it. A
 * log that cannot go on is put aside with what it has, and the next base backup begins another.
 */
import type { KeyObject } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import type { Clock } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import { CopyFailed, type LogKept, type LogSource } from '../store/copies.ts';
import { copyFile, makeFolder, syncFolderOf } from './files.ts';
import { type KnownBackup, freeName } from './folder.ts';
import { ENDED, LOG, type LogIndex, lookAtLog, numberOf, placeOf, readIndex, writeIndex } from './log-files.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

export interface LogParts {
  readonly source: LogSource;
  readonly storeId: string;
  readonly hostname: string;
  readonly clock: Clock;
  readonly keys: () => Promise<AuditKeys>;
  /** A folder that has the same; absent: none. */
  readonly elsewhere?: string;
}

/** The log cannot be continued, and a base backup is due at once. */
export class LogEnded extends BackupRefused {}

export class LogArchive {
  readonly #p: LogParts;
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: LogParts) {
    this.#p = parts;
  }

  /** Below the folder of backups. One at a time. Rejects with BackupRefused. */
  async round(folder: string): Promise<LogIndex> {
    const round = this.#running.then(() => this.#round(folder));
    this.#running = round.catch(() => undefined);
    return await round;
  }

  async #round(folder: string): Promise<LogIndex> {
    const log = join(folder, LOG);
    const keys = await this.#p.keys();
    let index: LogIndex;
    try {
      await makeFolder(log);
      await this.#known(log, keys);
      const received = await this.#p.source.receive(log);
      // Read anew: where this gateway hung meanwhile another one went on, and has perhaps removed
      // what no backup needs any more.
      const known = await this.#known(log, keys);
      if (known !== undefined && known.at > received.at) return known;
      const files = await lookAtLog(log, received, known?.files ?? []);
      const { storeId, hostname } = this.#p;
      const { at, fileOctets, server } = received;
      index = { storeId, hostname, server, at, fileOctets, files };
      await writeIndex(log, index, keys);
    } catch (error) {
      const ends =
        (error instanceof CopyFailed && error.gap) || (error instanceof BackupRefused && error.kind === 'unusable');
      throw ends ? await this.#end(folder, error) : this.#behind(log, error);
    }
    await this.#copy(log, index);
    return index;
  }

  async #known(log: string, { publicKey }: AuditKeys): Promise<LogIndex | undefined> {
    const known = await readIndex(log, [publicKey]);
    if (known !== undefined && known.storeId !== this.#p.storeId)
      throw new BackupRefused('unusable', `it is the log of another store (${known.hostname})`);
    return known;
  }

  #behind(log: string, error: unknown): BackupRefused {
    const full = isCode(error, 'ENOSPC') || (error instanceof CopyFailed && error.full);
    return new BackupRefused(
      'unavailable',
      `Cannot bring the log in "${log}" up to date: ${full ? 'the disk is full; free some space there' : reasonOf(error)}. The server keeps what is not there yet, and it is tried again`,
      { cause: error },
    );
  }

  /** Ends a log; what it has can still bring earlier backups to any moment in it. */
  async #end(folder: string, error: unknown): Promise<LogEnded> {
    const log = join(folder, LOG);
    const aside = join(folder, `log-ended-${await freeName(folder, this.#p.clock.now())}`);
    await rename(log, aside);
    await syncFolderOf(folder);
    return new LogEnded(
      'unusable',
      `The log in "${log}" cannot continue: ${reasonOf(error)}. What it has was kept as "${aside}"; a base backup begins another one`,
      { cause: error },
    );
  }

  /** What the server keeps of it because it was not received yet. Rejects if nobody can say. */
  async kept(): Promise<LogKept> {
    return await this.#p.source.kept();
  }

  /** Until when the log is whole; undefined: there is none that a key signed. */
  async at(folder: string, keys: readonly KeyObject[]): Promise<Instant | undefined> {
    return (await indexOf(join(folder, LOG), keys))?.at;
  }

  /**
   * Whether a restore of the backup can go on with the log: that was begun before. It need not have
   * come as far yet.
   */
  async follows({ manifest }: KnownBackup, folder: string, keys: readonly KeyObject[]): Promise<boolean> {
    const { start } = manifest.store.postgres ?? {};
    const index = await indexOf(join(folder, LOG), keys);
    if (start === undefined || index === undefined) return start === undefined;
    const numbers = index.files.flatMap(({ name }) => numberOf(name, index.fileOctets) ?? []);
    const first = numberOf(start, index.fileOctets) ?? -1;
    return numbers.length === 0 || numbers.some((number) => number <= first);
  }

  /**
   * Removes what no backup needs: files before the first of these, and earlier logs that end there.
   */
  async tidy(folder: string, kept: readonly KnownBackup[]): Promise<void> {
    const tidied = this.#running.then(() => this.#tidy(folder, kept));
    this.#running = tidied.catch(() => undefined);
    await tidied;
  }

  async #tidy(folder: string, kept: readonly KnownBackup[]): Promise<void> {
    const keys = await this.#p.keys();
    const starts = kept.flatMap(({ manifest }) => manifest.store.postgres?.start ?? []);
    if (starts.length === 0) return;
    for (const name of (await readdir(folder)).filter((one) => one === LOG || ENDED.test(one))) {
      const path = join(folder, name);
      const index = await indexOf(path, [keys.publicKey]);
      if (index === undefined) continue;
      const { files, fileOctets } = index;
      const needed = Math.min(...starts.map((start) => numberOf(start, fileOctets) ?? 0));
      const newest = Math.max(...files.map((file) => numberOf(file.name, fileOctets) ?? 0));
      // Behind the newest of the log that is kept the next is received, also where it has not come
      // as far as a backup that was just taken.
      const first = name === LOG ? Math.min(needed, newest) : needed;
      const old = files.filter((file) => (numberOf(file.name, fileOctets) ?? first) < first);
      const numbered = files.filter((file) => numberOf(file.name, fileOctets) !== undefined);
      if (name !== LOG && old.length === numbered.length) await rm(path, { recursive: true });
      else if (old.length > 0) {
        await writeIndex(path, { ...index, files: files.filter((file) => !old.includes(file)) }, keys);
        for (const file of old) await rm(await placeOf(path, file.name), { force: true });
      }
    }
  }

  /** Copies the log to the other place; the index last. */
  async #copy(log: string, index: LogIndex): Promise<void> {
    const { elsewhere, keys } = this.#p;
    if (elsewhere === undefined) return;
    const to = join(elsewhere, LOG);
    try {
      await stat(elsewhere);
      await makeFolder(to);
      const there = await indexOf(to, [(await keys()).publicKey]);
      const same = new Set(there?.files.map(({ name, octets }) => `${name} ${octets}`) ?? []);
      for (const { name, octets } of index.files) {
        if (same.has(`${name} ${octets}`)) continue;
        await rm(join(to, name), { force: true });
        await copyFile(await placeOf(log, name), join(to, name));
      }
      await writeIndex(to, index, await keys());
      const names = new Set(index.files.map(({ name }) => name));
      for (const { name } of there?.files ?? []) if (!names.has(name)) await rm(join(to, name), { force: true });
    } catch (error) {
      throw new BackupRefused(
        'unavailable',
        `Cannot copy the log to "${to}": ${reasonOf(error)}; the log itself stands, and the copy is tried again`,
        { cause: error },
      );
    }
  }
}

/** The index of a log; undefined: there is none that counts. */
async function indexOf(folder: string, keys: readonly KeyObject[]): Promise<LogIndex | undefined> {
  try {
    return await readIndex(folder, keys);
  } catch (error) {
    if (error instanceof BackupRefused) return undefined;
    throw error;
  }
}
