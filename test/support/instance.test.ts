/**
 * A gateway that a test serves never outlives the test: none is left behind by a failed assertion,
 * or by a test process that was killed.
 */
// @release: the gateways that tests start, killed in every way; every other test uses them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Instance } from './instance.ts';
import { until } from './until.ts';

const SUPPORT = fileURLToPath(new URL('./instance.ts', import.meta.url));
const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('remove() ends what the instance still serves, and stop() still ends in order', async () => {
  const instance = await Instance.create();
  const first = await instance.serve();
  assert.equal(await first.stop(), 0);
  const second = await instance.serve();
  instance.remove();
  assert.equal(await second.exit, 'SIGKILL');
});

test('a gateway ends with the process that serves it, however that ended', async (t) => {
  const instance = await Instance.create();
  t.after(() => instance.remove());
  const script = `import { Instance } from ${JSON.stringify(SUPPORT)};
    const served = await Instance.at(${JSON.stringify(instance.folder)}, ${JSON.stringify(instance.ports)}).serve();
    console.log(served.pid);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  assert.ok(runs(pid), line.toString());
  child.kill('SIGKILL');
  await until('the gateway has gone', () => !runs(pid));
});
