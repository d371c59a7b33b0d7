// A command of one version and a running gateway of another: what the operator reads.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { CONTROL_PROTOCOL } from '../../src/admin/control-protocol.ts';
import { controlSocketOf, loadConfig } from '../../src/config/load.ts';
import { buildVersion } from '../../src/platform/version.ts';
import { sluisHere } from '../support/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-version-'));
const config = join(folder, 'sluis.toml');
/** One line for each request. */
let answer = '';
let gateway: Server;

before(async () => {
  const made = await sluisHere(['init', '--config', config, '--hostname', 'mail.test', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
  const path = controlSocketOf(loadConfig(config));
  mkdirSync(dirname(path), { recursive: true });
  gateway = createServer((socket) => void socket.on('data', () => void socket.write(`${answer}\n`)));
  await new Promise<void>((resolve) => gateway.listen(path, resolve));
});

after(() => {
  gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a gateway of another protocol ends a command in its one sentence and code 7, and the store is left alone', async () => {
  const message = 'Cannot run "organisation.list": the gateway runs version 9.1.0, this command is 0.1.0; restart';
  answer = JSON.stringify({ error: { kind: 'unavailable', message }, protocol: CONTROL_PROTOCOL + 1 });
  const { code, stderr, stdout } = await sluisHere(['organisation', 'list', '--config', config]);
  assert.deepEqual({ code, stderr, stdout }, { code: 7, stderr: `${message}\n`, stdout: '' });
});

test('a gateway from before versions were told ends a command in one sentence', async () => {
  answer = '{"error":{"kind":"invalid","message":"Cannot read the request: expected one JSON object a line"}}';
  const { code, stderr } = await sluisHere(['organisation', 'list', '--config', config]);
  assert.equal(code, 7);
  assert.equal(
    stderr,
    `Cannot run "organisation.list": the gateway runs an older version, this command is ${buildVersion()}; restart the gateway, or use its command\n`,
  );
});

test('an answer in a form that nobody raised the number for ends in the same sentence, not in a stack', async () => {
  answer = '{"result":{"rows":[]},"gateway":"9.1.0"}';
  const { code, stderr } = await sluisHere(['organisation', 'list', '--config', config]);
  assert.equal(code, 7);
  assert.match(
    stderr,
    /^Cannot run "organisation list": the gateway runs version 9\.1\.0, this command is [\w.+-]+; restart the gateway, or use its command \(what it came to: .*\)\n$/,
  );
});

test('with a gateway of the same version a bug stays a bug, with its stack', async () => {
  answer = '{"result":{"rows":[]}}';
  const { code, stderr } = await sluisHere(['organisation', 'list', '--config', config]);
  assert.equal(code, 1);
  assert.match(stderr, /TypeError.*\n\s+at /);
});
