/** Mail for scenes: letters that are sent, fetched and left. */
import { Pop3Client } from '../../support/pop3-client.ts';
import { SmtpClient } from '../../support/smtp-client.ts';
import { addressOf, loginOf } from '../../support/gateway.ts';
import type { Scene } from './frozen.ts';

export const letter = (from: string, to: string, id: string, body = 'Uitslag volgt.'): Buffer =>
  Buffer.from(
    `From: <${addressOf(from)}>\r\nTo: <${to}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${id}@x.test>\r\nSubject: ${id}\r\n\r\n${body}\r\n`,
  );

/** Kept as `id`: the id that the gateway gave it. */
export const sends =
  (from: string, to: string, id: string) =>
  async (scene: Scene): Promise<void> => {
    const client = await SmtpClient.open(scene.gateway.target('submission'), loginOf(from));
    const reply = await client.submit(addressOf(from), [to], letter(from, to, id));
    scene.kept[id] = /\b([0-7][0-9a-hjkmnp-tv-z]{12})\b/.exec(reply)?.[1] ?? '';
    await client.quit();
  };

/** A mailbox is fetched, and emptied where `removes` says so. */
export const fetches =
  (name: string, removes = false) =>
  async (scene: Scene): Promise<void> => {
    const client = await Pop3Client.open(scene.gateway.target('pop3'), loginOf(name));
    const { messages } = await client.stat();
    await client.uidl();
    for (let n = 1; n <= messages; n += 1) {
      await client.fetch(n);
      if (removes) await client.command(`DELE ${n}`);
    }
    await client.quit();
  };

export const files =
  (all: Readonly<Record<string, string>>) =>
  (scene: Scene): void => {
    for (const [name, text] of Object.entries(all)) scene.write(name, scene.filled(text));
  };
