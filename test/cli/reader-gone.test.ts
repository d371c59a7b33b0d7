/** `sluis ... | head`: whoever reads the output has seen enough. */
// @release: waits for buffers of the system to fill; cli/progress and runtime try what is written when nobody reads.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { MAIN } from '../support/command-line.ts';
import { Instance, Served, addressOf, loginOf } from '../support/instance.ts';
import { SmtpClient } from '../support/smtp-client.ts';

test('a command whose reader has gone ends without a stack trace', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  assert.equal(said, '');
  assert.equal(code, 1);
});

/** A gateway of which something prints to standard output when it hears SIGUSR2. */
const PRINTING = 'data:text/javascript,process.on("SIGUSR2",()=>process.stdout.write("printed"))';

async function servesWithout(t: TestContext, ...gone: readonly ('stdout' | 'stderr')[]): Promise<Served> {
  const instance = await Instance.create();
  t.after(() => instance.remove());
  instance.addAccounts(['sender', 'anna']);
  const child = spawn(process.execPath, ['--import', PRINTING, MAIN, 'serve', '--config', instance.config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const served = new Served(child, ['Secret-']);
  for (const name of gone) child[name].destroy();
  await served.greeting([instance.ports.submission, instance.ports.pop3]);
  // Twice: what survived its first broken pipe must survive the next one as well.
  for (let n = 0; n < 2; n += 1) {
    served.signal('SIGUSR2');
    const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    const content = `From: ${addressOf('sender')}\r\nTo: ${addressOf('anna')}\r\n\r\nBody.\r\n`;
    await client.submit(addressOf('sender'), [addressOf('anna')], Buffer.from(content));
    await client.quit();
  }
  assert.equal(await served.stop(), 0);
  return served;
}

test('a gateway goes on and logs when nobody reads its standard output', async (t) => {
  assert.match((await servesWithout(t, 'stdout')).log, /auth\.granted[\s\S]*gateway\.stopping/);
});

test('a gateway goes on when nobody reads its log', async (t) => {
  assert.equal((await servesWithout(t, 'stdout', 'stderr')).log, '');
});
