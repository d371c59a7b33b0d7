/**
 * Hears notifications over a connection that does nothing else; if it is lost, over the next one.
 */
import type { Clock, Timer } from '../../domain/effects.ts';
import { seconds } from '../../domain/units.ts';
import { CHANNEL } from './hints.ts';
import type { Pool } from './pool.ts';
import type { Listening } from './together.ts';

/**
 * Wait before the next try. Notifications that are missed are found by the looks that go on anyhow.
 */
const AGAIN = seconds(1);

export function listen(pool: Pick<Pool, 'withSession'>, clock: Clock, told: (payload: string) => void): Listening {
  const stopping = { is: false, wake: (): void => undefined };
  const stopped = (): boolean => stopping.is;
  let timer: Timer | undefined;
  const once = async (): Promise<void> => {
    await pool.withSession('listening', async (session) => {
      const ended = new Promise<void>((resolve) => {
        stopping.wake = resolve;
        session.onEnded(() => resolve());
      });
      session.onNotification(({ payload }) => {
        if (!stopped() && payload !== undefined) told(payload);
      });
      await session.query({ text: `LISTEN ${CHANNEL}` });
      if (!stopped()) await ended;
    });
  };
  const go = async (): Promise<void> => {
    while (!stopped()) {
      await once().catch(() => undefined);
      if (stopped()) return;
      await new Promise<void>((resolve) => {
        stopping.wake = resolve;
        timer = clock.after(AGAIN, resolve);
      });
    }
  };
  const going = go();
  return {
    stop: async () => {
      stopping.is = true;
      timer?.cancel();
      stopping.wake();
      await going;
    },
  };
}
