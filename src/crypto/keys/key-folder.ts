/**
 * The key folder: day keys, each in a file of its own (`day-folder.ts`), wrapped by the master key.
 *
 * A day key is on the disk, file and folder synced, before anything is sealed with it. A key that a
 * store has used is never made again: a key folder that lost it is refused, because a new key of
 * the same name would hide the loss until somebody fetches mail.
 */
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import type { Day } from '../../domain/utc-day.ts';
import { replaceFile } from '../../platform/lasting-files.ts';
import { DayFolder } from './day-folder.ts';
import { DayKeyFiles, type SealedDayKey, markOf } from './day-key-files.ts';
import { GmacFingerprint } from './gmac-fingerprint.ts';
import { KeptKeyFiles } from './kept-key-files.ts';
import type { KeptKeys } from './kept-keys.ts';
import { keyCheck } from './key-fingerprint.ts';
import { KeyFolderRefused, MessageErased } from './key-folder-refused.ts';
import { DAY_WRAPPING, dayKeyPurpose, keptPurpose } from './sealed-places.ts';
import { dataKeyPurpose, deriveKey, unwrapKey, wrapKey } from './sealing.ts';
import { SharedKeys } from './shared-keys.ts';

export class KeyFolder extends DayFolder {
  /** What other nodes are shown of this key folder, and what is taken from theirs. */
  readonly shared: SharedKeys;
  readonly #wrapping: KeyObject;
  readonly #check: Uint8Array;
  readonly #fingerprints: KeyObject;
  readonly #keys: DayKeyFiles;
  readonly #kept: KeptKeyFiles;

  constructor(folder: string, masterKey: Uint8Array) {
    if (masterKey.length !== 32)
      throw new KeyFolderRefused(
        `The sealing key has ${masterKey.length} octets; expected 32; check the key file of the configuration`,
      );
    super(folder);
    this.#wrapping = deriveKey(masterKey, DAY_WRAPPING);
    this.#check = keyCheck(masterKey);
    this.#fingerprints = deriveKey(masterKey, 'sluis resubmission 1');
    this.#keys = new DayKeyFiles(this, this.#wrapping);
    this.#kept = new KeptKeyFiles(this, this.#wrapping);
    this.shared = new SharedKeys(this, this.#wrapping, this.#keys, this.#kept);
  }

  /**
   * Stored beside the data: tells at start that the master key is the one that the data were sealed
   * with, and tells nothing else.
   */
  get check(): Uint8Array {
    return this.#check;
  }

  checks(stored: Uint8Array): boolean {
    return stored.length === this.#check.length && timingSafeEqual(stored, this.#check);
  }

  /**
   * Begins a fingerprint of content, the same for the same octets as long as the master key is the
   * same.
   */
  fingerprint(): GmacFingerprint {
    return new GmacFingerprint(this.#fingerprints);
  }

  /** True if sealing on that day needs no new key. Looks at the disk until the day is in use. */
  holds(day: Day): boolean {
    return this.#keys.isSealing(day) || this.has(day);
  }

  /** Throws KeyFolderRefused if the key of that day is missing or does not open. */
  checkDay(day: Day): void {
    if (this.isKept(day)) this.keptKeys(day);
    else this.keyOf(day);
  }

  /**
   * The first key of a day, which opens its messages, except those that another of its keys wrapped
   * (`dataKeyOf`). Throws KeyFolderRefused.
   */
  keyOf(day: Day): KeyObject {
    return this.#keys.first(day);
  }

  /** The keys that were kept when the day's own key was destroyed. Throws KeyFolderRefused. */
  keptKeys(day: Day): KeptKeys {
    return this.#kept.of(day);
  }

  /**
   * The key of one message, unwrapped from `wrapped` of the database. Throws KeyFolderRefused,
   * SealBroken, or MessageErased.
   */
  dataKeyOf(day: Day, message: bigint, wrapped: Uint8Array): KeyObject {
    // A day whose key is in memory is not looked for on the disk again: reading mail must not cost
    // a look at a folder.
    if (this.#keys.isOpen(day) || !this.isKept(day)) return this.#keys.unwrapped(day, wrapped, dataKeyPurpose(message));
    const key = this.keptKeys(day).keyOf(message);
    if (key === undefined)
      throw new MessageErased(`Message ${message} of ${day} was erased; it can no longer be read, in no backup either`);
    return key;
  }

  /**
   * What new messages of the day are sealed with. Of several keys it is the one with the lowest
   * mark, so that nodes that made one at the same time agree before they use it; once used, it
   * stays. Throws KeyFolderRefused as `keyOf` does.
   */
  sealingKeyOf(day: Day): KeyObject {
    return this.#keys.sealing(day);
  }

  /** The mark of the key that `sealingKeyOf` gives. */
  sealingMarkOf(day: Day): string {
    return markOf(this.sealingKeyOf(day));
  }

  /** Chooses the key for new messages of the day. */
  sealWith(day: Day, mark: string): void {
    this.#keys.sealWith(day, mark);
  }

  /** All keys of a day, wrapped as in their files. Throws KeyFolderRefused if one does not open. */
  sealedKeysOf(day: Day): readonly SealedDayKey[] {
    return this.#keys.sealed(day);
  }

  /**
   * Makes a key of `day`, durable when this returns. Uses one that another start has already made.
   * Throws KeyFolderRefused if it was destroyed.
   */
  make(day: Day, random: RandomBytes): KeyObject {
    return this.#made(day, random, () => `${day}.key`);
  }

  /**
   * Makes a key of `day` on a node that cannot ask the others: the file has a name that no other
   * node gives.
   */
  makeMarked(day: Day, random: RandomBytes): KeyObject {
    return this.#made(day, random, (key) => `${day}.${markOf(key)}.key`);
  }

  #made(day: Day, random: RandomBytes, nameOf: (key: KeyObject) => string): KeyObject {
    this.refuseGone(day);
    if (!this.has(day)) {
      const plain = random(32);
      const wrapped = wrapKey(this.#wrapping, plain, dayKeyPurpose(day), random);
      plain.fill(0);
      this.write(nameOf(unwrapKey(this.#wrapping, wrapped, dayKeyPurpose(day))), wrapped);
    }
    return this.sealingKeyOf(day);
  }

  /**
   * Destroys the key of `day`, and keeps the keys of its messages in `keys`. Those are durable
   * before it is destroyed.
   */
  keep(day: Day, keys: Uint8Array, random: RandomBytes): void {
    replaceFile(this.file(`${day}.kept`), wrapKey(this.#wrapping, keys, keptPurpose(day), random), 0o600);
    this.forget(day);
    this.destroy(day, ['erasing']);
  }

  /**
   * Destroys all keys of `day`: everything sealed with them becomes unreadable, wherever copies of
   * it are.
   */
  erase(day: Day): void {
    this.write(`${day}.erased`, new Uint8Array(0));
    this.forget(day);
    this.destroy(day, ['kept', 'erasing']);
  }

  /** Drops the day's keys from memory. */
  forget(day: Day): void {
    this.#keys.forget(day);
    this.#kept.forget(day);
  }
}
