/** Day keys at two sites: whole gateways on PostgreSQL that destroy them together. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dayOf } from '../../src/crypto/key-folder.ts';
import { instant } from '../../src/domain/units.ts';
import { type ServeOptions, addressOf, loginOf } from '../support/instance.ts';
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

const both = async (t: TestContext, store = ''): Promise<TwoSites> => await startTwoSites(t, ['anna'], { store });

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
