/**
 * A practice with three mailboxes in maildirs of another server, and a gateway with its accounts.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Commands, commandsOn } from './command-line.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './gateway.ts';
import { Pop3Client } from './pop3-client.ts';

export interface Region {
  readonly gateway: TestGateway;
  readonly commands: Commands;
  /** Path of a file that lists the mailboxes, one a line. */
  readonly file: string;
  readonly maildirOf: (name: string) => string;
}

const NAMES = ['anna', 'bert', 'carla'];

/**
 * Makes three accounts of one practice. The first has one message at the old server, the second
 * two, the third three.
 */
export async function regionFor(t: TestContext, options: TestGatewayOptions = {}): Promise<Region> {
  const gateway = await startTestGateway({ ...options, accounts: NAMES });
  const folder = mkdtempSync(join(tmpdir(), 'sluis-takeover-'));
  t.after(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const maildirOf = (name: string): string => join(folder, name);
  for (const [i, name] of NAMES.entries()) {
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildirOf(name), part), { recursive: true });
    for (let n = 1; n <= i + 1; n += 1) deliver(maildirOf(name), `${1_764_158_400 + n}.M${n}.old`, `${name} ${n}`);
  }
  const file = join(folder, 'wave.csv');
  const lines = NAMES.map((name) => `${addressOf(name)},${maildirOf(name)},${name}`);
  writeFileSync(file, ['account,maildir,user', ...lines, ''].join('\n'));
  return { gateway, file, maildirOf, commands: commandsOn(() => gateway.config.file) };
}

export const deliver = (maildir: string, name: string, subject: string): void =>
  writeFileSync(join(maildir, 'new', name), `From: x@old.test\r\nSubject: ${subject}\r\n\r\ntext\r\n`);

export async function subjectsAt(gateway: TestGateway, name: string): Promise<ReadonlyMap<string, string>> {
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf(name));
  const all = new Map<string, string>();
  for (const [n, uidl] of await client.uidl())
    all.set(uidl, /^Subject: (.*?)\r$/m.exec((await client.fetch(n)).toString('latin1'))?.[1] ?? '');
  await client.quit();
  return all;
}
