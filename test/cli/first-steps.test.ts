/** `sluis` alone: what one does first, and where there is a gateway what one looks at. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { firstSteps } from '../../src/cli/first-steps.ts';
import { sluis } from '../support/command-line.ts';
import { startTestGateway } from '../support/gateway.ts';

/** As many lines as a terminal shows at once, with room. */
const MOST_LINES = 12;

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-first-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('where nothing is yet, it says how to begin, and ends as a line that nobody can run', async (t) => {
  const { code, stdout, stderr } = await sluis([], { cwd: emptyFolder(t) });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  for (const step of ['init', 'check', 'serve', 'organisation add', 'account add', '--help'])
    assert.match(stderr, new RegExp(`sluis ${step}`));
  assert(stderr.split('\n').length <= MOST_LINES, stderr);
});

test('where there is a configuration, it says whether a gateway runs', async (t) => {
  const gateway = await startTestGateway({ accounts: [] });
  t.after(() => gateway.remove());
  const running = await sluis([], { env: { SLUIS_CONFIG: gateway.config.file } });
  assert.match(running.stderr, /: the gateway runs\./);
  assert.match(running.stderr, /sluis status/);
  assert.doesNotMatch(running.stderr, /sluis init/);
  await gateway.stop();
  assert.match(await firstSteps(gateway.config.file), /: no gateway runs here; "sluis serve" starts it\./);
});

test('a configuration that cannot be used is told of', async (t) => {
  const file = join(emptyFolder(t), 'sluis.toml');
  assert.match(await firstSteps(file), /no configuration at /);
  writeFileSync(file, 'hostname = 1\n');
  assert.match(await firstSteps(file), /cannot be used as it is, and "sluis check" says why/);
});
