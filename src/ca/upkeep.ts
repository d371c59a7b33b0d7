/**
 * What the running gateway does by itself for certificates, a minute after its start and then every
 * day: writes the revocation lists again long before they end, renews those whose keys it holds,
 * and warns of what else ends.
 */
import type { Timer } from '../domain/effects.ts';
import { days, minutes } from '../domain/units.ts';
import { currentOf, endsSoon, knownAuthorities } from './authorities.ts';
import { type ExpiryParts, warnOfEnds } from './expiry.ts';
import { type RenewalParts, renewHeld } from './renew-held.ts';
import { followLists } from './follow-lists.ts';
import { missingText, publishLists } from './revocation-lists.ts';

export type UpkeepParts = RenewalParts &
  ExpiryParts & {
    /** Whether it is this gateway's to do at present (`Jobs.runs`). Left out: always. */
    readonly mine?: () => boolean;
    /** Other gateways have the same store, and revoke certificates too. */
    readonly several?: boolean;
  };

export interface CaUpkeep {
  /** Resolves when what runs now has ended. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const FIRST = minutes(1);
const EVERY = days(1);
/** Another gateway does it, and may be gone by then. */
const AGAIN = minutes(1);

export function startCaUpkeep(parts: UpkeepParts): CaUpkeep {
  let running = Promise.resolve();
  let timer: Timer;
  const schedule = (delay: typeof FIRST): void => {
    timer = parts.clock.after(delay, () => {
      const mine = parts.mine?.() ?? true;
      schedule(mine ? EVERY : AGAIN);
      if (!mine) return;
      running = running.then(() => runUpkeep(parts));
    });
  };
  schedule(FIRST);
  const { crlFile } = parts;
  const follow = parts.several === true && crlFile !== undefined ? followLists(parts, crlFile) : undefined;
  return {
    settled: async () => {
      await running;
      await follow?.settled();
    },
    stop: async () => {
      timer.cancel();
      await running;
      await follow?.stop();
    },
  };
}

/**
 * Runs the daily upkeep. Never rejects: each part fails by itself, and the next day tries again.
 */
async function runUpkeep(parts: UpkeepParts): Promise<void> {
  const { log } = parts;
  await lists(parts).catch((error: unknown) => log.error('ca.upkeep-failed', { what: 'lists', why: String(error) }));
  await renewHeld(parts).catch((error: unknown) =>
    log.error('ca.upkeep-failed', { what: 'renewals', why: String(error) }),
  );
  await warnOfEnds(parts).then(
    (warned) => {
      if (warned > 0) log.info('certificate.warned', { certificates: warned });
    },
    (error: unknown) => log.error('ca.upkeep-failed', { what: 'warnings', why: String(error) }),
  );
}

async function lists(parts: UpkeepParts): Promise<void> {
  const { log, clock, crlFile } = parts;
  const known = await knownAuthorities(parts);
  if (known.length === 0) return;
  for (const role of ['root', 'issuing'] as const) {
    const current = currentOf(known, role);
    if (endsSoon(current, clock.now()))
      log.warn('ca.ends', { role, ends: new Date(current.record.notAfter).toISOString() });
  }
  if (crlFile === undefined) return;
  const { made, missing } = await publishLists(parts, crlFile);
  if (made.length > 0)
    log.info('ca.lists-written', { lists: made.length, entries: made.reduce((sum, list) => sum + list.entries, 0) });
  for (const list of missing) log.error('ca.upkeep-failed', { what: 'lists', why: missingText(list) });
}
