/**
 * Runs a gateway with one mistake on purpose: what `sluis serve` starts, with one part replaced
 * first (mistakes.ts). Arguments: `--config FILE --mistake NAME`.
 *
 * Each mistake is one that a programmer would make who does not know the trap. The program itself
 * cannot do any of this: the part is replaced in a process that a test starts, on the program's
 * own files.
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
  /** Acknowledges what is committed, whatever the servers say of their state. */
  unguarded: () => {
    Guard.prototype.mayAcknowledge = () => undefined;
    Guard.prototype.lookAgain = () => Promise.resolve(undefined);
  },
  /**
   * Does not compare the end of a standby's log with the primary's, so that none ever seems to be
   * ahead.
   */
  uncompared: () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the one it belongs to
    const { within } = Watched.prototype;
    Watched.prototype.within = function (this: Watched, age) {
      const seen = within.call(this, age);
      return seen && withoutLead(seen);
    };
  },
  /** Does not listen to the server's warnings. */
  deaf: () => {
    const { on } = Client.prototype;
    Client.prototype.on = function (this: object, ...given: unknown[]) {
      return given[0] === 'notice' ? this : on.apply(this, given);
    };
  },
  /**
   * Inserts the key of a message that comes again with ON CONFLICT DO NOTHING, reads its row, and
   * writes nothing. It takes no row locks either. A row lock is written too, so it would make the
   * commit wait for another place, and hide the harm of DO NOTHING. Nothing is written early for a
   * message that comes again.
   */
  'do-nothing': () => {
    const { query } = Client.prototype;
    Client.prototype.query = function (this: object, config: unknown, ...given: unknown[]) {
      const { text } = config as Query;
      return query.apply(this, [{ ...(config as Query), text: readsOnly(text) }, ...given]);
    };
  },
  /** Does not check again who owns a maildrop: neither the lease nor its fence. */
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

/** Row locks that wait, and not those that skip locked rows. */
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
