/**
 * What the database says of the store before anybody is served: whose keys it needs, which days
 * have one, and how far ids and times have come.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import type { Day } from '../../domain/utc-day.ts';
import { fingerprintOfCheck } from '../../crypto/keys/key-fingerprint.ts';
import { int, long, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { unknownKeys } from '../core/sealing-days.ts';
import { StoreRefused } from '../store.ts';
import type { ClaimedOn } from './day-claims.ts';

/**
 * Name of a fact in a database that is not a store yet: which store is being carried into it
 * (store/move).
 */
export const MOVING = 'move.store';

export interface StoreFacts {
  /** Id of the store; undefined: no store was made here. */
  readonly storeId: string | undefined;
  /** True: a store is being carried over into this database (store/move). */
  readonly moving: boolean;
  readonly keyCheck: Uint8Array | undefined;
  /** Days whose key must be there. */
  readonly days: readonly Day[];
  /** No new message may have an id as low. */
  readonly highest: bigint;
  /** The latest time that was written down. */
  readonly latest: number;
  /** Version that the server reports. */
  readonly serverVersion: string;
}

export function* storeFacts(): Change<StoreFacts> {
  const rows = yield* sql.all({ name: text, value: text })`SELECT name, value FROM fact`;
  const facts = new Map(rows.map(({ name, value }) => [name, value]));
  const check = facts.get('key_check');
  const days = yield* sql.all({ day: text })`SELECT day FROM day_key WHERE erased_at IS NULL ORDER BY day`;
  const { serverVersion, highest, latest } = yield* sql.one({ highest: long, latest: int, serverVersion: text })`
    SELECT greatest((SELECT max(id) FROM message), (SELECT max(message) FROM upload),
                    (SELECT CAST(value AS bigint) FROM fact WHERE name = 'last_id'), 0) AS highest,
           coalesce((SELECT at FROM audit ORDER BY seq DESC LIMIT 1), 0) AS latest,
           current_setting('server_version') AS server_version`;
  return {
    storeId: facts.get('store_id'),
    moving: facts.has(MOVING),
    keyCheck: check === undefined ? undefined : Buffer.from(check, 'hex'),
    days: days.map(({ day }) => day),
    highest,
    latest,
    serverVersion,
  };
}

/** Writes the facts of a store that is being made. */
export function* writeFacts(storeId: string, keyCheck: Uint8Array): Change<void> {
  for (const [name, value] of [
    ['store_id', storeId],
    ['key_check', Buffer.from(keyCheck).toString('hex')],
  ])
    yield* sql.run`INSERT INTO fact (name, value) VALUES (${name ?? ''}, ${value ?? ''})`;
}

const OF_A_GATEWAY =
  'put that master key in its place, and with it the key folder that it seals. Where another gateway made a new one ("sluis key rotate"), put it beside the old one as FILE.new and run "sluis key rotate" here too';

/**
 * The master key must be that of this store, whose id is answered. `remedy`: what to do where it is
 * another. Throws StoreRefused.
 */
export function checkMasterKey(
  { storeId, moving, keyCheck }: StoreFacts,
  keys: KeyFolder,
  remedy = OF_A_GATEWAY,
): string {
  if (moving)
    throw new StoreRefused(
      'A store is on its way into this database, and its move was cut short: run "sluis store move" again, which continues',
    );
  if (storeId === undefined)
    throw new StoreRefused(
      'There is no store in this database; run "sluis init --postgres" for a new gateway, or "sluis store move" for one whose store is in SQLite',
    );
  if (keyCheck === undefined || !keys.checks(keyCheck)) {
    const needed = keyCheck === undefined ? 'unknown' : fingerprintOfCheck(keyCheck);
    throw new StoreRefused(
      `The sealing key is not the one that this store was made with: its fingerprint is ${fingerprintOfCheck(keys.check)}, and ${needed} is needed; ${remedy}`,
    );
  }
  return storeId;
}

/**
 * The master key and the key folder must be those of this store. `fetched`: days without a key are
 * allowed, since the other nodes have them. Throws StoreRefused or KeyFolderRefused.
 */
export function checkKeys(
  facts: StoreFacts,
  keys: KeyFolder,
  { keyFolder, fetched }: { readonly keyFolder: string; readonly fetched: boolean },
): void {
  const storeId = checkMasterKey(facts, keys);
  if (keys.storeId === undefined)
    throw new StoreRefused(
      `The key folder "${keyFolder}" has no keys, but the store has; make one for this gateway with "sluis init --postgres --join", or restore it from its own backup (without it the content cannot be read)`,
    );
  if (keys.storeId !== storeId)
    throw new StoreRefused(
      `The key folder "${keyFolder}" belongs to another store; check it and [store] in the configuration`,
    );
  for (const day of facts.days) {
    const state = keys.stateOf(day);
    if (state !== 'erased' && !(fetched && state === 'none')) checkDay(keys, day);
  }
}

/**
 * Of a gateway to which nobody brings the keys of others: what they seal with must be here. Throws
 * KeyFolderRefused.
 */
export function checkMarks(keys: KeyFolder, claimed: readonly ClaimedOn[]): void {
  const marks = new Map<Day, ReadonlySet<string>>();
  for (const { day, ...one } of claimed) {
    if (keys.stateOf(day) !== 'live') continue;
    const known = marks.get(day) ?? new Set(keys.sealedKeysOf(day).map(({ mark }) => mark));
    marks.set(day, known);
    if (!known.has(one.mark)) throw new KeyFolderRefused(unknownKeys(day, [one], false));
  }
}

/**
 * The master key is right, so a file that does not open belongs to an earlier one, or is damaged.
 */
function checkDay(keys: KeyFolder, day: Day): void {
  try {
    keys.checkDay(day);
  } catch (error) {
    if (!(error instanceof KeyFolderRefused)) throw error;
    throw new KeyFolderRefused(
      `${error.message}. Where a new master key was made ("sluis key rotate"): put the one before back in its place and the new one beside it as FILE.new. Then run "sluis key rotate" here; it also ends one that was interrupted`,
      { cause: error },
    );
  }
}
