/**
 * Makes everything that the master key seals open with a new one. Nobody serves the store
 * meanwhile: its engine sees to that.
 *
 *   1  NEWKEY                    the new master key, durable before anything depends on it
 *   2  KEYS/rotation/            every sealed file of the key folder, under the new key; the folder's name appears when it is whole
 *   3  one transaction           every sealed column, the key check, the audit row. From its commit the new key holds
 *   4  KEYS/rotation/* -> KEYS/  file by file
 *   5  KEY -> KEY.before-..., NEWKEY -> KEY
 *   6  KEYS/rotation/ is removed
 *
 * A crash before 3 leaves the old key whole, one after 3 the new one: the key check of the database
 * tells which, and the next run goes on from there. Until it has, the gateway does not start
 * between 3 and 6.
 *
 * Where several gateways share a store, the first run does all of it. Each other gateway has a key
 * folder of its own, still under the old key: with the new key in NEWKEY a run there does all but 1
 * and 3.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyCheck, keyFingerprint } from '../../crypto/keys/key-fingerprint.ts';
import {
  ROTATION_FOLDER,
  SEALED_PLACES,
  type KeyChange,
  reseal,
  resealFile,
  sealedFiles,
} from '../../crypto/keys/sealed-places.ts';
import type { KeyPurpose } from '../../crypto/keys/sealed-key.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import { instant } from '../../domain/units.ts';
import { syncFolder, writeSynced } from '../../platform/lasting-files.ts';
import { ChangeContext } from '../changes/change-context.ts';
import type { Change } from '../sql/sql.ts';
import { type Actor } from '../actor.ts';
import { StoreRefused } from '../store.ts';

export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly id: string;
}

/** The database of a store that nobody serves, as a rotation needs it. */
export interface RotatingDatabase {
  /** True if other gateways have key folders of their own. */
  readonly shared: boolean;
  /** The key check, which shows the master key that holds. */
  keyCheck(): Promise<Uint8Array | undefined>;
  /** One transaction, which is durable when this resolves. */
  inTransaction<T>(work: (transaction: RotatingTransaction) => Promise<T>): Promise<T>;
}

export interface RotatingTransaction {
  /**
   * Each sealed value of the column in the place of the one before; answers how many there were.
   */
  reseal(place: SealedColumn, again: (sealed: Uint8Array, id: string) => Uint8Array): Promise<number>;
  setKeyCheck(check: Uint8Array): Promise<void>;
  /** Runs a change in the transaction; its audit rows are written with it. */
  run(change: Change<unknown>): Promise<void>;
}

export interface RotateOptions {
  readonly keyFolder: string;
  /**
   * The master key of the configuration: the old one, or the new one if a run was interrupted late.
   */
  readonly masterKey: Uint8Array;
  /**
   * File of the master key; absent if a command prints it: then the operator puts the new one
   * there.
   */
  readonly keyFile?: string;
  /** Where the new key is written, and stays until it is in place. */
  readonly newKeyFile: string;
  readonly actor: Actor;
  readonly clock: Clock;
  readonly random?: RandomBytes;
  /** For tests: called before each step that a crash could come before. */
  readonly step?: (what: string) => void;
}

export interface Rotated {
  readonly from: string;
  readonly to: string;
  /** Number of sealed files and rows. */
  readonly sealed: number;
  /** An interrupted run was brought to its end. */
  readonly resumed: boolean;
  /** Another gateway sealed the store again, and this one's key folder followed. */
  readonly followed: boolean;
  /** Where the old key is kept. */
  readonly oldKeyFile?: string;
}

/** True if a run has staged what it sealed, and was interrupted. */
export const isRotationBegun = (keyFolder: string): boolean => existsSync(join(keyFolder, ROTATION_FOLDER));

/** True if there may be an interrupted run to finish; `finish` looks more closely. */
export const mayHaveBegun = ({ keyFolder, newKeyFile }: RotateOptions): boolean =>
  isRotationBegun(keyFolder) || existsSync(newKeyFile);

export class Rotation {
  readonly #db: RotatingDatabase;
  readonly #o: RotateOptions;
  readonly #random: RandomBytes;

  constructor(db: RotatingDatabase, options: RotateOptions) {
    this.#db = db;
    this.#o = options;
    this.#random = options.random ?? randomBytes;
  }

  /**
   * Finishes a run that was committed, here or by another gateway, and interrupted. Undefined if
   * there is none.
   */
  async finish(): Promise<Rotated | undefined> {
    const made = this.#newKey();
    const staged = isRotationBegun(this.#o.keyFolder);
    // The commit came before the crash: the database has the new key already. Staged files open
    // with it, or belong to an earlier run.
    for (const key of [made, this.#o.masterKey])
      if (staged && key !== undefined && (await this.#isHeld(key)) && this.#isStagedUnder(key))
        return this.#finish(key, 0, { resumed: true });
    if (!this.#db.shared || made === undefined || !(await this.#isHeld(made))) return undefined;
    return this.#finish(made, this.#stage(this.#changeTo(made)), { followed: true });
  }

  /**
   * Seals everything under a new key. Rejects with StoreRefused, and has changed nothing that
   * counts, if something does not open with the old key.
   */
  async run(): Promise<Rotated> {
    const { masterKey, newKeyFile } = this.#o;
    const made = this.#newKey();
    if (made !== undefined && (await this.#isHeld(made)))
      throw new StoreRefused(
        `The store is sealed with the key in "${newKeyFile}" already; put that key where the configuration reads it, remove the file, and start the gateway`,
      );
    if (!(await this.#isHeld(masterKey)))
      throw new StoreRefused(
        `The master key of the configuration (${keyFingerprint(masterKey)}) is not that of the store; ${
          this.#db.shared
            ? `if another gateway has made a new one, put that into "${newKeyFile}" and run this again; else put the right key in its place`
            : 'put the right key in its place'
        }`,
      );
    const to = made ?? this.#makeKey();
    const files = this.#stage(this.#changeTo(to));
    const rows = await this.#commit(this.#changeTo(to), files);
    return this.#finish(to, files + rows, {});
  }

  async #isHeld(key: Uint8Array): Promise<boolean> {
    const held = await this.#db.keyCheck();
    return held !== undefined && Buffer.from(keyCheck(key)).equals(held);
  }

  #changeTo(to: Uint8Array): KeyChange {
    return { from: this.#o.masterKey, to, random: this.#random };
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

  /** Files of master keys that an operator keeps in the key folder. */
  #keyFiles(): readonly string[] {
    const { keyFile = this.#o.newKeyFile, newKeyFile } = this.#o;
    return [keyFile, newKeyFile];
  }

  /** Every sealed file under the new key, beside the old ones. */
  #stage(change: KeyChange): number {
    const { keyFolder } = this.#o;
    const [whole, draft] = [join(keyFolder, ROTATION_FOLDER), join(keyFolder, `${ROTATION_FOLDER}.new`)];
    // Left by a run that ended before its commit: the old key stayed, and days may have been added
    // since.
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

  async #commit(change: KeyChange, files: number): Promise<number> {
    const { actor, clock } = this.#o;
    this.#step('begin');
    return await this.#db.inTransaction(async (transaction) => {
      let rows = 0;
      for (const [purpose, place] of Object.entries(SEALED_PLACES) as [
        KeyPurpose,
        (typeof SEALED_PLACES)[KeyPurpose],
      ][])
        if (place.kind === 'column')
          rows += await transaction.reseal(place, (sealed, id) => must(reseal(change, sealed, { purpose, id })));
      await transaction.setKeyCheck(keyCheck(change.to));
      const context = new ChangeContext(instant(clock.now()), this.#random(32));
      const facts = { from: keyFingerprint(change.from), to: keyFingerprint(change.to), files, rows };
      await transaction.run(context.record('key.rotated', null, actor, {}, facts));
      this.#step('commit');
      return rows;
    });
  }

  /**
   * The new key holds: files that are still under the old one are replaced. Each step can be
   * repeated.
   */
  #finish(key: Uint8Array, sealed: number, how: { readonly resumed?: boolean; readonly followed?: boolean }): Rotated {
    const { resumed = false, followed = false } = how;
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
    return { from: keyFingerprint(masterKey), to, sealed, resumed, followed, ...defined({ oldKeyFile }) };
  }
}

const stagedFiles = (folder: string): ReturnType<typeof sealedFiles> =>
  existsSync(folder) && readdirSync(folder).length > 0 ? sealedFiles(folder) : { ok: true, value: [] };

function must<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }): T {
  if (result.ok) return result.value;
  throw new StoreRefused(`Cannot make a new master key: ${result.error}. Nothing was changed`);
}
