/** Runs a gateway until a signal ends it or its store fails. */
import type { Log } from '../domain/effects.ts';
import type { Gateway } from '../gateway.ts';
import { exitCodes } from './exit.ts';

/** After everything was stopped the process ends by itself; what keeps it alive longer is a leak, and must not hang the supervisor. */
const LAST_WAIT = 2000;

/** `start` may do more once the gateway runs. Resolves with the exit code when the gateway has stopped. */
export async function runUntilStopped(start: () => Promise<Gateway>, log: Log): Promise<number> {
  // Before the start: a supervisor may change its mind while the database is checked, and must still get an orderly end.
  // npm passes SIGINT on to a process that has it from the terminal already: a second signal while draining means nothing.
  const asked = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
  let reload = (): void => undefined;
  // Without a listener SIGHUP would end the process.
  process.on('SIGHUP', () => reload());
  const gateway = await start();
  reload = () => {
    gateway.reloadTls().catch((error: unknown) => log.error('tls.refused', { why: String(error) }));
  };
  const ended = await Promise.race([asked.then((signal) => ({ signal })), gateway.failed.then((error) => ({ error }))]);
  if ('signal' in ended) log.info('gateway.stopping', { why: ended.signal });
  await gateway.stop('error' in ended ? { drain: 'none' } : {});
  setTimeout(() => process.exit(), LAST_WAIT).unref();
  return 'error' in ended ? exitCodes.store : exitCodes.done;
}
