/**
 * The lists on this gateway's own disk, where several gateways share a store: a certificate may be
 * revoked at any of them, and whoever checks by the file here must find it. Each writes them
 * itself, within a minute of the revocation, and once a day: a number in the store keeps one list
 * of an authority apart from the next, whoever made it.
 */
import type { Log, Timer } from '../domain/effects.ts';
import { days, minutes } from '../domain/units.ts';
import type { CaParts } from './parts.ts';
import { missingText, publishLists } from './revocation-lists.ts';

const LOOK_EVERY = minutes(1);
const ANEW = days(1);

export interface ListsFollow {
  /** Resolves when what runs now has ended. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export function followLists(parts: CaParts & { readonly log: Log }, crlFile: string): ListsFollow {
  const { store, clock, log } = parts;
  let written = '';
  let at = -Infinity;
  let timer: Timer;
  let running = Promise.resolve();
  const look = async (): Promise<void> => {
    const { count, latest } = await store.certificates.revocations();
    const state = `${count} ${latest ?? ''}`;
    if (state === written && clock.monotonic() - at < ANEW) return;
    const { made, missing } = await publishLists(parts, crlFile);
    written = state;
    at = clock.monotonic();
    if (made.length > 0) log.info('ca.lists-written', { lists: made.length, entries: count });
    for (const list of missing) log.error('ca.upkeep-failed', { what: 'lists', why: missingText(list) });
  };
  let stopped = false;
  const again = (): void => {
    if (stopped) return;
    timer = clock.after(LOOK_EVERY, () => {
      running = look().catch((error: unknown) => log.error('ca.upkeep-failed', { what: 'lists', why: String(error) }));
      void running.then(again);
    });
  };
  again();
  return {
    settled: () => running,
    stop: async () => {
      stopped = true;
      timer.cancel();
      await running;
    },
  };
}
