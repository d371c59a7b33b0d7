/** Runs a gateway until a signal ends it or its store fails. */
import { exitCodes } from './exit.ts';
import type { Gateway } from '../gateway.ts';
import type { Log } from '../domain/effects.ts';

/** After everything was stopped the process ends by itself; what keeps it alive longer is a leak, and must not hang the supervisor. */
const LAST_WAIT = 2000;

/** Resolves with the exit code when the gateway has stopped. */
export async function runUntilStopped(gateway: Gateway, log: Log): Promise<number> {
  const reload = (): void => {
    gateway.reloadTls().catch((error: unknown) => log.error('tls.refused', { why: String(error) }));
  };
  process.on('SIGHUP', reload);
  // npm passes SIGINT on to a process that has it from the terminal already: a second signal while draining means nothing.
  const asked = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
  const ended = await Promise.race([asked.then((signal) => ({ signal })), gateway.failed.then((error) => ({ error }))]);
  if ('signal' in ended) log.info('gateway.stopping', { why: ended.signal });
  await gateway.stop('error' in ended ? { drain: 'none' } : {});
  setTimeout(() => process.exit(), LAST_WAIT).unref();
  return 'error' in ended ? exitCodes.store : exitCodes.done;
}
