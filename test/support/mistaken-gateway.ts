/**
 * A gateway with one mistake on purpose, as a process: what `sluis serve` starts, with one part
 * replaced before (mistakes.ts). `--config FILE --mistake NAME`.
 *
 * Each is what somebody would write who does not know the trap. Nothing of it can be reached from
 * the program itself: what is replaced is replaced in a process that a test starts, of the
 * program's compiled files.
 */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { runUntilStopped } from '../../src/cli/run.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startGateway } from '../../src/gateway.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { Guard } from '../../src/store/postgres/guard.ts';
import type { ServerSeen } from '../../src/store/postgres/judgement.ts';
import { LeaseLocks } from '../../src/store/postgres/lease-locks.ts';
import { Watched } from '../../src/store/postgres/watched.ts';
import { int } from '../../src/store/sql/columns.ts';
import { sql } from '../../src/store/sql/sql.ts';

interface Query {
  readonly text: string;
}
type Method = (...given: unknown[]) => unknown;
const { Client } = createRequire(import.meta.url)('pg') as {
  Client: { readonly prototype: { on: Method; query: Method } };
};

const MISTAKES = {
  /** Whatever the servers say of themselves, what is committed is acknowledged. */
  unguarded: () => {
    Guard.prototype.mayAcknowledge = () => undefined;
    Guard.prototype.lookAgain = () => Promise.resolve(undefined);
  },
  /**
   * Where the log of a standby ends is not compared with the primary's: none is ever seen above it.
   */
  uncompared: () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the one it belongs to
    const { within } = Watched.prototype;
    Watched.prototype.within = function (this: Watched, age) {
      const seen = within.call(this, age);
      return seen && withoutLead(seen);
    };
  },
  /** Nobody listens to what the server warns of. */
  deaf: () => {
    const { on } = Client.prototype;
    Client.prototype.on = function (this: object, ...given: unknown[]) {
      return given[0] === 'notice' ? this : on.apply(this, given);
    };
  },
  /**
   * The key of a message that comes again is inserted with ON CONFLICT DO NOTHING, its row read,
   * and nothing of it written. Nor are rows locked: a lock of a row is written too, so each of them
   * makes the commit wait for another place, and DO NOTHING beside one does no harm. Of a message
   * that comes again nothing is written early.
   */
  'do-nothing': () => {
    const { query } = Client.prototype;
    Client.prototype.query = function (this: object, config: unknown, ...given: unknown[]) {
      const { text } = config as Query;
      return query.apply(this, [{ ...(config as Query), text: readsOnly(text) }, ...given]);
    };
  },
  /** Who has a maildrop is not asked again: neither the lease nor its fence. */
  fenceless: () => {
    LeaseLocks.prototype.hold = () => Promise.resolve(true);
    LeaseLocks.prototype.write = () => undefined;
    LeaseLocks.prototype.under = function* () {
      return (yield* sql.one({ version: int })`SELECT version FROM registry_version`).version;
    };
    Object.defineProperty(LeaseLocks.prototype, 'monotonic', { get: () => 0 });
  },
} satisfies Readonly<Record<string, () => void>>;

export type Mistake = keyof typeof MISTAKES;

const withoutLead = (seen: ServerSeen): ServerSeen => ({
  ...seen,
  standbys: seen.standbys.map((one) =>
    one.flushed !== undefined && one.flushed > seen.flushed ? { ...one, flushed: seen.flushed } : one,
  ),
});

/** Locks that wait, and not those that skip locked rows. */
const ROW_LOCKS = /\bFOR (?:KEY SHARE|SHARE|UPDATE)\b(?: OF \w+)?(?! OF| SKIP)/g;
const RESUBMITTED =
  /(INSERT INTO resubmission_key AS kept[^$]*unnest\()(\$\d+)(::bytea\[\][\s\S]*?ON CONFLICT \(key\) DO )UPDATE SET at = kept\.at (RETURNING key, message, at, unsure\))/;
const THERE = ', there AS (SELECT key, message, at, unsure FROM resubmission_key WHERE key = ANY ($2::bytea[]))';

function readsOnly(text: string): string {
  const unlocked = text.replaceAll(ROW_LOCKS, '');
  if (!text.includes('ON CONFLICT (key) DO UPDATE SET at = kept.at RETURNING key, message')) return unlocked;
  const changed = unlocked
    .replace(RESUBMITTED, `$1$2$3NOTHING $4${THERE}`)
    .replace('FROM resubmitted', 'FROM (SELECT * FROM resubmitted UNION ALL SELECT * FROM there) either')
    .replace(
      ' RETURNING id)',
      ' AS new (a, b, c, d, e, f, g, h, key) WHERE key IS NULL OR key NOT IN (SELECT key FROM there) RETURNING id)',
    )
    .replaceAll(' RETURNING message)', ' AS new (message) WHERE message IN (SELECT id FROM filed) RETURNING message)');
  if (['FROM there) either', 'FROM there) R', 'FROM filed) R'].some((part) => !changed.includes(part)))
    throw new Error('The statement that claims keys has changed: mend this mistake');
  return changed;
}

const { values } = parseArgs({ options: { config: { type: 'string' }, mistake: { type: 'string' } } });
MISTAKES[values.mistake as Mistake]();
const config = loadConfig(values.config ?? '');
const log = createLog(config.log);
process.exitCode = await runUntilStopped(() => startGateway(config, { clock: systemClock, log }), log);
