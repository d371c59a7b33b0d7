/**
 * Tells the service manager that the gateway is alive, but only where the store has answered since: the call itself shows that the loop turns.
 * A disk that hangs, or a thread that is stuck, so ends in a restart.
 */
import type { Clock, Timer } from '../domain/effects.ts';
import type { Supervisor } from '../platform/supervisor.ts';
import type { Store } from '../store/store.ts';

export function startWatchdog(
  store: Pick<Store, 'alive'>,
  supervisor: Supervisor | undefined,
  clock: Clock,
  status: () => string,
): { end(): void } {
  const every = supervisor?.aliveEvery;
  if (supervisor === undefined || every === undefined) return { end: () => undefined };
  let timer: Timer;
  let ended = false;
  const ask = (): void => {
    store
      .alive()
      .then(() => {
        if (!ended) supervisor.alive(status());
      })
      // The store has failed for good, or is closed: what follows is under way already.
      .catch(() => undefined)
      .finally(() => {
        // Only after the answer: one that does not come is not asked for again.
        if (!ended) timer = clock.after(every, ask);
      });
  };
  timer = clock.after(every, ask);
  return {
    end: () => {
      ended = true;
      timer.cancel();
    },
  };
}
