/**
 * Sends by SMTP and fetches by POP3 as a mail program does, with the parameters and endings that
 * tests of notices need.
 */
import { Pop3Client } from './pop3-client.ts';
import { type Login, SmtpClient, acceptedId } from './smtp-client.ts';
import type { WireTarget } from './wire.ts';

export interface Sending {
  readonly from: string;
  /** Recipients, each with or without RCPT parameters such as `NOTIFY=SUCCESS`. */
  readonly to: readonly (string | readonly [address: string, parameters: string])[];
  /** Parameters of MAIL FROM, such as `RET=HDRS ENVID=x`. */
  readonly parameters?: string;
  /** CRLF line ends, dots stuffed, ending in CRLF. */
  readonly content: string | Buffer;
}

/** Sends a message. Resolves to its id. */
export async function send(
  target: WireTarget,
  login: Login,
  { from, to, parameters, content }: Sending,
): Promise<string> {
  const client = await SmtpClient.open(target, login);
  await client.command(`MAIL FROM:<${from}>${parameters === undefined ? '' : ` ${parameters}`}`, '250');
  for (const recipient of to) {
    const [address, more] = typeof recipient === 'string' ? [recipient, ''] : recipient;
    await client.command(`RCPT TO:<${address}>${more === '' ? '' : ` ${more}`}`, '250');
  }
  await client.command('DATA', '354');
  client.wire.send(content);
  client.wire.send('.\r\n');
  const id = acceptedId(await client.expect('250'));
  await client.quit();
  return id;
}

/**
 * Fetches all messages. `quit`: ends as it should. `delete`: deletes them all first. `drop`: the
 * connection breaks after the last message.
 */
export async function fetchAll(
  target: WireTarget,
  login: Login,
  how: 'quit' | 'delete' | 'drop' = 'delete',
): Promise<string[]> {
  const client = await Pop3Client.open(target, login);
  const { messages } = await client.stat();
  const fetched: string[] = [];
  for (let n = 1; n <= messages; n += 1) fetched.push((await client.fetch(n)).toString('latin1'));
  if (how === 'delete') for (let n = 1; n <= messages; n += 1) await client.command(`DELE ${n}`);
  if (how === 'drop') client.wire.destroy();
  else await client.quit();
  return fetched;
}

export const subjectsOf = (messages: readonly string[]): string[] =>
  messages.map((message) => /^Subject: (.*(?:\r\n[ \t].*)*)\r$/m.exec(message)?.[1] ?? '');
