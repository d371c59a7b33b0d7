/**
 * The README's commands, exactly as they are printed, by the shell.
 *
 * They run in a folder of their own that leads to this checkout. `npm ci` and `npm test` are left to `.ci/run`, which runs this suite after
 * them: here they would take away what is running.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withoutProgram } from '../support/require.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const commands = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(
  ([, block]) => (block ?? '').split('\n').filter((line) => line !== ''),
);
const START = 'npm ci && npm start';
const TEST = 'npm ci && npm test';
const SERVE = 'npx sluis serve --config gateway/sluis.toml';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-readme-'));
  for (const name of ['dist', 'node_modules', 'scripts', 'src', 'test', 'tsconfig.json'])
    symlinkSync(join(root, name), join(folder, name));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Shell {
  readonly output: () => string;
  readonly code: Promise<number | null>;
  until(text: string): Promise<void>;
  /** Ends the shell and all that it started, as a terminal does at Ctrl-C. */
  interrupt(): Promise<number | null>;
}

function shell(command: string): Shell {
  const child: ChildProcess = spawn('sh', ['-c', command], {
    cwd: folder,
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
    interrupt: async () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
      return await code;
    },
  };
}

const succeeds = async (command: string): Promise<string> => {
  const ran = shell(command);
  assert.equal(await ran.code, 0, `${command}: ${ran.output()}`);
  return ran.output();
};

test('the README has the two commands of a fresh clone, and .ci/run runs the second', () => {
  assert.ok(commands.includes(START) && commands.includes(TEST));
  const ci = readFileSync(join(root, '.ci', 'run'), 'utf8');
  assert.match(ci, /^npm ci\b[\s\S]*^step npm test$/m);
});

test('npm start prints curl lines that send and fetch', { skip: withoutProgram('curl', 'curl') }, async () => {
  const gateway = shell(START.replace('npm ci && ', ''));
  try {
    await gateway.until('the next start finds everything again.');
    const lines = gateway.output().split('\n');
    const printed = (begin: string): string => lines.find((l) => l.startsWith(`  ${begin}`))?.trim() ?? '';
    await succeeds(printed('printf '));
    assert.match(await succeeds(printed('curl ')), /Subject: Proef\r\n\r\nGoedemorgen\.\r\n$/);
    await succeeds(printed('node '));
  } finally {
    await gateway.interrupt();
  }
  assert.match(gateway.output(), /gateway\.stopped/);
});

test('every other command of the README works, in its order', async () => {
  const rest = commands.filter((command) => command !== START && command !== TEST);
  assert.equal(rest.at(-1), SERVE);
  const outputs: string[] = [];
  for (const command of rest.slice(0, -1)) outputs.push(await succeeds(command));
  assert.match(outputs.at(-1) ?? '', /balie@de-brug\.example +active/);
  assert.equal(statSync(join(folder, 'gateway', 'assistente.password')).mode & 0o777, 0o600);
  const gateway = shell(SERVE);
  try {
    await gateway.until('gateway.started');
  } finally {
    await gateway.interrupt();
  }
  assert.match(gateway.output(), /gateway\.stopped/);
});
