// Programs that the demo runs: each ends with it, whatever ends the demo, and their last lines are kept for a failure.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, openSync, closeSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const MAIN = join(ROOT, 'scripts', 'sluis.mjs');

export const hasProgram = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

export class Programs {
  #folder;
  #running = new Map();
  /** Called with a name when a program has ended that nobody stopped. */
  ended = () => undefined;
  #stopping = false;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Its lines go into FOLDER/NAME.log. Returns its process number. */
  start(name, command, { user = {}, signal = 'SIGTERM', cwd = '/' } = {}) {
    // It gets a signal when the demo has ended, even where that could tell nobody.
    const tied = hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...command] : command;
    const log = openSync(this.logOf(name), 'a');
    const child = spawn(tied[0], tied.slice(1), { ...user, cwd, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const over = new Promise((resolve) => child.once('error', resolve).once('exit', resolve));
    this.#running.set(name, { child, over, signal });
    void over.then(() => {
      this.#running.delete(name);
      if (!this.#stopping) this.ended(name);
    });
    return child.pid;
  }

  runs(name) {
    return this.#running.has(name);
  }

  logOf(name) {
    return join(this.#folder, `${name}.log`);
  }

  lastLines(name) {
    return readFileSync(this.logOf(name), 'utf8').slice(-2000);
  }

  /** Those that do not end within `patience` are killed. */
  async stop(patience = 5000) {
    this.#stopping = true;
    const left = [...this.#running.values()];
    // One that was stopped by a signal hears of another only when it goes on.
    for (const { child, signal } of left) for (const one of [signal, 'SIGCONT']) child.kill(one);
    const timer = setTimeout(() => left.forEach(({ child }) => child.kill('SIGKILL')), patience);
    await Promise.all(left.map(({ over }) => over));
    clearTimeout(timer);
  }
}

/** `sluis` on a configuration; throws with what it said. */
export function sluis(args, { input, quiet = true } = {}) {
  const done = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    input,
    stdio: quiet ? 'pipe' : 'inherit',
    timeout: 120_000,
  });
  if (quiet && done.status !== 0) throw new Error(`sluis ${args.join(' ')} ended with ${done.status}: ${done.stderr}`);
  return quiet ? done.stdout : done.status;
}

export async function until(what, is, patience = 30_000) {
  for (const end = performance.now() + patience; !(await is());) {
    if (performance.now() > end) throw new Error(`Not within ${patience / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
