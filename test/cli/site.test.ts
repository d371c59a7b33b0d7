/**
 * `sluis site`, `sluis drill site` and `sluis drill watch`: on one machine, and where the engine
 * knows of sites.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchDoor } from '../../src/cli/watch-door.ts';
import { instant } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { commandsOn } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { FakeSites } from '../support/sites.ts';

async function open(t: TestContext, sites?: FakeSites) {
  const gateway: TestGateway = await startTestGateway(sites === undefined ? {} : { sites });
  t.after(() => gateway.remove());
  return { gateway, ...commandsOn(() => gateway.config.file) };
}

const NONE = /this gateway keeps its mail in SQLite on one machine, and one machine has no sites/;
const SWITCH = [
  '--from',
  'noord',
  '--to',
  'zuid',
  '--there',
  '2h',
  '--back',
  '1h',
  '--person',
  'J. Smit',
  '--outage',
  '3',
];
const DRILL = ['drill', 'site', ...SWITCH, '--measured-by', 'watch', '--lost', '0'];

test('on SQLite each command about sites says in one line that there are none', async (t) => {
  const { done, json, refused } = await open(t);
  const shown = await done('site', 'status');
  assert.match(shown, NONE);
  assert.equal(shown.trimEnd().split('\n').length, 1);
  assert.deepEqual(await json('site', 'status'), { sites: false, servers: [], acknowledging: [] });
  assert.match(await done('status', '--all'), NONE);
  for (const words of [
    ['site', 'promote', 'zuid-1', '--check'],
    ['site', 'alone', '--until', '1d', '--reason', 'x'],
    ['site', 'alone', '--end', '--reason', 'x'],
    DRILL,
  ]) {
    const said = await refused(4, NONE, ...words);
    assert.equal(said.trimEnd().split('\n').length, 1, said);
  }
  await refused(2, /that is the work of Patroni/, 'site', 'promote', 'zuid-1');
});

const server = (name: string, lsn: string) => ({ name, role: 'standby', timeline: 1, lsn });
const LIST = 'ANY 1 (zuid-1, derde-1)';

test('site promote --check judges facts that somebody wrote down, on any gateway, with an exit code for each answer', async (t) => {
  const { gateway, done, run, json, refused } = await open(t);
  const file = join(gateway.folder, 'servers.json');
  const put = (...servers: readonly object[]): void =>
    writeFileSync(file, JSON.stringify({ list: LIST, lastAcknowledged: '2026-11-28T12:00:00Z', servers }));
  const words = ['site', 'promote', 'zuid-1', '--check', '--facts', file];
  put({ name: 'noord-1' }, server('zuid-1', '0/3000148'), server('derde-1', '0/3000100'));
  const text = await done(...words);
  assert.match(text, /"zuid-1" may be promoted:\n- "zuid-1" holds everything that was acknowledged/);
  assert.match(text, /^derde-1 +derde +standby +1 +0\/3000100 +72$/m);
  assert.match(text, /Last acknowledged: /);
  const answer = await json<{ verdict: string; lastAcknowledged: string }>(...words);
  assert.deepEqual([answer.verdict, answer.lastAcknowledged], ['may', '2026-11-28T12:00:00Z']);

  put({ name: 'noord-1' }, server('zuid-1', '0/3000100'), server('derde-1', '0/3000148'));
  await refused(4, /Do not promote "zuid-1": acknowledged mail would be lost/, ...words);
  assert.match((await run(...words)).stdout, /Do NOT promote "zuid-1":\n- "derde-1" holds 72 bytes of the log more/);
  put({ name: 'noord-1' }, server('zuid-1', '0/3000148'), { name: 'derde-1', problem: 'no route' });
  await refused(9, /nobody can say what would be lost/, ...words);
  put(
    { ...server('noord-1', '0/3000148'), role: 'primary' },
    server('zuid-1', '0/3000148'),
    server('derde-1', '0/3000148'),
  );
  await refused(4, /the old side still serves/, ...words);
  writeFileSync(file, '{"servers": []}');
  await refused(2, /Cannot use the facts of the servers: "servers" is not a list/, ...words);
});

test('where the engine knows of sites, status and promote ask it, and alone holds until its end', async (t) => {
  const sites = new FakeSites();
  const { gateway, done, json, run, refused } = await open(t, sites);
  sites.known = {
    list: { any: 1, names: ['zuid-1', 'derde-1'] },
    servers: [
      { name: 'noord-1', site: 'noord', problem: 'no answer in 1 s' },
      { name: 'zuid-1', site: 'zuid', role: 'standby', timeline: 1, position: 0x3000148n },
      { name: 'derde-1', site: 'derde', role: 'standby', timeline: 1, position: 0x3000148n },
    ],
    acknowledging: [],
    primary: 'noord-1',
    gateways: [
      {
        ...{ name: 'gw2', site: 'zuid', version: '1.0', schema: 31, clockAhead: 3, silentFor: 60, acknowledges: true },
        jobs: ['anchors'],
      },
      { name: 'gw1', site: 'noord', version: '1.1', schema: 32, clockAhead: 0, acknowledges: false, jobs: [] },
    ],
  };
  sites.warned = ['zuid-1: it does not follow the primary'];
  assert.match(
    await done('site', 'status'),
    /Confirm: +ANY 1 \(zuid-1, derde-1\)[^]*noord-1 +noord +not asked: no answer/,
  );
  // Plain status names what is to be seen to and nothing else; all of it with --all, the same over
  // the API.
  const plain = await json<{ sites?: object; warnings: readonly string[] }>('status');
  assert.deepEqual([plain.sites, plain.warnings], [undefined, sites.warned]);
  const all = await json<{ sites: { gateways: object }; warnings: readonly string[] }>('status', '--all');
  assert.deepEqual(all.sites.gateways, sites.known.gateways);
  assert.deepEqual(all.warnings.slice(1), [
    'gateway gw2 was not heard of for 60 s: start it, or see what keeps it from the database',
    "the clock of gateway gw2 is 3.0 s ahead of the database's: set both by NTP (chrony)",
  ]);
  const table = await done('status', '--all');
  assert.match(table, /^gw2 +zuid +1\.0 +31 +SILENT 60 s +3\.0 s +- +- +anchors$/m);
  assert.match(table, /^gw1 +noord +1\.1 +32 +stopped +0\.0 s +no +- +-$/m);
  assert.match(await done('site', 'promote', 'derde-1', '--check'), /"zuid-1" holds as much/);

  await refused(2, /give either --until or --end/, 'site', 'alone', '--reason', 'x');
  await refused(2, /--reason/, 'site', 'alone', '--until', '1d');
  await refused(2, /within 7 days from now/, 'site', 'alone', '--until', '9d', '--reason', 'x');
  assert.equal(sites.aloneUntil(), undefined);
  const said = await done('site', 'alone', '--until', '1d', '--reason', 'zuid burnt down');
  assert.match(said, /^ONE PLACE ALONE ACKNOWLEDGES until /);
  assert.match(said, /noord-1 still waits for ANY 1 \(zuid-1, derde-1\)[^]*synchronous_standby_names = ''/);
  assert.match(await done('site', 'status'), /ONE PLACE ALONE MAY ACKNOWLEDGE until /);
  assert.match(await done('status'), /ONE PLACE ALONE MAY ACKNOWLEDGE until /);
  const until = sites.aloneUntil() ?? assert.fail('it holds');
  assert.equal((await json<{ aloneUntil: string }>('site', 'status')).aloneUntil, new Date(until).toISOString());
  await done('site', 'alone', '--end', '--reason', 'zuid is back');
  assert.equal(sites.aloneUntil(), undefined);
  const rows = (await gateway.store.audit.read({ limit: 1000 })).filter(({ event }) => event.startsWith('site.'));
  assert.deepEqual(
    rows.map(({ event, facts, personal }) => [event, facts?.until, personal?.reason]),
    [
      ['site.alone', new Date(until).toISOString(), 'zuid burnt down'],
      ['site.alone-ended', undefined, 'zuid is back'],
    ],
  );

  assert.match(
    await done(...DRILL),
    /from noord to zuid and back succeeded: away for at most 3 s \(watch\), 0 messages lost/,
  );
  const failed = await run(...DRILL, '--failed', 'DNS was not changed');
  assert.deepEqual([failed.code, failed.stderr.includes('The drill has failed: DNS was not changed')], [5, true]);
  await refused(2, /it is before --there/, ...DRILL, '--there', '30m');
});

test('where two must sign, nobody lets one place alone acknowledge by himself', async (t) => {
  const sites = new FakeSites();
  const gateway = await startTestGateway({ sites, configuration: '[operators]\nsecond-person = ["site-alone"]\n' });
  t.after(() => gateway.remove());
  const { refused } = commandsOn(() => gateway.config.file);
  const why = /the configuration asks for a second person \(operators\.second-person has "site-alone"\)/;
  await refused(4, why, 'site', 'alone', '--until', '1d', '--reason', 'zuid burnt down');
  assert.equal(sites.aloneUntil(), undefined);
});

test('the longest time from a greeting to the next is what is measured, also where it did not come back', async () => {
  const clock = new FakeClock(Date.UTC(2026, 10, 28));
  const from = instant(clock.now());
  const greets = [true, true, false, false, true, false, true, true, false, false];
  let looks = 0;
  const found = await watchDoor({
    look: () => Promise.resolve(greets[looks++] ?? false),
    pause: () => {
      clock.advance(1000);
      return Promise.resolve();
    },
    clock,
    time: greets.length * 1000,
  });
  const iso = (after: number): string => new Date(from + after * 1000).toISOString();
  assert.deepEqual(found, {
    looks: 10,
    failed: 5,
    longest: 3,
    outages: [
      { from: iso(1), until: iso(4), seconds: 3 },
      { from: iso(4), until: iso(6), seconds: 2 },
      { from: iso(7), seconds: 3 },
    ],
  });
});

test('drill watch asks a port for its greeting, and an answer that is none counts as away', async (t) => {
  const { json, refused } = await open(t);
  const port = await freePort();
  const greeting = (text: string): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((socket) => socket.on('error', () => undefined).end(text));
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  const watch = () =>
    json<{ looks: number; failed: number; longest: number }>('drill', 'watch', `127.0.0.1:${port}`, '--seconds', '1');
  let server = await greeting('220 mail.test ESMTP\r\n');
  const close = (): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  t.after(() => server.close());
  const good = await watch();
  assert.deepEqual([good.failed, good.longest], [0, 0]);
  assert.ok(good.looks > 0);
  await close();
  server = await greeting('421 4.3.2 stopping\r\n');
  const stopping = await watch();
  assert.equal(stopping.failed, stopping.looks);
  await close();
  const gone = await watch();
  assert.equal(gone.failed, gone.looks);
  assert.ok(gone.longest > 0);
  await refused(2, /a host and the port/, 'drill', 'watch', 'mail.example.nl');
});
