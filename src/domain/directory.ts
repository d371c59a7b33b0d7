/**
 * The directory: addresses whose organisation agreed that all members of the group may look them
 * up.
 *
 * Every change of anything that an entry shows has a number, the version, which rises and is never
 * used twice. Whoever keeps a copy asks for what has a higher one than what he has: nothing is
 * missed, whatever the clock did. What left the directory stays as a tombstone for
 * `TOMBSTONE_DAYS`, so that copies lose it too; whoever has an older copy takes a whole new one.
 */
import type { Address } from './address.ts';
import type { OrganisationId } from './ids.ts';
import type { CustomerKind } from './registry.ts';
import type { Instant } from './units.ts';

export const TOMBSTONE_DAYS = 400;

interface Listed {
  readonly address: Address;
  readonly version: number;
  /** When something that it shows became another, or it came into the directory or left it. */
  readonly modifiedAt: Instant;
}

export interface DirectoryEntry extends Listed {
  readonly organisation: { readonly id: OrganisationId; readonly name: string; readonly title: string };
  readonly kind: CustomerKind;
  /** In the organisation's own words. */
  readonly role?: string;
  /** 8 digits. */
  readonly agb?: string;
  /** As the organisation wrote it, for all members of the group. */
  readonly telephone?: string;
  /** Kinds of messages that it takes, as the setting `edi-accepts` has them; empty: every kind. */
  readonly edi: readonly string[];
  /** The newest mail certificate of the address that is valid, DER. */
  readonly certificate?: Uint8Array;
  /** The address accepts mail until then. */
  readonly endsAt?: Instant;
}

/**
 * It was in the directory, and is not any more: it ended, was suspended, or its organisation takes
 * its agreement back. Which of these is nobody's business.
 */
export interface RemovedEntry extends Listed {
  readonly removedAt: Instant;
}

export type DirectoryRecord = DirectoryEntry | RemovedEntry;

export const isRemoved = (record: DirectoryRecord): record is RemovedEntry => 'removedAt' in record;

/**
 * Folds a text for comparison: case does not count, nor whether an accent is a character of its own
 * (NFC).
 */
export const foldText = (text: string): string => text.normalize('NFC').toLowerCase();

/** Blanks and hyphens in a telephone number mean nothing (RFC 4517 section 4.2.29). */
export const telephoneText = (number: string): string => foldText(number).replaceAll(/[\s-]/g, '');

/**
 * The text that `DirectoryQuery.text` is looked for in. A telephone number stands there as written,
 * and without spaces and hyphens.
 */
export function searchText(parts: readonly (string | undefined)[], telephone?: string): string {
  const numbers = telephone === undefined ? [] : [telephone, telephoneText(telephone)];
  return foldText([...parts.filter((part) => part !== undefined), ...numbers].join('\n'));
}

export interface DirectoryQuery {
  /** Only entries with a higher version. */
  readonly after: number;
  readonly limit: number;
  /** Tombstones as well. */
  readonly removed: boolean;
  readonly kind?: CustomerKind;
  /** Stands anywhere in address, title, role, AGB code or telephone number; case does not count. */
  readonly text?: string;
}

/** One step of a search whose conditions the store knows only in part. */
export interface DirectoryStep {
  /** Entries with a higher version are looked at, so many at most (`DIRECTORY_STEP`). */
  readonly after: number;
  readonly limit: number;
  /**
   * Texts that stand in `searchText` of each, as `foldText` has them. The first `DIRECTORY_PARTS`
   * are looked for.
   */
  readonly parts: readonly string[];
}

/** Entries that one step looks at: some milliseconds of a reader, whatever is asked. */
export const DIRECTORY_STEP = 2000;
export const DIRECTORY_PARTS = 3;

/**
 * `through`: what has a higher version was not looked at; `after` of the next step. `done`: there
 * is none.
 */
export interface DirectoryStepFound {
  readonly entries: readonly DirectoryEntry[];
  readonly through: number;
  readonly done: boolean;
}

/**
 * `floor`: tombstones up to that version may be gone. `stale`: something is still to be looked at
 * before the version counts.
 */
export interface DirectoryState {
  readonly version: number;
  readonly floor: number;
  readonly stale: boolean;
}
