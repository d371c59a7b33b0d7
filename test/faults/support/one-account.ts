/**
 * One account that does all it can over many connections, and another that sends a small message
 * now and then: what the other waits.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../../src/config/load.ts';
import { readMasterKey } from '../../../src/config/master-key.ts';
import { pgpSeals } from '../../../src/crypto/keys/pgp-seals.ts';
import { Pgp } from '../../../src/crypto/pgp/pgp.ts';
import { openStore } from '../../../src/gateway/store.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { makeKey, secretOf } from '../../crypto/pgp/support.ts';
import { registered } from '../../protection/pgp-support.ts';
import { Instance, type Served, addressOf, loginOf } from '../../support/instance.ts';
import { MemoryLog } from '../../support/log.ts';
import { SmtpClient } from '../../support/smtp-client.ts';

export const CONNECTIONS = 28;
/** Milliseconds for one message in a series; a series that waits longer ends. */
const PATIENCE = 500;
const NO_TURNS = fileURLToPath(new URL('no-turns.ts', import.meta.url));
/** An instance with the accounts of the loads. */
export async function prepared(): Promise<Instance> {
  const instance = await Instance.create();
  instance.addAccounts(['greedy', 'modest', 'plain', 'closed']);
  instance.sluis('account', 'set', 'plain', 'quota=20GiB');
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
  return instance;
}

export interface Load {
  readonly what: string;
  readonly to: string;
  /** Content type and body. */
  readonly content: Buffer;
  /** Octets of the other's messages. */
  readonly modest: number;
  /**
   * Without turns the other waits for far more; not so where there is little work left to wait for.
   */
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

export const LOADS: readonly Load[] = [
  { what: 'pieces of one octet', to: 'plain', content: bomb(600_000), modest: 2000 },
  { what: 'plain bulk', to: 'plain', content: text(1_000_000), modest: 150_000 },
  { what: 'OpenPGP', to: 'closed', content: text(40_000), modest: 2000, control: true },
];

let messages = 0;
const headOf = (name: string): Buffer =>
  Buffer.from(
    `From: <${addressOf(name)}>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${(messages += 1)}@x>\r\nSubject: x\r\n`,
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

/** Milliseconds of all processors together since the machine started: at work, and altogether. */
function ofMachine(): Readonly<Record<'worked' | 'passed', number>> {
  // user nice system idle iowait irq softirq steal, in hundredths of a second (proc_stat(5)).
  const ticks = (/^cpu +([\d ]+)/.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '')
    .split(' ')
    .slice(0, 8)
    .map(Number);
  const passed = ticks.reduce((sum, one) => sum + one, 0);
  const [, , , idle = 0, waiting = 0] = ticks;
  return { worked: (passed - idle - waiting) * 10, passed: passed * 10 };
}

/**
 * Answers, when it is asked, how much of the machine's processors everything but this process and
 * `served` took since: a share of 1.
 */
function watchOthers(served: Served): () => number {
  const own = (): number => {
    const { user, system } = process.cpuUsage();
    return spent(served) + (user + system) / 1000;
  };
  const before = { ...ofMachine(), own: own() };
  return () => {
    const { worked, passed } = ofMachine();
    return (worked - before.worked - (own() - before.own)) / Math.max(1, passed - before.passed);
  };
}

export interface Waited {
  readonly work: number[];
  readonly clock: number[];
}

async function modest(
  instance: Instance,
  served: Served,
  { to, modest: octets }: Load,
  messages: number,
): Promise<Waited> {
  const waited: Waited = { work: [], clock: [] };
  const client = await SmtpClient.open(instance.target('submission'), loginOf('modest'));
  const end = performance.now() + messages * PATIENCE;
  for (let i = 0; i < messages && performance.now() < end; i += 1) {
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
function greedy(instance: Instance, { to, content }: Load): { readonly stop: () => Promise<number> } {
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

export interface Measured {
  readonly quiet: Waited;
  readonly beside: Waited;
  readonly sent: number;
  /**
   * What other processes took of the machine meanwhile, as a share of 1: the clock measures them as
   * well.
   */
  readonly others: number;
}

/** `messages`: of the other, in each series. */
export async function measure(
  instance: Instance,
  load: Load,
  { turns, messages }: { readonly turns: boolean; readonly messages: number },
): Promise<Measured> {
  const served = await instance.serve(turns ? {} : { script: NO_TURNS });
  try {
    await modest(instance, served, load, messages);
    const others = watchOthers(served);
    const quiet = await modest(instance, served, load, messages);
    const other = greedy(instance, load);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const beside = await modest(instance, served, load, messages);
    const share = others();
    // Waiting for all that is under way would take longer than the measurement.
    const sent = await Promise.race([other.stop(), new Promise<number>((resolve) => setTimeout(resolve, 100, -1))]);
    return { quiet, beside, sent, others: share };
  } finally {
    await served.kill();
  }
}
