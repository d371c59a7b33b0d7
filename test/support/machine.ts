/**
 * Programs that live and die together, as on one machine. They have a process namespace of their
 * own, whose first process takes all others with it when it ends, and their own folders in the
 * places that their configurations name. It needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface MachineOptions {
  /** A script for `sh`. Its last command may replace the shell. */
  readonly script: string;
  /** The file for all their output. */
  readonly log: string;
  /** For each path that they see, our folder or file that stands there. */
  readonly mounts?: Readonly<Record<string, string>>;
}

const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
/** It ends with the test's process, whatever ends that. */
const TIED = ['--pdeathsig', 'KILL'];

export class Machine {
  readonly #options: MachineOptions;
  #process: ChildProcess | undefined;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get log(): string {
    return readFileSync(this.#options.log, 'utf8');
  }

  get runs(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  start(): void {
    const { script, log, mounts = {} } = this.#options;
    const mounted = Object.entries(mounts).map(([target, source]) => `mount --bind '${source}' '${target}'\n`);
    const to = openSync(log, 'a');
    this.#process = spawn('setpriv', [...TIED, ...NAMESPACE, 'sh', '-c', `set -e\n${mounted.join('')}${script}`], {
      ...{ cwd: '/', stdio: ['ignore', to, to], env: ENVIRONMENT },
    });
    closeSync(to);
  }

  /** The power fails. Resolves when no process is left. */
  async kill(): Promise<void> {
    if (!this.runs) return;
    const gone = once(this.#process!, 'exit');
    const [first] = descendants(this.#process!.pid!);
    if (first !== undefined) process.kill(first, 'SIGKILL');
    await gone;
  }

  /** Stops every process where it is, without telling anybody. */
  hang(): void {
    for (const pid of descendants(this.#process!.pid!)) process.kill(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of descendants(this.#process!.pid!)) process.kill(pid, 'SIGCONT');
  }
}

/** All processes below a process, by their numbers in this namespace. */
function descendants(pid: number): readonly number[] {
  let children: readonly number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // It has just ended.
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}
