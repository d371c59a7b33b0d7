/**
 * Programs that live and die together, as those of one machine do: they have a process namespace of
 * their own, whose first process takes all others with it, and folders of their own in the places
 * that their configurations name. Needs root.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface MachineOptions {
  /** Script for `sh`, whose last command may replace it. */
  readonly script: string;
  /** Gets what they say. */
  readonly log: string;
  /** Which folder or file of ours stands where, in their eyes. */
  readonly mounts?: Readonly<Record<string, string>>;
}

const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
/** Ends with the test's process, whatever ends that. */
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

  /** The power fails. Resolves when nothing of it is left. */
  async kill(): Promise<void> {
    if (!this.runs) return;
    const gone = once(this.#process!, 'exit');
    const [first] = descendants(this.#process!.pid!);
    if (first !== undefined) process.kill(first, 'SIGKILL');
    await gone;
  }

  /** Stops everything where it is, without telling anybody. */
  hang(): void {
    for (const pid of descendants(this.#process!.pid!)) process.kill(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of descendants(this.#process!.pid!)) process.kill(pid, 'SIGCONT');
  }
}

/** All below a process, as this namespace numbers them. */
function descendants(pid: number): readonly number[] {
  let children: readonly number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // It has just ended.
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}
