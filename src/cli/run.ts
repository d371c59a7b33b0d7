/** Runs a gateway until a signal ends it or its store fails, and tells the service manager how it goes. */
import { many } from '../domain/counted.ts';
import type { Log } from '../domain/effects.ts';
import type { Gateway } from '../gateway.ts';
import { systemClock } from '../platform/clock.ts';
import type { Supervisor } from '../platform/supervisor.ts';
import { exitCodes } from './exit.ts';
import { outliveReaders } from './terminal.ts';
import { startWatchdog } from './watchdog.ts';

/** After everything was stopped the process ends by itself; what keeps it alive longer is a leak, and must not hang the supervisor. */
const LAST_WAIT = 2000;
/**
 * A second signal that comes sooner is the first one: npm passes on what the terminal gave its children as well, and a supervisor may
 * signal both.
 */
const SAME_SIGNAL = 1000;

/** `start` may do more once the gateway runs. Resolves with the exit code when the gateway has stopped. */
export async function runUntilStopped(
  start: () => Promise<Gateway>,
  log: Log,
  supervisor?: Supervisor,
): Promise<number> {
  outliveReaders();
  // Before the start: a supervisor may change its mind while the database is checked, and must still get an orderly end.
  const signals = stopSignals();
  let reload = (): void => undefined;
  // Without a listener SIGHUP would end the process.
  process.on('SIGHUP', () => reload());
  const gateway = await start();
  reload = () => void reloadGateway(gateway, log, supervisor);
  supervisor?.ready(statusOf(gateway));
  let now = '';
  const watch = startWatchdog(gateway.store, supervisor, systemClock, () => now + statusOf(gateway));
  const ended = await Promise.race([
    signals.first.then((signal) => ({ signal })),
    gateway.failed.then((error) => ({ error })),
  ]);
  reload = () => undefined;
  if ('signal' in ended) log.info('gateway.stopping', { why: ended.signal });
  now = 'stopping; ';
  supervisor?.stopping(now + statusOf(gateway));
  void signals.second.then((signal) => {
    log.warn('gateway.cut', { why: signal });
    return gateway.stop({ drain: 'none' });
  });
  await gateway.stop('error' in ended ? { drain: 'none' } : {});
  watch.end();
  supervisor?.close();
  setTimeout(() => process.exit(), LAST_WAIT).unref();
  return 'error' in ended ? exitCodes.store : exitCodes.done;
}

interface StopSignals {
  readonly first: Promise<string>;
  readonly second: Promise<string>;
}

function stopSignals(): StopSignals {
  let [ask, insist]: ((signal: string) => void)[] = [];
  const first = new Promise<string>((resolve) => (ask = resolve));
  const second = new Promise<string>((resolve) => (insist = resolve));
  let since: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      since ??= performance.now();
      ask?.(signal);
      if (performance.now() - since >= SAME_SIGNAL) insist?.(signal);
    });
  return { first, second };
}

async function reloadGateway(gateway: Gateway, log: Log, supervisor: Supervisor | undefined): Promise<void> {
  supervisor?.reloading();
  let failed = '';
  await gateway.reload().catch((error: unknown) => {
    log.error('config.refused', { why: String(error) });
    failed = 'the last reload was refused, see the log; ';
  });
  supervisor?.ready(failed + statusOf(gateway));
}

const statusOf = ({ admin }: Gateway): string => {
  const status = admin.gateway?.status();
  return `${many(status?.connections ?? 0, 'connection')}, ${status?.waiting ?? 0} waiting for a commit`;
};
