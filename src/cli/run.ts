/**
 * Runs a gateway until a signal ends it or its store fails, and tells the service manager how it
 * is.
 */
import { many } from '../domain/counted.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import type { Gateway } from '../gateway.ts';
import { systemClock } from '../platform/clock.ts';
import type { Supervisor } from '../platform/supervisor.ts';
import type { Store } from '../store/port/store.ts';
import { StoreUnavailable } from '../store/store.ts';
import { exitCodes } from './exit.ts';
import { outliveReaders } from './terminal.ts';

/**
 * Milliseconds to wait at the very end. After everything was stopped the process should end by
 * itself. Whatever keeps it alive longer is a leak, and must not make the supervisor wait.
 */
const LAST_WAIT = 2000;
/**
 * Milliseconds. A second signal within this time counts as the first one: npm passes a signal on
 * that the terminal also sent to its children, and a supervisor may signal both.
 */
const SAME_SIGNAL = 1000;

interface RunOptions {
  readonly supervisor?: Supervisor;
  /** Called once the gateway runs. */
  readonly begun?: (gateway: Gateway) => Promise<void>;
}

/**
 * Resolves with the exit code when the gateway has stopped. Any failure between start and end stops
 * the gateway and the process. Otherwise a gateway that was told to stop would keep running, and
 * keep the next one from starting.
 */
export async function runUntilStopped(
  start: () => Promise<Gateway>,
  log: Log,
  options: RunOptions = {},
): Promise<number> {
  outliveReaders();
  // Listens before the start: a supervisor may change its mind while the database is still checked,
  // and the end must be orderly then too.
  const signals = stopSignals();
  let reload = (): void => undefined;
  // Without a listener, SIGHUP would end the process.
  process.on('SIGHUP', () => reload());
  const gateway = await start();
  try {
    await options.begun?.(gateway);
    reload = () => void reloadGateway(gateway, log, options.supervisor);
    return await running(gateway, signals, log, options.supervisor, () => (reload = () => undefined));
  } catch (error) {
    await gateway.stop({ drain: 'none' }).catch(() => undefined);
    throw error;
  } finally {
    setTimeout(() => process.exit(), LAST_WAIT).unref();
  }
}

/** Waits for the end. `ending` is called as soon as the end is certain. */
async function running(
  gateway: Gateway,
  signals: StopSignals,
  log: Log,
  supervisor: Supervisor | undefined,
  ending: () => void,
): Promise<number> {
  supervisor?.ready(statusOf(gateway));
  let now = '';
  const watch = startWatchdog(gateway.store, supervisor, systemClock, () => now + statusOf(gateway));
  const ended = await Promise.race([
    signals.first.then((signal) => ({ signal })),
    gateway.failed.then((error) => ({ error })),
  ]);
  ending();
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

/**
 * Tells the service manager that the gateway is alive, but only if the store has answered since the
 * last time; the call itself shows that the event loop turns. So a disk that hangs or a thread that
 * is stuck leads to a restart. "The database is away" also counts as an answer: a restart would not
 * bring it back, and would end what the gateway can still hand out.
 */
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
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
      })
      .then(() => {
        if (!ended) supervisor.alive(status());
      })
      // The store has failed for good or is closed; both already have their consequences.
      .catch(() => undefined)
      .finally(() => {
        // The next question is asked only after an answer, and is never repeated without one.
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
