/**
 * kill -9 of the gateway while an account goes to another organisation: afterwards it is here or
 * there, and whoever logs in finds all of its mail, under the UIDLs of before.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { effort } from '../support/effort.ts';
import { start } from '../support/command-line.ts';
import { Instance, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';

const MESSAGES = 4000;
const ROUNDS = effort(3, 6);
let instance: Instance;

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['anna']);
  instance.sluis('organisation', 'add', 'zuid', '--title', 'Zorggroep Zuid');
  const maildir = join(instance.folder, 'old');
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
  for (let n = 1; n <= MESSAGES; n += 1)
    writeFileSync(join(maildir, 'new', `${n}.old`), `Subject: ${n}\r\n\r\n${n}\r\n`);
  instance.sluis('mailbox', 'import', 'anna', '--maildir', maildir);
});
after(() => instance.remove());

test(`${ROUNDS} times killed, the account is whole on one side or the other`, { timeout: 240_000 }, async (t) => {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const said: string[] = [];
  let resumed = 0;
  const serve = () => instance.serve({ hear: (text) => (resumed += text.includes('store.move-resumed') ? 1 : 0) });
  let served = await serve();
  const uidls = async (): Promise<string[]> => {
    const client = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
    const listed = [...(await client.uidl()).values()];
    await client.quit();
    return listed;
  };
  const expected = await uidls();
  const db = new Database(join(instance.data, 'sluis.db'), { readonly: true });
  t.after(() => db.close());
  assert.equal(expected.length, MESSAGES);
  const organisation = (): string =>
    db
      .prepare<[], string>(
        "SELECT o.name FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.login = 'anna'",
      )
      .pluck()
      .get() ?? '';
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = organisation();
    const command = start([
      ...['account', 'move', 'anna', '--organisation', at === 'zuid' ? 'ledger' : 'zuid'],
      ...['--from', from, '--config', instance.config, '--json'],
    ]);
    // Until it has begun, seen in the database; then a little later each time.
    const rows = db.prepare('SELECT 1 FROM account_move');
    while (rows.get() === undefined && command.child.exitCode === null) await pause(1);
    await pause(20 * round);
    await served.kill();
    await command.end('SIGKILL');
    const before = resumed;
    served = await serve();
    const found = await uidls();
    said.push(`${organisation()}${resumed > before ? ' (continued)' : ''}`);
    assert.deepEqual(found, expected, `round ${round}: ${said.join(', ')}`);
  }
  t.diagnostic(said.join(', '));
  assert(resumed > 0, 'no kill came in the middle');
  assert.equal(await served.stop(), 0);
  assert.match(instance.sluis('audit', 'verify'), /./);
});
