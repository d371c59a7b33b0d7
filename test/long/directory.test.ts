/**
 * A directory of 5,000 entries, copied whole over TLS from a gateway in a process of its own:
 * within a second, and the event loop goes on.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { basic } from '../support/api.ts';
import { Instance, type Served, apiListener, freePort } from '../support/instance.ts';
import { LoopWatch } from '../support/loop-watch.ts';

const ENTRIES = 5000;
/** Milliseconds. */
const WITHIN = 1000;
const LOOP = 50;
const PASSWORD = 'Secret-directory-pw';

let instance: Instance;
let served: Served;
let loop: LoopWatch;
let agent: Agent;
let port = 0;

before(async () => {
  port = await freePort();
  instance = await Instance.create({ configuration: apiListener(port) });
  const names = Array.from({ length: ENTRIES }, (_, n) => `a${n}`);
  instance.addAccounts(names, { hash: await hashPassword(PASSWORD) });
  instance.sluis('organisation', 'set', 'ledger', 'directory-listing=yes', 'directory-entries-per-hour=1000000');
  loop = new LoopWatch(instance, { own: true });
  served = await instance.serve(loop.options);
  agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(instance.ca) });
});
after(async () => {
  agent.destroy();
  assert.equal(await served.stop(), 0);
  instance.remove();
});

interface Answer {
  readonly status: number | undefined;
  readonly etag: string | undefined;
  readonly body: Buffer;
}

async function directory(headers: Readonly<Record<string, string>>): Promise<Answer> {
  const authorization = basic('a0', PASSWORD);
  const asked = request({
    agent,
    host: 'localhost',
    port,
    path: '/v1/directory',
    headers: { authorization, ...headers },
  });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return { status: answer.statusCode, etag: answer.headers.etag, body: Buffer.concat(pieces) };
}

test(`${ENTRIES} entries are copied within ${WITHIN} ms, and a copy that is still right costs nothing of that`, async (t) => {
  const ndjson = { accept: 'application/x-ndjson' };
  const first = await directory(ndjson);
  assert.equal(first.status, 200, first.body.toString().slice(0, 500));
  const entries = first.body.toString().trimEnd().split('\n');
  const addresses = new Set(entries.map((line) => (JSON.parse(line) as { readonly address: string }).address));
  assert.equal(addresses.size, ENTRIES);
  await loop.report(served);
  const took: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const begun = performance.now();
    const again = await directory(ndjson);
    took.push(performance.now() - begun);
    assert.equal(again.body.length, first.body.length);
  }
  const { own = Infinity } = await loop.report(served);
  const least = Math.min(...took);
  t.diagnostic(
    `${first.body.length} octets in ${took.map((ms) => ms.toFixed(0)).join(', ')} ms; loop held ${own.toFixed(1)} ms of its own`,
  );
  assert.ok(least <= WITHIN, `${least} ms`);
  assert.ok(own <= LOOP, `the event loop was held for ${own} ms`);
  const begun = performance.now();
  const same = await directory({ ...ndjson, 'if-none-match': first.etag ?? '' });
  t.diagnostic(`unchanged: ${(performance.now() - begun).toFixed(1)} ms`);
  assert.deepEqual([same.status, same.body.length], [304, 0]);
});
