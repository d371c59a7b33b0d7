/**
 * A morning at a helpdesk, for pictures of the console: two operators, some mail, a backup of last
 * night, and a result that somebody asks for.
 */
import type { TestContext } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { days, hours, minutes } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestConsole, operator, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';

const ACCOUNTS = ['uitslagen', 'assistente', 'dokter'] as const;
/** Messages in each of the hours before. */
const TRAFFIC = [1, 0, 2, 1, 3];

export interface ConsoleScene {
  readonly console: TestConsole;
  /** By the name of the picture. */
  readonly pages: Readonly<Record<'console-today' | 'console-message', string>>;
}

export async function consoleScene(t: TestContext): Promise<ConsoleScene> {
  // Tomorrow at three: certificates of the test are valid, and hours begin at the same minute in
  // each run.
  const clock = new FakeClock((Math.floor(Date.now() / days(1)) + 1) * days(1) + hours(3));
  const configuration = '[backup]\nfolder = "backup"\n';
  const console = await startConsole(t, { accounts: ACCOUNTS, clock, configuration });
  const { gateway } = console;
  await runOperation(
    'backup.take',
    gateway.admin,
    {},
    { actor: operator, who: OWNER_SAID, progress: () => undefined },
    gateway.log,
  );
  const result = async (n: number): Promise<string> => {
    const [from, to] = [addressOf(ACCOUNTS[0]), addressOf(ACCOUNTS[1])];
    const content = `From: ${from}\r\nTo: ${to}\r\nSubject: Uitslag\r\nMessage-ID: <${88231 + n}@lab.test>\r\n\r\nx\r\n`;
    return await send(gateway.target('submission'), loginOf(ACCOUNTS[0]), { from, to: [to], content });
  };
  let [id, sent] = ['', 0];
  for (const messages of TRAFFIC) {
    for (let n = 0; n < messages; n += 1) id = await result((sent += 1));
    clock.advance(hours(1));
  }
  await fetchAll(gateway.target('pop3s'), loginOf(ACCOUNTS[1]), 'quit');
  clock.advance(minutes(7));
  await console.loggedIn('jan', 'owner');
  return { console, pages: { 'console-today': '/', 'console-message': `/messages/${id}` } };
}
