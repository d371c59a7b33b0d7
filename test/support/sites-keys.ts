/**
 * Keys of days at two sites (two-sites.ts): the content of both gateways' key folders, gateways
 * whose clocks are days ahead, and mail that needs the keys.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dayOf } from '../../src/domain/utc-day.ts';
import { instant } from '../../src/domain/units.ts';
import { type ServeOptions, addressOf, loginOf } from './instance.ts';
import { Pop3Client } from './pop3-client.ts';
import { SmtpClient, UnexpectedReply, acceptedId } from './smtp-client.ts';
import type { Gateway, Site, TwoSites } from './two-sites.ts';
import { until } from './until.ts';

const DAY = 86_400_000;
/** Milliseconds for what the gateways do by themselves within a round or two. */
export const PATIENCE = 20_000;
/** The day this many days from today. */
export const day = (ahead: number): string => dayOf(instant(Date.now() + ahead * DAY));

const SHIFTED = ['--import', fileURLToPath(new URL('./shifted-clock.ts', import.meta.url))];
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

/**
 * Sends a message from anna to herself, again after each temporary refusal as a mail program does.
 * Resolves to the id of the message.
 */
export async function send({ front }: Gateway, subject: string): Promise<string> {
  const anna = addressOf('anna');
  // The same each time, with the same Message-ID: if a message was accepted without an answer, it
  // is not accepted twice.
  const head = `From: <${anna}>\r\nTo: <${anna}>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@keys.test>\r\n`;
  let reply = '';
  const sent = async (): Promise<boolean> => {
    const client = await SmtpClient.open(front.smtp, loginOf('anna'));
    try {
      reply = await client.submit(anna, [anna], Buffer.from(`${head}\r\nb\r\n`));
      return true;
    } finally {
      client.wire.destroy();
    }
  };
  const later = (error: unknown): false => {
    if (error instanceof UnexpectedReply && error.reply.startsWith('4')) return false;
    throw error;
  };
  await until(`${subject} is taken`, () => sent().catch(later), PATIENCE, 200);
  return acceptedId(reply);
}

/** Subjects of the messages in anna's mailbox. */
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
