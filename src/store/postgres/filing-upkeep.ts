/**
 * What acceptances leave to be done behind them: figures that wait, keys that are over, keys of
 * what nobody knows the outcome of.
 */
import type { Clock, Log, Timer } from '../../domain/effects.ts';
import { type Instant, hours, seconds } from '../../domain/units.ts';
import { int, json } from '../sql/columns.ts';
import { rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { NO_USAGE, USAGE_COUNTS } from '../usage.ts';
import { octets } from './binary-arrays.ts';
import { USAGE_ADDED, USAGE_GIVEN, USAGE_NAMES, USAGE_NUMBERS, type UsageSums } from './usage.ts';

/** How long a message that is sent again can be known. */
const KEPT_FOR = hours(24);
/** What nobody knows the outcome of is marked soon; the rest is in no hurry. */
const EVERY = seconds(10);
/** Of those, one in so many does the rest. */
const REST = 6;
/** Rows of one step. */
const ROWS = 500;
type Sums = UsageSums & { readonly organisation: number };

const SUMS = { account: int, organisation: int, month: int, ...USAGE_NUMBERS, days: int, lastUsed: int };
/**
 * Adds what waits to the figures, a bounded number of rows; true if there may be more. Whoever
 * folds at the same time is waited for.
 */
export function* foldUsage(): Change<boolean> {
  const rows = yield* sql.all({ sums: json<readonly Sums[]>() })`
    DELETE FROM usage_waiting WHERE id IN (SELECT id FROM usage_waiting ORDER BY id LIMIT ${ROWS} FOR UPDATE)
    RETURNING CAST(sums AS text) AS sums`;
  const sums = added(rows.flatMap((row) => row.sums));
  if (sums.length > 0) {
    yield* sql.run`
      INSERT INTO usage_month (month, organisation, account, ${USAGE_NAMES}, login_days, days)
      SELECT given.month, o.id, given.account, ${USAGE_GIVEN}, 0, given.days
        FROM ${rowsOf(SUMS, sums)} JOIN organisation o ON o.id = given.organisation JOIN account a ON a.id = given.account
       ORDER BY given.account, given.month, o.id
      ON CONFLICT (month, organisation, account) DO UPDATE SET ${USAGE_ADDED}, days = usage_month.days | excluded.days`;
    // Once a day.
    yield* sql.run`
      UPDATE account SET last_used = given.last_used FROM ${rowsOf(SUMS, sums)}
       WHERE account.id = given.account AND given.last_used > coalesce(account.last_used, -1)`;
  }
  return rows.length === ROWS;
}

/** One for each account, organisation and month, in this order. */
function added(all: readonly Sums[]): readonly Sums[] {
  const byName = new Map<string, Sums>();
  for (const its of all) {
    const { account, organisation, month } = its;
    const name = `${account} ${organisation} ${month}`;
    const sums: Sums = byName.get(name) ?? { ...its, ...NO_USAGE, days: 0, lastUsed: -1 };
    for (const count of USAGE_COUNTS) sums[count] += its[count];
    sums.days |= its.days;
    sums.lastUsed = Math.max(sums.lastUsed, its.lastUsed);
    byName.set(name, sums);
  }
  return [...byName.values()].sort((a, b) => a.account - b.account || a.month - b.month);
}

/** Drops keys that are over, a bounded number; true if there may be more. */
export function* dropKeys(now: Instant): Change<boolean> {
  const dropped = yield* sql.run`
    DELETE FROM resubmission_key WHERE key IN
      (SELECT key FROM resubmission_key WHERE at < ${now - KEPT_FOR} ORDER BY at LIMIT ${ROWS} FOR UPDATE SKIP LOCKED)`;
  return dropped === ROWS;
}

/**
 * Their senders never heard whether these were accepted, and may come again when the time for
 * others is over. Where a transaction is still waiting with such a key, this waits for it.
 */
export function* markUnsure(keys: readonly Uint8Array[], now: Instant): Change<void> {
  const sorted = [...keys].sort((a, b) => Buffer.compare(a, b));
  yield* sql.run`
    INSERT INTO resubmission_key AS kept (key, message, at, unsure)
    SELECT given.key, 0, ${now}::bigint, true FROM unnest(${octets(sorted)}::bytea[]) AS given (key) ORDER BY 1
    ON CONFLICT (key) DO UPDATE SET unsure = true`;
}

export interface UpkeepParts {
  /** In a transaction of its own. */
  readonly run: <T>(steps: () => Change<T>) => Promise<T>;
  readonly line: { readonly unsure: readonly Uint8Array[]; marked(keys: readonly Uint8Array[]): void };
  /** Whether figures and keys that are over are this node's to look after at present. */
  readonly mine: () => boolean;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Pick<Log, 'warn'>;
}

/**
 * Does all of it from time to time: keys of its own on each node, the rest where `mine`. Whoever
 * reads figures folds them first.
 */
export class FilingUpkeep {
  readonly #p: UpkeepParts;
  #timer: Timer | undefined;
  #stopped = false;
  #rounds = 0;

  constructor(parts: UpkeepParts) {
    this.#p = parts;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#p.clock.after(EVERY, () => void this.#round().finally(() => this.start()));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** All that waits is in the figures: somebody is about to read them. */
  async fold(): Promise<void> {
    while (await this.#p.run(foldUsage));
  }

  /** Keys whose senders may come tomorrow. */
  async mark(): Promise<void> {
    const { unsure } = this.#p.line;
    if (unsure.length === 0) return;
    await this.#p.run(() => markUnsure(unsure, this.#p.clock.now()));
    this.#p.line.marked(unsure);
  }

  async #round(): Promise<void> {
    this.#rounds += 1;
    try {
      await this.mark();
      if (this.#rounds % REST !== 0 || !this.#p.mine()) return;
      await this.fold();
      while (await this.#p.run(() => dropKeys(this.#p.clock.now())));
    } catch (error) {
      // The store is away, or closing; the next round does it.
      if (!this.#stopped) this.#p.log.warn('store.filing-upkeep-failed', { why: String(error) });
    }
  }
}
