/**
 * Root may read everything: what the gateway's own user may not, `check` says all the same, with
 * the command that helps.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { lookAsGateway } from '../../src/cli/check-as-gateway.ts';
import { exitCodes } from '../../src/cli/exit.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { CannotBecome } from '../../src/platform/other-user.ts';
import { sluisHere as sluis } from '../support/command-line.ts';

const NOBODY = 65534;
const skip = process.getuid?.() === 0 ? false : 'root alone can look as another user';
const GATEWAY = { user: 'sluis', by: 'sluis.service', hasMasterKey: false };

let folder = '';
let file = '';
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-as-'));
  file = join(folder, 'sluis.toml');
  const made = await sluis(['init', '--config', file, '--hostname', 'mail.example.test', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
});
after(() => rmSync(folder, { recursive: true }));

const MAIN = join(import.meta.dirname, '..', '..', 'scripts', 'sluis.mjs');
/** In a process of its own, which has the other user's rights for a while. */
function check(...words: readonly string[]) {
  const ran = spawnSync(process.execPath, [MAIN, 'check', '--config', file, ...words], { encoding: 'utf8' });
  return { code: ran.status, out: ran.stdout, problems: ran.stderr.split('\n').slice(1, -1) };
}
const give = (path: string, uid = NOBODY): void => chownSync(path, uid, uid);

test(
  'a key, a master key, a folder and what a stopped command left behind are judged for the owner of the data',
  { skip },
  () => {
    chmodSync(folder, 0o711);
    const [data, keys, key, master] = ['data', 'keys', 'certs-dev/server-key.pem', 'master.key'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string];
    const all = [data, keys, join(folder, 'certs-dev')].flatMap((of) => [
      of,
      ...readdirSync(of).map((one) => join(of, one)),
    ]);
    for (const path of [...all, file, master]) give(path);
    const fine = check('--json');
    assert.equal(fine.code, 0, fine.problems.join('\n'));
    assert.equal((JSON.parse(fine.out) as { readonly user: string }).user, String(NOBODY));

    for (const path of [key, master]) give(path, 0);
    writeFileSync(file, readFileSync(file, 'utf8').replace('[ca]\n', '[ca]\ncrl-file = "lists/ca.crl"\n'));
    const left = join(keys, 'left.key');
    writeFileSync(left, '', { mode: 0o600 });
    const wrong = check();
    assert.equal(wrong.code, exitCodes.configuration, wrong.out);
    const who = /the user (\S+) may not read it; run "chown (\S+): /.exec(wrong.problems.join('\n'));
    assert.ok(who?.[1] !== undefined && who[1] === who[2] && who[1] !== 'root', wrong.problems.join('\n'));
    const remedy = (path: string): string =>
      `the user ${who[1]} may not read it; run "chown ${who[1]}: ${path}", or correct the path`;
    assert.deepEqual(wrong.problems, [
      `  keys.master-key-file: "${master}"; expected a file that the gateway may read; ${remedy(master)}`,
      `  tls.key: "${key}"; expected a readable PEM file; ${remedy(key)}`,
      `  ca.crl-file: "${join(folder, 'lists')}"; expected a folder that the user ${who[1]} may write, or a place where it can be made; "${folder}" cannot be written (EACCES); correct the path or its rights`,
      `  keys.folder: "${left}"; expected files of the user ${who[1]} alone; this one is another's; run "chown -R ${who[1]}: ${keys}"`,
    ]);
  },
);

const config = () => loadConfig(file);

test("a master key that the service manager hands over may be root's", async () => {
  const asRoot = async <T>(_: unknown, look: () => T | Promise<T>): Promise<T> => await look();
  const lost = { ...config(), keys: { ...config().keys, 'master-key-file': '/nonexistent' } };
  assert.deepEqual(await lookAsGateway(lost, { ...GATEWAY, hasMasterKey: true }, asRoot), {
    user: 'sluis',
    warnings: [],
  });
  await assert.rejects(
    lookAsGateway(lost, GATEWAY, asRoot),
    (error: unknown) =>
      error instanceof ConfigError && error.problems.map(({ path }) => path).join() === 'keys.master-key-file',
  );
});

test('where it cannot be looked as that user, a warning says that nobody knows', async () => {
  const { user, warnings } = await lookAsGateway(config(), GATEWAY, () => {
    throw new CannotBecome('Cannot become the user sluis: as asked');
  });
  assert.equal(user, undefined);
  assert.match(warnings.join(), /^Cannot become the user sluis: as asked, of sluis\.service, so nobody knows whether/);
});
