/**
 * Another user's rights are taken for one look and given back, whatever happens; the system is
 * asked, and not the mode alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { CannotBecome, type Identity, asUser } from '../../src/platform/other-user.ts';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** Writes down what is asked of it. Users that it does not know are refused. */
function identity(refused: readonly (string | number)[] = []): { readonly own: Identity; readonly did: string[] } {
  const did: string[] = [];
  const says =
    (name: string) =>
    (...given: readonly unknown[]): void => {
      did.push(`${name} ${given.join(' ')}`);
      if (refused.includes(given[0] as string)) throw new Error(`${name}: no such one`);
    };
  const own: Identity = {
    geteuid: () => 0,
    getegid: () => 0,
    getgroups: () => [0, 7],
    initgroups: says('initgroups'),
    setegid: says('setegid'),
    seteuid: says('seteuid'),
    setgroups: (groups) => says('setgroups')(groups.join(',')),
  };
  return { own, did };
}

const BACK = ['seteuid 0', 'setegid 0', 'setgroups 0,7'];

test('groups come before the user, which gives up the right to set them; all are given back', async () => {
  const { own, did } = identity();
  const other = { user: 'sluis', group: 'mail', groups: ['ssl-cert'] };
  assert.equal(await asUser(other, () => did.push('look'), own), 7);
  assert.deepEqual(did.slice(3, 6), ['setgroups 0,7,ssl-cert', 'setegid mail', 'seteuid sluis']);
  assert.deepEqual(did.slice(6), ['look', ...BACK]);
});

test('they are given back after a look that fails, and after a user that nobody knows, where nothing is looked at', async () => {
  const fails = identity();
  const look = (): never => {
    throw new Error('as asked');
  };
  await assert.rejects(asUser({ user: 'sluis' }, look, fails.own), { message: 'as asked' });
  assert.deepEqual(fails.did.slice(-3), BACK);
  const stranger = identity(['stranger']);
  await assert.rejects(
    asUser({ user: 'stranger' }, () => assert.fail('looked'), stranger.own),
    CannotBecome,
  );
  assert.deepEqual(stranger.did.slice(-3), BACK);
});

test(
  'the system refuses what the other user may not read or write, and root can do all again',
  { skip: isRoot ? false : 'root alone can become another user' },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluis-other-'));
    try {
      chmodSync(folder, 0o711);
      for (const [name, uid, mode] of [
        ['roots', 0, 0o600],
        ['theirs', NOBODY, 0o600],
      ] as const) {
        writeFileSync(join(folder, name), name);
        chownSync(join(folder, name), uid, uid);
        chmodSync(join(folder, name), mode);
      }
      // In a process of its own: other tests of this one are root meanwhile.
      const program = `
        import { readFileSync, readdirSync } from 'node:fs';
        import { asUser, tryToWrite } from '${pathToFileURL(join(import.meta.dirname, '../../src/platform/other-user.ts')).href}';
        const tried = (act) => { try { act(); return 'ok'; } catch ({ code }) { return code; } };
        const folder = ${JSON.stringify(folder)};
        const all = () => [tried(() => readFileSync(folder + '/roots')), tried(() => readFileSync(folder + '/theirs')), tried(() => tryToWrite(folder)), tried(() => tryToWrite('/tmp'))];
        console.log(JSON.stringify([await asUser({ user: ${NOBODY}, groupOfNameless: ${NOBODY} }, all), all(), readdirSync(folder).sort()]));`;
      const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
      assert.equal(ran.status, 0, ran.stderr);
      assert.deepEqual(JSON.parse(ran.stdout), [
        ['EACCES', 'ok', 'EACCES', 'ok'],
        ['ok', 'ok', 'ok', 'ok'],
        ['roots', 'theirs'],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
