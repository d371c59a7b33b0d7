/**
 * The key folder: day keys, each in a file of its own, wrapped by the master key. It lies outside the data folder and outside every
 * backup of the database.
 *
 *   store               id of the store that these keys belong to
 *   2026-11-25.key      the day key of that day (UTC)
 *   2026-11-25.MARK.key another key of that day, which another node made, or this one while it was alone; MARK is 16 digits that follow from the key
 *   2026-11-25.erased   the keys of that day were destroyed on purpose: what they sealed is gone, and the gateway still starts
 *   2026-11-25.erasing  ids of messages of that day that are to be closed in every backup: one a line
 *   2026-11-25.kept     that was done: the day key is destroyed, and the keys of all its other messages stand here (kept-keys.ts)
 *
 * A day key is on the disk, file and folder synced, before anything is sealed with it. One that a store has used is never made again: a
 * key folder that lost it is refused, because a new key of the same name would hide the loss until somebody fetches.
 *
 * What a message's key is wrapped with does not say which key of its day that was: each is tried, and its tag tells. So keys of nodes that
 * did not hear of each other stand beside one another, a file never changes, and all nodes together hold all of them.
 */
import { type KeyObject, hkdfSync, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../../domain/effects.ts';
import type { Instant } from '../../domain/units.ts';
import { Unusable } from '../../domain/unusable.ts';
import { replaceFile, syncFolder, writeOnce } from '../../platform/lasting-files.ts';
import { type DayState, dayFilesIn } from './day-files.ts';
import { GmacFingerprint } from './gmac-fingerprint.ts';
import { KeptKeys } from './kept-keys.ts';
import { keyCheck } from './key-fingerprint.ts';
import { DAY, DAY_WRAPPING, dayKeyPurpose, keptPurpose } from './sealed-places.ts';
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

/** One key of a day, as it lies in the folder. */
export interface SealedDayKey {
  /** 16 hexadecimal digits that follow from the key and tell nothing of it: the same key has the same mark in every folder. */
  readonly mark: string;
  /** Wrapped by the master key. */
  readonly sealed: Uint8Array;
}

export interface KnownDay {
  readonly day: Day;
  readonly state: DayState;
  /** Of its keys; of a day that was closed one, which tells which messages still have theirs. */
  readonly marks: readonly string[];
}

const MARK_OCTETS = 8;
const markOf = (key: KeyObject): string =>
  Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), 'sluis day key mark 1', MARK_OCTETS)).toString('hex');

export class KeyFolder {
  readonly #folder: string;
  readonly #wrapping: KeyObject;
  readonly #check: Uint8Array;
  readonly #fingerprints: KeyObject;
  readonly #days = new Map<Day, KeyObject>();
  /** What new messages of the day are sealed with. */
  readonly #sealing = new Map<Day, KeyObject>();
  /** All keys of a day, by file name; only of days where its first was not enough. */
  readonly #all = new Map<Day, ReadonlyMap<string, KeyObject>>();
  /** By file name: tens of octets for each day that there is a key of. */
  readonly #marks = new Map<string, string>();
  /** One day at a time: those of a busy day are some megabytes. */
  readonly #kept = new Map<Day, KeptKeys>();
  /** By day, with the number of the file: one that is replaced has another. */
  readonly #keptMarks = new Map<Day, { readonly file: number; readonly mark: string }>();

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
    return this.#namesOf(day).length > 0;
  }

  /** Whether what is sealed on that day needs no new key. Looks at the disk until the day is in use. */
  holds(day: Day): boolean {
    return this.#sealing.has(day) || this.has(day);
  }

  /** Days that can be read, by their key or by the kept ones. */
  get daysWithKeys(): readonly Day[] {
    return dayFilesIn(this.#folder).flatMap(({ day, state }) => (state === 'live' || state === 'kept' ? [day] : []));
  }

  /** What is known of a day. */
  stateOf(day: Day): DayState {
    if (this.isErased(day)) return 'erased';
    if (this.isKept(day)) return 'kept';
    return this.has(day) ? 'live' : 'none';
  }

  /** What is known of the days from `from` on, in order: at most `limit`, and the day of the next where there is one. */
  inventory(from: Day, limit: number): { readonly days: readonly KnownDay[]; readonly next?: Day } {
    const all = dayFilesIn(this.#folder, from);
    const next = all[limit]?.day;
    return {
      days: all.slice(0, limit).map(({ day, state, keys }) => ({
        day,
        state,
        marks:
          state === 'live'
            ? keys.map((name) => this.#markOf(day, name))
            : state === 'kept'
              ? [this.#keptMark(day)]
              : [],
      })),
      ...(next === undefined ? {} : { next }),
    };
  }

  /** A key's file never changes while somebody has the folder open. */
  #markOf(day: Day, name: string): string {
    const known = this.#marks.get(name);
    if (known !== undefined) return known;
    const mark = markOf(this.#read(day, name));
    this.#marks.set(name, mark);
    return mark;
  }

  #keptMark(day: Day): string {
    const file = statSync(this.#path(day, 'kept')).ino;
    const known = this.#keptMarks.get(day);
    if (known?.file === file) return known.mark;
    this.#kept.delete(day);
    const mark = this.keptKeys(day).mark;
    this.#keptMarks.set(day, { file, mark });
    return mark;
  }

  /** Names of the files with keys of the day: the first, then those with a mark. */
  #namesOf(day: Day): readonly string[] {
    const marked = existsSync(this.#folder)
      ? readdirSync(this.#folder).filter((name) => name !== `${day}.key` && DAY.exec(name)?.[1] === day)
      : [];
    return [...(existsSync(this.#path(day, 'key')) ? [`${day}.key`] : []), ...marked.sort()];
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
    if (this.#days.has(day) || !this.isKept(day)) return this.#unwrapped(day, wrapped, dataKeyPurpose(message));
    const key = this.keptKeys(day).keyOf(message);
    if (key === undefined)
      throw new MessageErased(`Message ${message} of ${day} was erased; it can no longer be read, in no backup either`);
    return key;
  }

  #unwrapped(day: Day, wrapped: Uint8Array, purpose: string): KeyObject {
    try {
      return unwrapKey(this.keyOf(day), wrapped, purpose);
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

  /** Read again where a file has come since. */
  #keysOf(day: Day): readonly KeyObject[] {
    const names = this.#namesOf(day);
    let known = this.#all.get(day);
    if (known?.size !== names.length || !names.every((name) => known?.has(name))) {
      known = new Map(names.map((name) => [name, this.#read(day, name)]));
      this.#all.set(day, known);
    }
    return [...known.values()];
  }

  /** Destroys the key of `day`, and keeps those of its messages that are in `keys`. They are durable before it goes. */
  keep(day: Day, keys: Uint8Array, random: RandomBytes): void {
    replaceFile(this.#path(day, 'kept'), wrapKey(this.#wrapping, keys, keptPurpose(day), random), 0o600);
    this.forget(day);
    this.#destroy(day, ['key', 'erasing']);
  }

  #destroy(day: Day, kinds: readonly ('key' | 'kept' | 'erasing')[]): void {
    for (const name of this.#namesOf(day)) rmSync(join(this.#folder, name), { force: true });
    for (const kind of kinds) rmSync(this.#path(day, kind), { force: true });
    syncFolder(this.#folder);
  }

  /** Its keys are no longer held in memory. */
  forget(day: Day): void {
    for (const memory of [this.#kept, this.#days, this.#sealing, this.#all]) memory.delete(day);
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

  /**
   * The first key of a day: what opens its messages, but for those that another of its keys wrapped (`dataKeyOf`). Throws KeyFolderRefused when it is
   * missing or does not open with this master key.
   */
  keyOf(day: Day): KeyObject {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const key = this.#read(day, this.#firstOf(day));
    this.#days.set(day, key);
    return key;
  }

  #firstOf(day: Day): string {
    const name = `${day}.key`;
    return existsSync(join(this.#folder, name)) ? name : (this.#namesOf(day)[0] ?? name);
  }

  #read(day: Day, name: string): KeyObject {
    const path = join(this.#folder, name);
    try {
      return unwrapKey(this.#wrapping, readFileSync(path), dayKeyPurpose(day));
    } catch (error) {
      if (isCode(error, 'ENOENT'))
        throw new KeyFolderRefused(
          this.isErased(day)
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

  /**
   * What new messages of the day are sealed with. Of several keys it is the one with the lowest mark, so that nodes that made one at the same time
   * agree before they use it; once used, it stays. Throws KeyFolderRefused as `keyOf` does.
   */
  sealingKeyOf(day: Day): KeyObject {
    const known = this.#sealing.get(day);
    if (known !== undefined) return known;
    const first = this.keyOf(day);
    const [lowest = first] =
      this.#namesOf(day).length === 1 ? [] : [...this.#keysOf(day)].sort((a, b) => (markOf(a) < markOf(b) ? -1 : 1));
    this.#sealing.set(day, lowest);
    return lowest;
  }

  /** New messages of the day are sealed with this one of its keys. */
  sealWith(day: Day, mark: string): void {
    const name = this.#namesOf(day).find((one) => this.#markOf(day, one) === mark);
    if (name !== undefined) this.#sealing.set(day, this.#read(day, name));
  }

  /** The mark of that key. */
  sealingMarkOf(day: Day): string {
    return markOf(this.sealingKeyOf(day));
  }

  /** All keys of a day, as they lie here. Throws KeyFolderRefused where one does not open. */
  sealedKeysOf(day: Day): readonly SealedDayKey[] {
    return this.#namesOf(day).map((name) => ({
      mark: this.#markOf(day, name),
      sealed: readFileSync(join(this.#folder, name)),
    }));
  }

  /**
   * Keeps a key of `day` that another node has, beside those that are here; durable when this returns. Throws KeyFolderRefused when it does not open
   * with this master key, or when the day was erased or closed here.
   */
  take(day: Day, sealed: Uint8Array): { readonly mark: string; readonly isNew: boolean } {
    let key: KeyObject;
    try {
      key = unwrapKey(this.#wrapping, sealed, dayKeyPurpose(day));
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      throw new KeyFolderRefused(
        `A key of ${day} that another node has does not open with the sealing key of this one (${error.message}); all nodes need one master key`,
      );
    }
    this.#refuseGone(day);
    const mark = markOf(key);
    if (this.#hasMark(day, mark)) return { mark, isNew: false };
    // Of two that come at once one finds the name taken, and gets its own.
    if (!existsSync(this.#path(day, 'key'))) writeOnce(this.#folder, `${day}.key`, sealed);
    if (!this.#hasMark(day, mark)) writeOnce(this.#folder, `${day}.${mark}.key`, sealed);
    return { mark, isNew: true };
  }

  /** The kept keys of a closed day, as they lie here. Throws KeyFolderRefused where there are none. */
  sealedKept(day: Day): Buffer {
    try {
      return readFileSync(this.#path(day, 'kept'));
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
      throw new KeyFolderRefused(`The kept keys of ${day} are no longer here`);
    }
  }

  /** Takes those of another node, where this one has no key of the day at all; durable when this returns. Throws KeyFolderRefused as `take` does. */
  takeKept(day: Day, sealed: Uint8Array): void {
    try {
      unwrapOctets(this.#wrapping, sealed, keptPurpose(day)).fill(0);
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      throw new KeyFolderRefused(
        `The kept keys of ${day} that another node has do not open with the sealing key of this one (${error.message}); all nodes need one master key`,
      );
    }
    if (this.stateOf(day) !== 'none')
      throw new KeyFolderRefused(`There are keys of ${day} here already; those of another node do not replace them`);
    writeOnce(this.#folder, `${day}.kept`, sealed);
  }

  #hasMark(day: Day, mark: string): boolean {
    return this.sealedKeysOf(day).some((one) => one.mark === mark);
  }

  #refuseGone(day: Day): void {
    if (this.isErased(day) || this.isKept(day))
      throw new KeyFolderRefused(
        `The day key of ${day} was destroyed and cannot be made again; check the clock of this machine`,
      );
  }

  /**
   * Makes a key of `day`, durable when this returns. Uses one that another start has already made. `marked`: this node makes it alone, so the file has a
   * name that no other node gives.
   */
  make(day: Day, random: RandomBytes, { marked = false }: { readonly marked?: boolean } = {}): KeyObject {
    this.#refuseGone(day);
    if (!this.has(day)) {
      const plain = random(32);
      const wrapped = wrapKey(this.#wrapping, plain, dayKeyPurpose(day), random);
      plain.fill(0);
      const mark = marked ? `.${markOf(unwrapKey(this.#wrapping, wrapped, dayKeyPurpose(day)))}` : '';
      writeOnce(this.#folder, `${day}${mark}.key`, wrapped);
    }
    return this.sealingKeyOf(day);
  }

  /** Destroys all keys of `day`: everything sealed with them becomes unreadable, wherever copies of it are. */
  erase(day: Day): void {
    writeOnce(this.#folder, `${day}.erased`, new Uint8Array(0));
    this.forget(day);
    this.#destroy(day, ['key', 'kept', 'erasing']);
  }

  /** What other nodes proved of the erasure of `day`, a line each (`cluster/erasure-proof.ts`). */
  erasureProofs(day: Day): readonly string[] {
    return this.isErased(day)
      ? readFileSync(join(this.#folder, `${day}.erased`), 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  }

  /** Adds a line; durable when this returns. */
  noteErasureProof(day: Day, line: string): void {
    replaceFile(
      join(this.#folder, `${day}.erased`),
      [...this.erasureProofs(day), line].map((one) => `${one}\n`).join(''),
      0o600,
    );
  }
}
