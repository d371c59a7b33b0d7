/**
 * One account with 28 connections does all it can, and another sends a small message now and then: it waits a few turns, not behind the whole of
 * the first one's work. Then the same without turns, which must be far worse.
 *
 * Waiting is measured in the processor time that the gateway spends between the first octet of a message and its `250`: what it does for others
 * before it comes to this one. The clock would measure the machine. What the clock says is told beside it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { pgpSeals } from '../../src/crypto/pgp-seals.ts';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import { openStore } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { makeKey, secretOf } from '../crypto/pgp/support.ts';
import { registered } from '../middleware/pgp-support.ts';
import { Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { MemoryLog } from '../support/log.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { quantile } from './support/attack.ts';

const CONNECTIONS = 28;
const MESSAGES = 12;
/** Milliseconds for one series, of messages that wait. */
const PATIENCE = 6000;
/**
 * How many times its own work a message may wait for, where all threads count: on two cores the clock says half of that. Some 4 to 9 are usual, 16 to 40 and
 * more without turns.
 */
const MOST = 20;
const NO_TURNS = new URL('support/no-turns.js', import.meta.url).href;
let instance: Instance;

before(async () => {
  instance = await Instance.create();
  instance.addAccounts(['greedy', 'modest', 'plain', 'closed']);
  const config = loadConfig(instance.config);
  const store = await openStore(config, { clock: systemClock, log: new MemoryLog() });
  const actor = { name: 'test' };
  const pgp = new Pgp();
  const seals = pgpSeals(() => readMasterKey(config), randomBytes);
  for (const name of ['closed', 'greedy', 'modest']) {
    const key = await makeKey(pgp, name);
    const record = registered(key, { emails: [addressOf(name)] });
    const sealed = name === 'closed' ? {} : { sealedKey: await seals.seal(key.fingerprint, secretOf(key)) };
    await store.pgpKeys.add(name, { ...record, ...sealed }, 'imported', actor);
    const settings = {
      'messages-per-hour': 1_000_000,
      'recipients-per-hour': 1_000_000,
      // Plain mail is to be plain: both have a key that could sign.
      sign: 'never',
      ...(name === 'closed' ? { encrypt: 'required', 'protection-by': 'pgp' } : {}),
    };
    await store.registry.changeSettings({ scope: 'account', login: name }, settings, actor);
  }
  await pgp.close();
  await store.close();
});
after(() => instance.remove());

interface Load {
  readonly what: string;
  readonly to: string;
  /** Content type and body. */
  readonly content: Buffer;
  /** Octets of the other's messages. */
  readonly modest: number;
  /** Without turns the other waits for far more; not so where there is little work left to wait for. */
  readonly control?: true;
}

const text = (octets: number): Buffer => Buffer.from(`\r\n${`${'B'.repeat(76)}\r\n`.repeat(Math.ceil(octets / 78))}`);

/** S/MIME content in strings of one octet. */
function bomb(octets: number): Buffer {
  const begin = '308006092a864886f70d010702a080308002010131003080' + '06092a864886f70d010701a0802480';
  const cms = Buffer.concat([Buffer.from(begin, 'hex'), Buffer.alloc(octets, '\x04\x01A'), Buffer.alloc(14)]);
  const head = 'MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\n';
  const lines = cms.toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.from(`${head}Content-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`);
}

const LOADS: readonly Load[] = [
  { what: 'pieces of one octet', to: 'plain', content: bomb(600_000), modest: 2000 },
  { what: 'plain bulk', to: 'plain', content: text(1_000_000), modest: 150_000 },
  { what: 'OpenPGP', to: 'closed', content: text(40_000), modest: 2000, control: true },
];

const headOf = (name: string): Buffer =>
  Buffer.from(
    `From: <${addressOf(name)}>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${Math.random()}@x>\r\nSubject: x\r\n`,
  );

/** Milliseconds of processor time of all threads. */
function spent({ pid }: Served): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [used = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ');
    sum += Number(used) / 1e6;
  }
  return sum;
}

interface Waited {
  readonly work: number[];
  readonly clock: number[];
}

async function modest(served: Served, { to, modest: octets }: Load): Promise<Waited> {
  const waited: Waited = { work: [], clock: [] };
  const client = await SmtpClient.open(instance.target('submission'), loginOf('modest'));
  const end = performance.now() + PATIENCE;
  for (let i = 0; i < MESSAGES && performance.now() < end; i += 1) {
    const began = { work: spent(served), clock: performance.now() };
    const content = Buffer.concat([headOf('modest'), text(octets)]);
    await client.submit(addressOf('modest'), [addressOf(to)], content, { pipelined: true });
    waited.work.push(spent(served) - began.work);
    waited.clock.push(performance.now() - began.clock);
  }
  client.wire.destroy();
  return waited;
}

/** Sends without a pause over all its connections, until it is told to stop. */
function greedy({ to, content }: Load): { readonly stop: () => Promise<number> } {
  const state = { stopped: false, sent: 0 };
  const one = async (): Promise<void> => {
    const client = await SmtpClient.open(instance.target('submission'), loginOf('greedy'));
    try {
      while (!state.stopped) {
        const message = Buffer.concat([headOf('greedy'), content]);
        await client.submit(addressOf('greedy'), [addressOf(to)], message, { pipelined: true });
        state.sent += 1;
      }
    } finally {
      client.wire.destroy();
    }
  };
  const all = Array.from({ length: CONNECTIONS }, one);
  return {
    stop: async () => {
      state.stopped = true;
      await Promise.all(all);
      return state.sent;
    },
  };
}

interface Measured {
  readonly quiet: Waited;
  readonly beside: Waited;
  readonly sent: number;
}

async function measure(load: Load, turns: boolean): Promise<Measured> {
  const served = await instance.serve(turns ? {} : { nodeOptions: ['--import', NO_TURNS] });
  try {
    await modest(served, load);
    const quiet = await modest(served, load);
    const other = greedy(load);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const beside = await modest(served, load);
    // Waiting for all that is under way would take longer than the measurement.
    const sent = await Promise.race([other.stop(), new Promise<number>((resolve) => setTimeout(resolve, 100, -1))]);
    return { quiet, beside, sent };
  } finally {
    await served.kill();
  }
}

const middle = (values: readonly number[]): number => quantile(values, 0.5);

for (const load of LOADS)
  test(`${load.what} over ${CONNECTIONS} connections of one account: another waits for a few turns`, async (t) => {
    const fair = await measure(load, true);
    const control = await measure(load, false);
    for (const [name, { quiet, beside }] of Object.entries({ 'with turns': fair, without: control }))
      t.diagnostic(
        `${name}: the gateway works ${middle(quiet.work).toFixed(1)} ms alone and ${middle(beside.work).toFixed(1)} ms beside (x ${(middle(beside.work) / middle(quiet.work)).toFixed(1)}); ` +
          `by the clock ${middle(quiet.clock).toFixed(0)} and ${middle(beside.clock).toFixed(0)} ms, ` +
          `longest ${quantile(quiet.clock, 1).toFixed(0)} and ${quantile(beside.clock, 1).toFixed(0)} ms (x ${(quantile(beside.clock, 1) / quantile(quiet.clock, 1)).toFixed(1)}), ${beside.work.length} messages`,
      );
    const work = middle(fair.beside.work);
    assert.ok(
      work < MOST * middle(fair.quiet.work),
      `${work.toFixed(1)} ms of work before a small message is accepted`,
    );
    if (load.control === true)
      assert.ok(middle(control.beside.work) > 1.3 * work, 'without turns it waits no longer: this shows nothing');
  });
