/**
 * Makes everything that the master key seals open with a new one. The gateway is stopped: the lock of the data folder is held throughout.
 *
 *   1  NEWKEY                    the new master key, durable before anything depends on it
 *   2  KEYS/rotation/            every sealed file of the key folder, under the new key; the folder's name appears when it is whole
 *   3  one transaction           every sealed column, the key check, the audit row. From its commit the new key holds
 *   4  KEYS/rotation/* -> KEYS/  file by file
 *   5  KEY -> KEY.before-..., NEWKEY -> KEY
 *   6  KEYS/rotation/ is removed
 *
 * A crash before 3 leaves the old key whole, one after 3 the new one: the key check of the database tells which, and the next run goes on
 * from there. Until it has, the gateway does not start between 3 and 6.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyCheck, keyFingerprint } from '../../crypto/key-fingerprint.ts';
import {
  ROTATION_FOLDER,
  SEALED_PLACES,
  type KeyChange,
  reseal,
  resealFile,
  sealedFiles,
} from '../../crypto/sealed-places.ts';
import type { KeyPurpose } from '../../crypto/sealed-key.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import { instant } from '../../domain/units.ts';
import { syncFolder, writeSynced } from '../../platform/lasting-files.ts';
import { Ground } from '../changes/ground.ts';
import { type Actor } from '../actor.ts';
import { StoreRefused } from '../store.ts';
import { AuditWriter } from './audit-writer.ts';
import { checkFile, factOf, setFact } from './check-database.ts';
import { type Db, openWriting } from './database.ts';
import { FolderLock } from './folder-lock.ts';
import { SqliteRunner } from './runner.ts';
import { DATABASE_FILE } from './writer-files.ts';

export interface RotateOptions {
  readonly dataFolder: string;
  readonly keyFolder: string;
  /** What the configuration gives now: the old key, or the new one where a run was interrupted late. */
  readonly masterKey: Uint8Array;
  /** Where the master key lies; absent where a command prints it: then the operator puts the new one there. */
  readonly keyFile?: string;
  /** Where the new key is written, and stays until it is in place. */
  readonly newKeyFile: string;
  readonly actor: Actor;
  readonly clock: Clock;
  readonly random?: RandomBytes;
  /** For tests: told before each step that a crash could come before. */
  readonly step?: (what: string) => void;
}

export interface Rotated {
  readonly from: string;
  readonly to: string;
  /** Sealed files and rows. */
  readonly sealed: number;
  /** An interrupted run was brought to its end. */
  readonly resumed: boolean;
  /** Where the old key is kept. */
  readonly oldKeyFile?: string;
}

/** A run has staged what it sealed, and was interrupted. */
const isRotationBegun = (keyFolder: string): boolean => existsSync(join(keyFolder, ROTATION_FOLDER));

/** Throws StoreRefused, and has changed nothing that holds, when something cannot be opened with the old key. */
export const rotateMasterKey = (options: RotateOptions): Rotated => alone(options, (rotation) => rotation.run());

/** Brings an interrupted run to its end; undefined where there is none past its commit. */
export const finishRotation = (options: RotateOptions): Rotated | undefined =>
  isRotationBegun(options.keyFolder) ? alone(options, (rotation) => rotation.finish()) : undefined;

function alone<T>(options: RotateOptions, run: (rotation: Rotation) => T): T {
  const path = join(options.dataFolder, DATABASE_FILE);
  checkFile(path);
  const lock = FolderLock.take(options.dataFolder);
  try {
    const db = openWriting(path, 'FULL');
    try {
      return run(new Rotation(db, options));
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

class Rotation {
  readonly #db: Db;
  readonly #o: RotateOptions;
  readonly #random: RandomBytes;

  constructor(db: Db, options: RotateOptions) {
    this.#db = db;
    this.#o = options;
    this.#random = options.random ?? randomBytes;
  }

  /** Undefined where there is nothing that was committed and not brought to its end. */
  finish(): Rotated | undefined {
    // The commit had come before the crash: the database knows the new key already. What lies staged opens with it, or is of a run before.
    const key = [this.#newKey(), this.#o.masterKey].find((one) => one !== undefined && this.#isHeld(one));
    if (!isRotationBegun(this.#o.keyFolder) || key === undefined || !this.#isStagedUnder(key)) return undefined;
    return this.#finish(key, 0, true);
  }

  run(): Rotated {
    const { masterKey, newKeyFile } = this.#o;
    const made = this.#newKey();
    if (made !== undefined && this.#isHeld(made))
      throw new StoreRefused(
        `The store is sealed with the key in "${newKeyFile}" already; put that key where the configuration reads it, remove the file, and start the gateway`,
      );
    if (!this.#isHeld(masterKey))
      throw new StoreRefused(
        `The master key of the configuration (${keyFingerprint(masterKey)}) is not that of the store; put the right key in its place`,
      );
    return this.#rotate(made ?? this.#makeKey());
  }

  #isHeld(key: Uint8Array): boolean {
    const held = factOf(this.#db, 'key_check');
    return held instanceof Uint8Array && Buffer.from(keyCheck(key)).equals(held);
  }

  #rotate(to: Uint8Array): Rotated {
    const change = { from: this.#o.masterKey, to, random: this.#random };
    const files = this.#stage(change);
    const rows = this.#commit(change, files);
    return this.#finish(to, files + rows, false);
  }

  #isStagedUnder(key: Uint8Array): boolean {
    const folder = join(this.#o.keyFolder, ROTATION_FOLDER);
    const names = stagedFiles(folder);
    const same = { from: key, to: key, random: this.#random };
    return names.ok && names.value.every((name) => resealFile(same, folder, name).ok);
  }

  #step(what: string): void {
    this.#o.step?.(what);
  }

  #newKey(): Uint8Array | undefined {
    const { newKeyFile } = this.#o;
    if (!existsSync(newKeyFile)) return undefined;
    const text = readFileSync(newKeyFile, 'ascii').trim();
    if (!/^[0-9a-f]{64}$/i.test(text))
      throw new StoreRefused(`The file "${newKeyFile}" holds no master key of 64 hexadecimal digits; remove it`);
    return Buffer.from(text, 'hex');
  }

  #makeKey(): Uint8Array {
    const key = this.#random(32);
    this.#step('make the key');
    const draft = `${this.#o.newKeyFile}.${process.pid}.draft`;
    writeSynced(draft, `${Buffer.from(key).toString('hex')}\n`, 0o600);
    this.#step('name the key');
    renameSync(draft, this.#o.newKeyFile);
    syncFolder(dirname(this.#o.newKeyFile));
    return key;
  }

  /** Where an operator keeps them in the key folder. */
  #keyFiles(): readonly string[] {
    const { keyFile = this.#o.newKeyFile, newKeyFile } = this.#o;
    return [keyFile, newKeyFile];
  }

  /** Every sealed file under the new key, beside the old ones. */
  #stage(change: KeyChange): number {
    const { keyFolder } = this.#o;
    const [whole, draft] = [join(keyFolder, ROTATION_FOLDER), join(keyFolder, `${ROTATION_FOLDER}.new`)];
    // Of a run that ended before its commit: the old key went on, and days may have come since.
    for (const left of [whole, draft]) rmSync(left, { recursive: true, force: true });
    const names = must(sealedFiles(keyFolder, this.#keyFiles()));
    const folders = new Set(['', ...names.map((name) => (dirname(name) === '.' ? '' : dirname(name)))]);
    for (const folder of folders) mkdirSync(join(draft, folder), { recursive: true, mode: 0o700 });
    for (const name of names) {
      this.#step(`stage ${name}`);
      writeSynced(join(draft, name), must(resealFile(change, keyFolder, name)), 0o600);
    }
    for (const folder of folders) syncFolder(join(draft, folder));
    this.#step('end the staging');
    renameSync(draft, whole);
    syncFolder(keyFolder);
    return names.length;
  }

  #commit(change: KeyChange, files: number): number {
    const { actor, clock } = this.#o;
    let rows = 0;
    this.#step('begin');
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const [purpose, place] of Object.entries(SEALED_PLACES) as [
        KeyPurpose,
        (typeof SEALED_PLACES)[KeyPurpose],
      ][])
        if (place.kind === 'column') rows += this.#resealColumn(change, purpose, place);
      setFact(this.#db, 'key_check', keyCheck(change.to));
      const audit = new AuditWriter(this.#db);
      const ground = new Ground(instant(clock.now()), this.#random(32));
      const facts = { from: keyFingerprint(change.from), to: keyFingerprint(change.to), files, rows };
      new SqliteRunner(this.#db, (item) => audit.append(item)).run(
        ground.record('key.rotated', null, actor, {}, facts),
      );
      this.#step('commit');
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    return rows;
  }

  #resealColumn(
    change: KeyChange,
    purpose: KeyPurpose,
    { table, column, id }: { readonly table: string; readonly column: string; readonly id: string },
  ): number {
    const page = this.#db.prepare<[string], { id: string; sealed: Uint8Array }>(
      `SELECT ${id} AS id, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL AND ${id} > ? ORDER BY ${id} LIMIT 500`,
    );
    const update = this.#db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${id} = ?`);
    let done = 0;
    for (let rows = page.all(''); rows.length > 0; rows = page.all(rows.at(-1)?.id ?? '')) {
      for (const row of rows) update.run(must(reseal(change, row.sealed, { purpose, id: row.id })), row.id);
      done += rows.length;
    }
    return done;
  }

  /** The new key holds: what still stands under the old one gives way. Each step can be done again. */
  #finish(key: Uint8Array, sealed: number, resumed: boolean): Rotated {
    const { keyFolder, keyFile, newKeyFile, masterKey } = this.#o;
    const staged = join(keyFolder, ROTATION_FOLDER);
    const folders = new Set<string>();
    for (const name of must(stagedFiles(staged))) {
      this.#step(`put ${name}`);
      renameSync(join(staged, name), join(keyFolder, name));
      folders.add(dirname(join(keyFolder, name)));
    }
    for (const folder of folders) syncFolder(folder);
    const to = keyFingerprint(key);
    let oldKeyFile: string | undefined;
    if (keyFile !== undefined && existsSync(newKeyFile)) {
      oldKeyFile = `${keyFile}.before-${to}`;
      this.#step('keep the old key');
      if (!existsSync(oldKeyFile)) linkSync(keyFile, oldKeyFile);
      this.#step('put the key');
      renameSync(newKeyFile, keyFile);
      syncFolder(dirname(keyFile));
      syncFolder(dirname(newKeyFile));
    }
    this.#step('clear away');
    rmSync(staged, { recursive: true, force: true });
    syncFolder(keyFolder);
    return { from: keyFingerprint(masterKey), to, sealed, resumed, ...defined({ oldKeyFile }) };
  }
}

const stagedFiles = (folder: string): ReturnType<typeof sealedFiles> =>
  existsSync(folder) && readdirSync(folder).length > 0 ? sealedFiles(folder) : { ok: true, value: [] };

function must<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }): T {
  if (result.ok) return result.value;
  throw new StoreRefused(`Cannot make a new master key: ${result.error}. Nothing was changed`);
}
