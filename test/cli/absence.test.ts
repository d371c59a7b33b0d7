/** `sluis address absence` and `sluis address consent` as a person gives them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AbsenceView } from '../../src/admin/absences.ts';
import type { ConsentView } from '../../src/commands/address/consent.ts';
import { type Ran, type Running, commandsOn, serving, sluis, sluisHere } from '../support/command-line.ts';

let folder = '';
let config = '';
let gateway: Running;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-absence-'));
  config = join(folder, 'sluis.toml');
  const made = await sluis(['init', '--config', config, '--hostname', 'mail.group.test', '--dev-certificates']);
  assert.equal(made.code, 0, made.stderr);
  gateway = await serving(config);
  await done('organisation', 'add', 'praktijk');
  for (const name of ['anna', 'ben', 'carla'])
    await done('account', 'add', `${name}@group.test`, '--organisation', 'praktijk', '--no-password');
});
after(async () => {
  assert.equal(await gateway.end(), 0);
  rmSync(folder, { recursive: true, force: true });
});

const run = (args: readonly string[], input = ''): Promise<Ran> => sluisHere([...args, '--config', config], input);
const { done, json, refused } = commandsOn(() => config);
/** A day so many days from now, as the command takes it. */
const day = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

test('an absence needs the consent of the substitute, is listed and ended', async () => {
  const absence = ['address', 'absence', 'anna@group.test', '--until', day(5), '--substitute', 'ben@group.test'];
  await refused(
    2,
    /"ben@group\.test" has not agreed .*sluis address consent add ben@group\.test --for anna@group\.test/,
    ...absence,
  );
  assert.equal(
    await done('address', 'consent', 'ben@group.test', '--for', 'anna@group.test'),
    'ben@group.test may stand in for anna@group.test.\n',
  );
  const [consent] = await json<ConsentView[]>('address', 'consent', 'list', 'anna@group.test');
  assert.deepEqual([consent?.substitute, consent?.address], ['ben@group.test', 'anna@group.test']);
  assert.match(await done('address', 'consent', 'list', 'ben@group.test'), /^ben@group\.test +anna@group\.test /m);

  assert.equal(
    await done(...absence),
    `anna@group.test is away now, up to and including ${day(5)}: goes to ben@group.test.\n`,
  );
  const [listed] = await json<AbsenceView[]>('address', 'absence', 'list', '--address', 'anna@group.test');
  assert.deepEqual([listed?.state, listed?.lastDay, listed?.mode], ['now', day(5), 'substitute']);
  await refused(4, /has an absence in that time already/, ...absence);
  assert.match(await done('address', 'absence', 'end', 'anna@group.test'), /anna@group\.test is back/);
  await refused(3, /none, now or ahead/, 'address', 'absence', 'end', 'anna@group.test');
  assert.deepEqual(await json<AbsenceView[]>('address', 'absence', 'list'), []);
});

test('the holidays come from a file, all or none, and a consent that is taken back ends what rests on it', async () => {
  const file = (lines: readonly string[]): Promise<Ran> =>
    run(['address', 'absence', 'import', '-'], ['address,from,until,substitute,refuse', ...lines, ''].join('\n'));
  const wrong = await file([
    `anna@group.test,${day(10)},${day(20)},ben@group.test,`,
    `carla@group.test,${day(20)},${day(10)},,yes`,
  ]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /nothing was changed:\n {2}line 3: .*ends before it begins/);
  const away = await file([
    `anna@group.test,${day(10)},${day(20)},ben@group.test,`,
    `ben@group.test,${day(15)},${day(16)},,yes`,
  ]);
  assert.match(away.stderr, /"ben@group\.test" stands in for "anna@group\.test" in that time/);
  assert.deepEqual(await json<AbsenceView[]>('address', 'absence', 'list'), []);
  const right = await file([
    `anna@group.test,${day(10)},${day(20)},ben@group.test,`,
    `anna@group.test,${day(30)},${day(40)},ben@group.test,`,
    `carla@group.test,${day(10)},${day(20)},,yes`,
  ]);
  assert.equal(right.stdout, 'Noted 3 absences.\n', right.stderr);
  const listed = await json<AbsenceView[]>('address', 'absence', 'list');
  assert.deepEqual(
    listed.map((a) => [a.address, a.lastDay, a.state]),
    [
      ['anna@group.test', day(20), 'ahead'],
      ['anna@group.test', day(40), 'ahead'],
      ['carla@group.test', day(20), 'ahead'],
    ],
  );
  assert.match(await done('address', 'absence', 'list'), /^carla@group\.test +ahead .* is refused$/m);
  assert.equal(
    await done('address', 'consent', 'ben@group.test', '--for', 'anna@group.test', '--take-back'),
    'ben@group.test no longer stands in for anna@group.test; 2 absences ended with it.\n',
  );
  assert.equal((await json<AbsenceView[]>('address', 'absence', 'list')).length, 1);
  const consent = ['address', 'consent', 'ben@group.test', '--for', 'anna@group.test'];
  await done(...consent);
  await file([`anna@group.test,${day(10)},${day(20)},ben@group.test,`]);
  assert.match(await done(...consent, '--take-back'), /; 1 absence ended with it\.$/m);
});

test('what cannot be noted is refused', async () => {
  await refused(
    3,
    /Cannot find address "nobody@group\.test"/,
    'address',
    'absence',
    'nobody@group.test',
    '--until',
    day(1),
    '--refuse',
  );
  await refused(2, /90 are the most/, 'address', 'absence', 'ben@group.test', '--until', day(95), '--refuse');
  await refused(2, /--until/, 'address', 'absence', 'ben@group.test', '--refuse');
  await refused(2, /cannot stand in for itself/, 'address', 'consent', 'ben@group.test', '--for', 'BEN@group.test');
});
