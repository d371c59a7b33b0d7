/**
 * Compares POST /v1/messages with SMTP submission:
 *
 *   npm run bench:api-send -- [--rounds 5] [--seconds 6] [--connections 8]
 *
 * One gateway, in turns, with so many kept connections and messages of 10 KB. The exit code is 1 if
 * POST is slower than SMTP. After that, it sends 50 MB as message/rfc822 and as JSON, and shows how
 * much the resident memory of the gateway grew.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/output.ts';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { HttpWire } from '../test/support/http-wire.ts';
import { Instance, type Served, addressOf, apiListener, freePort } from '../test/support/instance.ts';
import type { WireTarget } from '../test/support/wire.ts';
import { cpuOf } from './gauge.ts';
import { type Outcome, PASSWORD, discard, logInOnce, submit } from './load.ts';
import { compose } from './messages.ts';
import { Samples, median, round } from './stats.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '8' },
  },
});
const rounds = Number(flags.rounds);
const milliseconds = 1000 * Number(flags.seconds);
const connections = Number(flags.connections);
const SIZE = 10_240;
const MB50 = 49_900_000;
/** Octets of the JSON. The line ends of the message that is made from it do not count. */
const MB50_JSON = 47_000_000;
const names = Array.from({ length: connections }, (_, i) => `b${i}`);
const loginOf = (name: string): { login: string; password: string } => ({ login: name, password: PASSWORD });
const PATH = '/messages';
const RFC822 = 'Content-Type: message/rfc822';

async function post(target: WireTarget): Promise<Outcome> {
  const latency = new Samples();
  let done = 0;
  const start = performance.now();
  const end = start + milliseconds;
  const client = async (index: number): Promise<void> => {
    const sender = addressOf(`b${index}`);
    const content = compose(SIZE, sender, 'text', 0);
    const id = content.indexOf('0000000000@');
    const https = await HttpWire.open(target, loginOf(`b${index}`));
    for (let n = 0; performance.now() < end; n += 1) {
      content.write(String(n).padStart(10, '0'), id, 'latin1');
      const to = addressOf(names[n % names.length] ?? 'b0');
      const sent = performance.now();
      https.begin(PATH, content.length, randomUUID(), [RFC822, `Sluis-Recipients: ${to}`]);
      if (!https.wire.send(content)) await https.wire.drained();
      const { status, json } = await https.answer();
      latency.add(performance.now() - sent);
      if (status !== 201) throw new Error(`POST was answered ${status}: ${JSON.stringify(json)}`);
      done += 1;
    }
    https.wire.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, i) => client(i)));
  return { done, milliseconds: performance.now() - start, latency };
}

const smtp = (instance: Instance): Promise<Outcome> =>
  submit(instance, { connections, perConnection: 1_000_000, size: SIZE, turns: names, milliseconds });

interface Side {
  readonly name: string;
  readonly run: () => Promise<Outcome>;
  readonly rates: number[];
  readonly cpu: number[];
  /** Milliseconds of processor time of this process, the client, on the same machine. */
  readonly client: number[];
}

async function rates(instance: Instance, served: Served, target: WireTarget): Promise<number> {
  const side = (name: string, run: Side['run']): Side => ({ name, run, rates: [], cpu: [], client: [] });
  const sides = [side('SMTP', () => smtp(instance)), side('POST', () => post(target))];
  for (let n = 0; n <= rounds; n += 1)
    // The second of a pair finds other pages in the cache, so the order changes.
    for (const { name, run, rates: found, cpu, client } of n % 2 === 0 ? sides : sides.toReversed()) {
      const before = cpuOf(served.pid);
      const ours = process.cpuUsage();
      const { done, milliseconds: took, latency } = await run();
      const used = (cpuOf(served.pid) - before) / done;
      const own = process.cpuUsage(ours);
      client.push((own.user + own.system) / 1000 / done);
      const there = await discard(instance, names);
      if (there < done) throw new Error(`${done} messages were accepted, ${there} are in the maildrops`);
      const rate = (1000 * done) / took;
      console.error(
        `${n === 0 ? 'warm-up' : `round ${n}`} ${name}: ${round(rate)} a second, p99 ${round(latency.at(0.99))} ms`,
      );
      if (n === 0) continue;
      found.push(rate);
      cpu.push(used);
    }
  // The ratio is taken round by round: the machine may be half as fast again in the next round, but
  // both halves of a round meet the same machine.
  const [mail, http] = sides.map(({ rates: found }) => found);
  const ratio = median((http ?? []).map((rate, n) => rate / (mail?.[n] ?? 1)));
  console.log(
    table(
      ['ROAD', 'MESSAGES A SECOND', 'CPU MS', 'OF THE CLIENT'],
      sides.map(({ name, rates: found, cpu, client }) => [
        name,
        round(median(found)),
        round(median(cpu)),
        round(median(client)),
      ]),
    ),
  );
  console.log(`POST is ${round(ratio)} times SMTP in the middle one of ${rounds} rounds; at least 1 is wanted`);
  return ratio;
}

/** Sends 50 MB in slices that are made once. */
async function large(target: WireTarget, type: string, head: string, line: string, tail: string): Promise<void> {
  const https = await HttpWire.open(target, loginOf('b0'));
  const slice = Buffer.from(line.repeat(Math.floor(65_536 / line.length)), 'latin1');
  const count = Math.floor(((tail === '' ? MB50 : MB50_JSON) - head.length - tail.length) / slice.length);
  const recipients = type.endsWith('rfc822') ? [`Sluis-Recipients: ${addressOf('b1')}`] : [];
  const length = Buffer.byteLength(head) + count * slice.length + tail.length;
  https.begin(PATH, length, randomUUID(), [`Content-Type: ${type}`, ...recipients]);
  https.wire.send(head);
  for (let n = 0; n < count; n += 1) if (!https.wire.send(slice)) await https.wire.drained();
  https.wire.send(tail);
  const { status, json } = await https.answer();
  if (status !== 201) throw new Error(`50 MB were answered ${status}: ${JSON.stringify(json)}`);
  https.wire.destroy();
}

async function memory(served: Served, target: WireTarget): Promise<void> {
  const sender = addressOf('b0');
  const kinds = [
    [
      'message/rfc822',
      `From: <${sender}>\r\nSubject: large\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <l@x>\r\n\r\n`,
      `${'B'.repeat(76)}\r\n`,
      '',
    ],
    [
      'application/json',
      `{"from":"${sender}","to":["${addressOf('b1')}"],"attachments":[{"name":"a","type":"application/pdf","content":"`,
      'QUJD',
      '"}]}',
    ],
  ] as const;
  for (const [type, head, line, tail] of kinds) {
    const idle = served.memory().now;
    served.resetPeak();
    await large(target, type, head, line, tail);
    console.log(`50 MB as ${type}: resident memory grew by ${round((served.memory().peak - idle) / 1024)} MiB`);
  }
}

const port = await freePort();
const instance = await Instance.create({ configuration: apiListener(port) });
try {
  instance.addAccounts(names, { hash: await hashPassword(PASSWORD) });
  const hour = ['messages-per-hour=10000000', 'recipients-per-hour=10000000', 'octets-per-hour=1000000000000'];
  instance.sluis('organisation', 'set', 'ledger', ...hour);
  const served = await instance.serve();
  const target = { ...instance.target('submissions'), port };
  await logInOnce(instance, names, 8);
  const ratio = await rates(instance, served, target);
  await memory(served, target);
  await served.stop();
  if (ratio < 1) process.exitCode = 1;
} finally {
  instance.remove();
}
