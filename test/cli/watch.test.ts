/** `--watch`: the same again and again, until Ctrl-C, or until the gateway has gone. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { watched } from '../../src/cli/watch.ts';
import { serving, sluisHere, start } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: [] });
  t.after(() => gateway.remove());
  return gateway;
}

test('status is shown each second until Ctrl-C, which ends it well', async (t) => {
  const gateway = await open(t);
  const before = await gateway.store.audit.head();
  const watching = start(['status', '--watch', '1', '--config', gateway.config.file]);
  const times = (): number => watching.stdout().split('Host name:').length - 1;
  while (times() < 2) await new Promise((resolve) => watching.child.stdout?.once('data', resolve));
  assert.equal(await watching.end('SIGINT'), 0);
  assert.match(watching.stdout(), /^Every 1 s, Ctrl-C ends it; \d\d:\d\d:\d\d\n\nHost name:/);
  assert(!watching.stdout().includes('\u001b'), 'a pipe gets no codes of a terminal');
  assert.equal(watching.stderr(), '');
  assert.deepEqual(await gateway.store.audit.head(), before);
});

test('with --json each time is an object', async (t) => {
  const gateway = await open(t);
  const watching = start(['status', '--watch', '1', '--json', '--config', gateway.config.file]);
  await watching.until('\n}\n');
  await watching.end('SIGINT');
  const [first = ''] = watching.stdout().split(/(?<=\n\}\n)/);
  assert.equal((JSON.parse(first) as { hostname: string }).hostname, 'mail.test');
});

test('a gateway that goes ends it, and the store is left to the next one', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  const running = await serving(gateway.config.file);
  const watching = start(['status', '--watch', '1', '--config', gateway.config.file]);
  await watching.until('Host name:');
  await running.end();
  const code = await new Promise<number | null>((resolve) => watching.child.once('exit', resolve));
  assert.notEqual(code, 0);
  assert.match(watching.stderr(), /^Cannot |gateway/);
});

test('a terminal is drawn anew, and what is no good does not end it', async () => {
  const drawn: string[] = [];
  const nothing = (): void => undefined;
  const terminal = { out: nothing, err: nothing, redraw: (text: string) => void drawn.push(text), code: 0 };
  await watched(terminal, { seconds: 1 }, (shown) => {
    shown.out('one\n');
    shown.err('Not ready\n');
    process.emit('SIGINT');
    return Promise.resolve();
  });
  assert.equal(drawn.length, 1);
  assert.match(drawn[0] ?? '', /\n\none\nNot ready\n$/);
});

test('a number of seconds that is none is refused', async () => {
  for (const seconds of ['0', '3601', 'x'])
    assert.equal((await sluisHere(['status', `--watch`, seconds, '--config', '/nowhere'])).code, 2);
});
