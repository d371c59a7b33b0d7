/** Day keys at two sites: whole gateways on PostgreSQL that make them together, fetch what they lack before they serve, and destroy them together. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { KeyFolder, dayOf } from '../../src/crypto/key-folder.ts';
import { instant } from '../../src/domain/units.ts';
import { type ServeOptions, addressOf, greets, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { type Gateway, type Site, type TwoSites, startTwoSites } from '../support/two-sites.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;
const PATIENCE = 20_000;
const day = (ahead: number): string => dayOf(instant(Date.now() + ahead * DAY));
const SHIFTED = ['--import', fileURLToPath(new URL('../support/shifted-clock.js', import.meta.url))];
const daysAhead = (n: number): ServeOptions => ({ nodeOptions: SHIFTED, env: { SLUIS_TEST_AHEAD: String(n * DAY) } });

const foldersOf = ({ gateways }: TwoSites): Readonly<Record<Site, string>> => ({
  noord: join(gateways.noord.instance.folder, 'keys'),
  zuid: join(gateways.zuid.instance.folder, 'keys'),
});
const keyFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.key'))
    .sort();

/** From anna to herself; answers the id of the message. */
async function send({ front }: Gateway, subject: string): Promise<string> {
  const client = await SmtpClient.open(front.smtp, loginOf('anna'));
  const anna = addressOf('anna');
  const text = `From: <${anna}>\r\nTo: <${anna}>\r\nSubject: ${subject}\r\n\r\nb\r\n`;
  const reply = await client.submit(anna, [anna], Buffer.from(text));
  return acceptedId(reply);
}

/** What stands in anna's mailbox, by subject. */
async function subjects({ front }: Gateway, { andDelete = false } = {}): Promise<readonly string[]> {
  const client = await Pop3Client.open(front.pop3, loginOf('anna'));
  const found: string[] = [];
  const { messages } = await client.stat();
  for (let n = 1; n <= messages; n += 1) {
    found.push(/^Subject: (.*)\r$/m.exec((await client.fetch(n)).toString())?.[1] ?? '?');
    if (andDelete) await client.command(`DELE ${n}`);
  }
  await client.quit();
  return found;
}

/** A day's key that the gateway at a site made while it was alone, in a folder in which nobody has one. */
async function makeAlone(both: TwoSites, site: Site, which: string): Promise<void> {
  const folders = foldersOf(both);
  for (const folder of Object.values(folders)) rmSync(join(folder, `${which}.key`));
  const masterKey = await readMasterKey(loadConfig(both.gateways[site].instance.config));
  new KeyFolder(folders[site], masterKey).make(which, randomBytes, { marked: true });
}

const both = async (t: TestContext, store = ''): Promise<TwoSites> => await startTwoSites(t, ['anna'], { store });

test('keys are on both sites 14 days ahead; one that was made alone is fetched before anything is served; erased messages and days are destroyed at both', async (t) => {
  const sites = await both(t);
  const { gateways, serve } = sites;
  const folders = foldersOf(sites);
  await until('the second one has what the first has, who began with an empty folder', () => {
    const [one, two] = [keyFiles(folders.noord), keyFiles(folders.zuid)];
    return one.length === 14 && one.join() === two.join();
  });
  assert.deepEqual(
    keyFiles(folders.noord),
    Array.from({ length: 14 }, (_, n) => `${day(n)}.key`),
  );
  await send(gateways.noord, 'stays');
  const erased = await send(gateways.noord, 'erased');
  assert.deepEqual(await subjects(gateways.zuid), ['stays', 'erased']);

  // A clock that is a day ahead finds tomorrow's key, and the other one reads what was sealed with it.
  await gateways.zuid.served.stop();
  await serve('zuid', daysAhead(1));
  await send(gateways.zuid, 'tomorrow');
  assert.deepEqual(await subjects(gateways.noord), ['stays', 'erased', 'tomorrow']);

  await gateways.zuid.served.stop();
  await serve('zuid');
  // What is erased of a day is noted on both at once, so that it is closed where the one that erased it is lost.
  gateways.noord.instance.sluis('message', 'erase', erased, '--yes', '--reason', 'test');
  const noted = (folder: string): boolean => existsSync(join(folder, `${day(0)}.erasing`));
  await until('the other one has the note', () => noted(folders.zuid), PATIENCE);
  await gateways.noord.served.kill();
  await gateways.zuid.served.stop();
  await serve('zuid', daysAhead(3));
  const closed = (folder: string): boolean => existsSync(join(folder, `${day(0)}.kept`)) && !noted(folder);
  await until('the day is closed', () => closed(folders.zuid), PATIENCE);
  assert.equal(existsSync(join(folders.zuid, `${day(0)}.key`)), false);
  await serve('noord', daysAhead(3));
  await until('and on the other', () => closed(folders.noord), PATIENCE);
  assert.deepEqual(await subjects(gateways.noord), ['stays', 'tomorrow']);

  // The other is away while this one makes a key alone, and uses it.
  await gateways.zuid.served.stop();
  await gateways.noord.served.stop();
  await makeAlone(sites, 'noord', day(4));
  await serve('noord', daysAhead(4));
  await send(gateways.noord, 'alone');
  await gateways.noord.served.stop();
  let log = '';
  const back = serve('zuid', { ...daysAhead(4), hear: (text) => (log += text) });
  await until('it asks for the key', () => log.includes('cluster.keys-missing'), PATIENCE);
  assert.equal(await greets(gateways.zuid.instance.ports.pop3), false, 'nothing is served without it');
  await serve('noord', daysAhead(4));
  await back;
  assert.deepEqual(await subjects(gateways.zuid), ['stays', 'tomorrow', 'alone']);
  // What one made as its own, with a mark in its name, is the only one of that day for the other.
  const daysOf = (folder: string): readonly string[] => keyFiles(folder).map((name) => name.slice(0, 10));
  assert.deepEqual(daysOf(folders.zuid), daysOf(folders.noord));
});

test('a day of which nothing is left is destroyed at both sites, proved, and on one that was away before it serves', async (t) => {
  const sites = await both(t, 'keep-deleted = "0s"\n');
  const { gateways, serve } = sites;
  const folders = foldersOf(sites);
  await send(gateways.noord, 'one');
  await gateways.zuid.served.stop();
  await serve('zuid', daysAhead(1));
  await send(gateways.zuid, 'two');
  assert.deepEqual(await subjects(gateways.zuid, { andDelete: true }), ['one', 'two']);
  // A copy of the folder, as a backup of it would have been put back.
  const copy = join(folders.zuid, '..', 'copy');
  cpSync(folders.zuid, copy, { recursive: true });

  for (const site of ['noord', 'zuid'] as const) await gateways[site].served.stop();
  await serve('zuid', daysAhead(2));
  await serve('noord', daysAhead(2));
  const isErased = (folder: string, which: string): boolean =>
    existsSync(join(folder, `${which}.erased`)) && !existsSync(join(folder, `${which}.key`));
  await until(
    'today is destroyed at both',
    () => isErased(folders.noord, day(0)) && isErased(folders.zuid, day(0)),
    PATIENCE,
  );
  const proofs = (folder: string): string => readFileSync(join(folder, `${day(0)}.erased`), 'utf8');
  await until(
    'one has the proof of the other',
    () => (proofs(folders.noord) + proofs(folders.zuid)).includes('gw-'),
    PATIENCE,
  );
  await until('it stands in the trail', () =>
    gateways.noord.instance.sluis('audit', 'list', '--json', '--event', 'cluster.day-key-erased').includes(day(0)),
  );

  // Away, and with a folder that has come back: it is destroyed before anything is served.
  await gateways.zuid.served.stop();
  await gateways.noord.served.stop();
  await serve('noord', daysAhead(3));
  await until('tomorrow is destroyed', () => isErased(folders.noord, day(1)), PATIENCE);
  rmSync(folders.zuid, { recursive: true });
  cpSync(copy, folders.zuid, { recursive: true });
  assert.ok(existsSync(join(folders.zuid, `${day(1)}.key`)));
  await serve('zuid', daysAhead(3));
  for (const which of [day(0), day(1)]) assert.ok(isErased(folders.zuid, which), which);
});

test('a new master key: all gateways are stopped, one makes it, the other follows, and what was sealed before opens', async (t) => {
  const sites = await both(t);
  const { gateways, serve } = sites;
  const { noord, zuid } = gateways;
  const secret = join(noord.instance.folder, 'secret');
  writeFileSync(secret, 'open sesame\n');
  const partner = ['--organisation', 'ledger', '--host', 'localhost', '--login', 'us', '--password-file', secret];
  noord.instance.sluis('partner', 'add', 'hospital', ...partner);
  await send(noord, 'before');
  const rotate = ({ instance }: Gateway): string => instance.sluis('key', 'rotate', '--yes', '--reason', 'test');
  await noord.served.stop();
  assert.throws(() => rotate(noord), /gateway "gw-zuid" of this store runs.*stop all gateways/);
  await zuid.served.stop();
  const told = rotate(noord);
  assert.match(
    told,
    /New master key [0-9a-f]+; \d+ keys and secrets .*\n.*\n.*Every other gateway of this store: .*master\.key there/s,
  );
  await serve('noord');
  await assert.rejects(serve('zuid'), /FILE\.new and run "sluis key rotate" here too/);
  const key = loadConfig(zuid.instance.config).keys['master-key-file'] ?? '';
  cpSync(join(noord.instance.folder, 'master.key'), `${key}.new`);
  assert.match(
    rotate(zuid),
    /The store has the new master key [0-9a-f]+ already; 14 keys .*\nIt is in .*\nNow: start this gateway/,
  );
  await serve('zuid');
  assert.deepEqual(await subjects(zuid), ['before']);
  await send(zuid, 'after');
  assert.deepEqual(await subjects(noord), ['before', 'after']);
  assert.match(noord.instance.sluis('audit', 'verify'), /intact|whole|complete/i);
});
