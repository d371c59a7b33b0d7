/** A gateway that is told to end does so, whatever became of what it stands on. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serving, sluisHere, start } from '../support/command-line.ts';

async function place(t: TestContext): Promise<{ readonly folder: string; readonly config: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-stopped-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'sluis.toml');
  const made = await sluisHere(['init', '--config', config, '--hostname', 'localhost', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
  return { folder, config };
}

test('serve ends on SIGTERM where its folder is gone', { timeout: 60_000 }, async (t) => {
  const { folder, config } = await place(t);
  const gateway = await serving(config);
  t.after(() => gateway.child.kill('SIGKILL'));
  const [, port = ''] = /"event":"http\.open".*?"port":(\d+)/.exec(gateway.stderr()) ?? [];
  rmSync(folder, { recursive: true });
  // The disk is asked for room some times a second at most.
  let ready;
  do ready = await fetch(`http://127.0.0.1:${port}/ready`);
  while (ready.ok);
  assert.match(await ready.text(), /^not ready\ndisk-full: /);
  assert.equal(await gateway.end(), 0);
  assert.match(gateway.stderr(), /"store\.disk-lost".*ENOENT/);
  assert.match(gateway.stderr(), /"gateway\.stopped"/);
});

test('dev ends where what comes after its start fails', { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-stopped-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const first = start(['dev', '--free-ports'], { cwd: folder });
  await first.until('the next start finds everything again.');
  assert.equal(await first.end(), 0);
  // A folder in place of the file of the demo accounts.
  rmSync(join(folder, 'data', 'demo-accounts.txt'));
  mkdirSync(join(folder, 'data', 'demo-accounts.txt'));
  const second = start(['dev'], { cwd: folder });
  t.after(() => second.child.kill('SIGKILL'));
  const code = await new Promise((resolve) => second.child.once('close', resolve));
  assert.notEqual(code, 0);
  assert.match(second.stderr(), /EISDIR/);
});
