/** The commands of pages, and a shell that runs one as a person would. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of the checkout. */
export const root = join(import.meta.dirname, '..', '..');

/** The lines of every `sh` block of a page, below one heading of the second level or in all. */
export function commandsOf(heading?: string, file = 'README.md'): readonly string[] {
  const page = readFileSync(join(root, file), 'utf8');
  const text =
    heading === undefined ? page : (page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '');
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    (block ?? '').split('\n').filter((line) => line !== ''),
  );
  assert.notEqual(commands.length, 0, `${file} prints no commands below ${heading ?? 'its headings'}`);
  return commands;
}

export interface Shell {
  readonly output: () => string;
  readonly code: Promise<number | null>;
  until(text: string): Promise<void>;
  /** Ends the shell and all that it started, as a terminal does at Ctrl-C (or with that signal). */
  interrupt(signal?: NodeJS.Signals): Promise<number | null>;
}

/** `path`: the PATH that the shell has, where it is not that of the test. */
export function shellIn(folder: string, command: string, path = process.env.PATH): Shell {
  const child: ChildProcess = spawn('sh', ['-c', command], {
    cwd: folder,
    env: { ...process.env, PATH: path },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let look: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      look();
    });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    output: () => output,
    code,
    until: async (text) => {
      await Promise.race([
        new Promise<void>((resolve) => {
          look = () => output.includes(text) && resolve();
          look();
        }),
        code.then((ended) => Promise.reject(new Error(`${command} ended with ${ended} before "${text}": ${output}`))),
      ]);
    },
    interrupt: async (signal = 'SIGINT') => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
      return await code;
    },
  };
}

/** Runs it to its end, which must be good; answers all that it said. */
export async function succeedsIn(folder: string, command: string, path?: string): Promise<string> {
  const ran = shellIn(folder, command, path);
  assert.equal(await ran.code, 0, `${command}: ${ran.output()}`);
  return ran.output();
}
