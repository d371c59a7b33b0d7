/** The password prompt, at a terminal: `script` of util-linux makes one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN, sluisHere } from '../support/command-line.ts';
import { withoutProgram } from '../support/require.ts';

const skip = withoutProgram('script', 'bsdutils');

/** Types each answer when its question stands on the screen. */
async function typed(
  command: readonly string[],
  dialog: readonly (readonly [string, string])[],
): Promise<[string, number | null]> {
  const child = spawn('script', ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null']);
  let screen = '';
  const waiting = [...dialog];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const next = waiting[0];
    if (next === undefined || !screen.includes(next[0])) return;
    waiting.shift();
    child.stdin.write(next[1]);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  assert.deepEqual(waiting, [], `never asked; the screen: ${screen}`);
  return [screen, code];
}

test('a password is asked for twice and never shown', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-prompt-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'sluis.toml');
  await sluisHere(['init', '--config', config, '--hostname', 'mail.prompt.test', '--dev-certificates']);
  const add = [process.execPath, MAIN, 'account', 'password', 'add', 'postmaster', '--config', config, '--name'];

  const [screen, code] = await typed(
    [...add, 'desk'],
    [
      ['Password: ', 'cobalk\u007ft giraffe\r'],
      ['Again: ', 'cobalt giraffe\r'],
    ],
  );
  assert.equal(code, 0, screen);
  assert.match(screen, /Added password desk of account postmaster/);
  assert.doesNotMatch(screen, /giraffe|cobal/);

  const [mistyped, refused] = await typed(
    [...add, 'other'],
    [
      ['Password: ', 'cobalt giraffe\r'],
      ['Again: ', 'cobalt giraff3\r'],
    ],
  );
  assert.equal(refused, 2);
  assert.match(mistyped, /the two were not the same; try again/);

  const [stopped, ended] = await typed([...add, 'third'], [['Password: ', 'half\u0003']]);
  assert.equal(ended, 2);
  assert.match(stopped, /Stopped: no password was given/);
  const listed = await sluisHere(['account', 'password', 'list', 'postmaster', '--json', '--config', config]);
  assert.deepEqual(
    (JSON.parse(listed.stdout) as { name: string }[]).map((p) => p.name),
    ['desk'],
  );
});
