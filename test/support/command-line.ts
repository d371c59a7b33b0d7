/** Runs the command line as a person does: a process, its output, its exit code. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../src/cli/program.ts';

export const MAIN = fileURLToPath(new URL('../../scripts/sluis.mjs', import.meta.url));

/**
 * For `--import`: the program reads that it runs on this version of Node. Nothing else is another.
 */
export const asNode = (version: string): string =>
  `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `main.ts` of another copy of the program. */
  readonly main?: string;
}

/**
 * Runs a command inside this process: the same code, without the 0.2 s that it takes to start a
 * process.
 */
export async function sluisHere(args: readonly string[], input = ''): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  const code = await runCommandLine(args, {
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    input,
    code: 0,
  });
  return { code, stdout, stderr };
}

/** What tests of commands call, with one configuration. */
export interface Commands {
  readonly run: (...args: string[]) => Promise<Ran>;
  /** Runs a command that must succeed. Resolves to what it printed. */
  readonly done: (...args: string[]) => Promise<string>;
  readonly json: <T>(...args: string[]) => Promise<T>;
  /** Runs a command that must fail with `code`. Resolves to what it said. */
  readonly refused: (code: number, text: RegExp, ...args: string[]) => Promise<string>;
}

/**
 * `config` is called for each command, since the gateway may start later. `input`: standard input
 * of each command.
 */
export function commandsOn(config: () => string, input = ''): Commands {
  const run = (...args: string[]): Promise<Ran> => sluisHere([...args, '--config', config()], input);
  const done = async (...args: string[]): Promise<string> => {
    const ran = await run(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  return {
    run,
    done,
    json: async <T>(...args: string[]) => JSON.parse(await done(...args, '--json')) as T,
    refused: async (code, text, ...args) => {
      const ran = await run(...args);
      assert.match(ran.stderr, text);
      assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stderr}`);
      return ran.stderr;
    },
  };
}

/** Runs a command to its end. */
export async function sluis(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { SLUIS_CONFIG: _, ...env } = process.env;
  const child = spawn(process.execPath, [options.main ?? MAIN, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
  });
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  return { code, stdout: stdout(), stderr: stderr() };
}

function collected(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return () => text;
}

export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /**
   * Resolves when standard output or standard error has `text`. Rejects if the process ends first.
   */
  until(text: string): Promise<void>;
  /** Sends the signal and resolves with the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a command that runs until a signal. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  const { SLUIS_CONFIG: _, ...env } = process.env;
  const child = spawn(process.execPath, [options.main ?? MAIN, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    stdout,
    stderr,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!stdout().includes(text) && !stderr().includes(text)) return;
          child.stdout.off('data', look);
          child.stderr.off('data', look);
          resolve();
        };
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        look();
        void closed.then((code) => reject(new Error(`ended with ${code} before "${text}": ${stdout()}${stderr()}`)));
      }),
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return await closed;
    },
  };
}

/**
 * Serves what `config` says on free ports. Commands of the test then ask this gateway and need not
 * open the store, which would take 0.15 s of processor time each.
 */
export async function serving(config: string, options: RunOptions = {}): Promise<Running> {
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^#?port = \d+$/gm, 'port = 0'));
  const gateway = start(['serve', '--config', config], options);
  await gateway.until('gateway.started');
  return gateway;
}
