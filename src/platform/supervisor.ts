/**
 * Tells the service manager the state of this process (sd_notify(3)): ready, reloading, stopping,
 * alive.
 *
 * The socket of the manager takes Unix datagrams, which Node cannot send. A small shell that lives
 * as long as we do reads lines from us and runs systemd-notify for each: no native code, and no
 * fork of this large process in the middle of traffic (docs/decisions/1209-installing.md).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import { type Milliseconds, milliseconds } from '../domain/units.ts';

export interface Supervisor {
  /**
   * How often `alive` must be called, with time to spare; absent if the manager does not wait for
   * it.
   */
  readonly aliveEvery?: Milliseconds;
  ready(status: string): void;
  reloading(): void;
  stopping(status: string): void;
  alive(status: string): void;
  /** Lets the helper send what waits, and end. */
  close(): void;
}

const nobody: Supervisor = {
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  alive: () => undefined,
  close: () => undefined,
};

/**
 * Words of a line are separated by tabs. Each call waits until the manager has taken the datagram,
 * so that the manager can still see which process sent it.
 */
const HELPER = `tab=$(printf '\\t'); set -f
while IFS= read -r line; do IFS=$tab; systemd-notify -- $line || echo "systemd-notify ended with $?" >&2; done`;
/** Most octets that wait for the helper: a manager that takes nothing must not fill our memory. */
const MOST_WAITING = 4096;
const MAX_STATUS = 200;

/** The connection to the service manager. If none listens, its calls do nothing. */
export function supervisorOf(env: NodeJS.ProcessEnv, pid: number, log: Log): Supervisor {
  const { NOTIFY_SOCKET: socket, PATH: path = '/usr/bin:/bin' } = env;
  if (socket === undefined || socket === '') return nobody;
  const every = aliveEvery(env, pid);
  const helper = new Helper({ NOTIFY_SOCKET: socket, PATH: path }, log);
  return {
    ...defined({ aliveEvery: every }),
    ready: (status) => helper.send(['READY=1', statusOf(status)]),
    reloading: () => helper.send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`]),
    stopping: (status) => helper.send(['STOPPING=1', statusOf(status)]),
    alive: (status) => helper.send(['WATCHDOG=1', statusOf(status)]),
    close: () => helper.close(),
  };
}

/**
 * A third of the time that the manager waits (WATCHDOG_USEC): one call may come late, and one may
 * be lost.
 */
function aliveEvery(
  { WATCHDOG_USEC: usec, WATCHDOG_PID: forWhom }: NodeJS.ProcessEnv,
  pid: number,
): Milliseconds | undefined {
  const wait = Number(usec);
  if (usec === undefined || !(wait > 0) || (forWhom !== undefined && forWhom !== String(pid))) return undefined;
  return milliseconds(Math.max(1, Math.floor(wait / 3000)));
}

// eslint-disable-next-line no-control-regex -- a tab or line feed would end the word
const statusOf = (text: string): string => `STATUS=${text.slice(0, MAX_STATUS).replaceAll(/[\x00-\x1f\x7f]/g, ' ')}`;

class Helper {
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: Log;
  #child: ChildProcess | undefined;
  #closing = false;

  constructor(env: NodeJS.ProcessEnv, log: Log) {
    this.#env = env;
    this.#log = log;
  }

  send(words: readonly string[]): void {
    if (this.#closing) return;
    const { stdin } = (this.#child ??= this.#start());
    if (stdin === null || stdin.writableLength > MOST_WAITING) return;
    stdin.write(`${words.join('\t')}\n`);
  }

  /** Starts the helper. If it ends, the next call of `send` starts another. */
  #start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', HELPER], {
      env: this.#env,
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    const failed = (why: string): void => this.#log.warn('supervisor.failed', { why });
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => failed(text.trim()));
    child.once('error', (error) => failed(error.message));
    child.once('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    child.unref();
    return child;
  }

  close(): void {
    this.#closing = true;
    this.#child?.stdin?.end();
  }
}
