/** Keys of days at two sites (two-sites.ts): what lies in the key folders of both gateways, gateways whose clocks are days ahead, and mail that needs the keys. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dayOf } from '../../src/crypto/key-folder.ts';
import { instant } from '../../src/domain/units.ts';
import { type ServeOptions, addressOf, loginOf } from './instance.ts';
import { Pop3Client } from './pop3-client.ts';
import { SmtpClient, acceptedId } from './smtp-client.ts';
import type { Gateway, Site, TwoSites } from './two-sites.ts';

const DAY = 86_400_000;
/** For what the gateways do by themselves within a round or two. */
export const PATIENCE = 20_000;
/** So many days from today. */
export const day = (ahead: number): string => dayOf(instant(Date.now() + ahead * DAY));

const SHIFTED = ['--import', fileURLToPath(new URL('./shifted-clock.js', import.meta.url))];
export const daysAhead = (n: number): ServeOptions => ({
  nodeOptions: SHIFTED,
  env: { SLUIS_TEST_AHEAD: String(n * DAY) },
});

export const foldersOf = ({ gateways }: TwoSites): Readonly<Record<Site, string>> => ({
  noord: join(gateways.noord.instance.folder, 'keys'),
  zuid: join(gateways.zuid.instance.folder, 'keys'),
});
export const keyFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.key'))
    .sort();

/** From anna to herself; answers the id of the message. */
export async function send({ front }: Gateway, subject: string): Promise<string> {
  const client = await SmtpClient.open(front.smtp, loginOf('anna'));
  const anna = addressOf('anna');
  const text = `From: <${anna}>\r\nTo: <${anna}>\r\nSubject: ${subject}\r\n\r\nb\r\n`;
  const reply = await client.submit(anna, [anna], Buffer.from(text));
  return acceptedId(reply);
}

/** What stands in anna's mailbox, by subject. */
export async function subjects({ front }: Gateway, { andDelete = false } = {}): Promise<readonly string[]> {
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
