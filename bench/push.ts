/**
 * `npm run bench:push`: measures messages pushed a second to one partner and to eight, in turns
 * with what Postfix relays to the same servers.
 *
 *   npm run bench:push -- [--messages 2000] [--rounds 3] [--json] [--keep NAME]
 *
 * First both get a full queue over SMTP, while nothing may leave. Then both may send; the partners'
 * servers (bench/sink.ts, with TLS and reused connections) note the time of the first and the last
 * message. Postfix reuses TLS connections and otherwise has its defaults. It needs root and
 * Postfix.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { testCertificates } from '../test/support/certificates.ts';
import { Instance, addressOf, freePort, loginOf } from '../test/support/instance.ts';
import { Postfix } from '../test/support/postfix.ts';
import { SmtpClient } from '../test/support/smtp-client.ts';
import { Gauge } from './gauge.ts';
import { LoopWatch } from '../test/support/loop-watch.ts';
import type { SinkHears, SinkSays } from './sink.ts';
import { median, round } from './stats.ts';

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
const messages = Number(options.messages);
const rounds = Number(options.rounds);
const SIZE = 10_240;
const FILLERS = 4;
/** Milliseconds after which a run that hangs is ended. */
const PATIENCE = 300_000;

const say = (text: string): void => console.error(text);
const domain = (i: number): string => `partner${i}.test`;

class Sink {
  readonly #child: ChildProcess;
  readonly ports: readonly number[];

  private constructor(child: ChildProcess, ports: readonly number[]) {
    this.#child = child;
    this.ports = ports;
  }

  static async start(servers: number, key: string, certificate: string): Promise<Sink> {
    const child = fork(fileURLToPath(new URL('./sink.ts', import.meta.url)), { execArgv: [] });
    child.send({ open: { key, certificate, servers } } satisfies SinkHears);
    const [said] = (await once(child, 'message')) as [SinkSays];
    if (!('ports' in said)) throw new Error('the sink did not open');
    return new Sink(child, said.ports);
  }

  /** Resolves to the messages a second between the first and the last of `n`. */
  async expect(n: number): Promise<{ readonly rate: number; readonly connections: number }> {
    this.#child.send({ expect: n } satisfies SinkHears);
    const [said] = (await once(this.#child, 'message', { signal: AbortSignal.timeout(PATIENCE) })) as [SinkSays];
    if (!('arrived' in said)) throw new Error('the sink said something else');
    const [first, last] = said.arrived;
    return { rate: ((n - 1) * 1000) / (last - first), connections: said.connections };
  }

  stop(): void {
    this.#child.disconnect();
  }
}

interface Pushed {
  readonly rate: number;
  readonly connections: number;
  /** Milliseconds of processor time for each message; not measured for Postfix. */
  readonly cpu?: number;
  readonly loopP99?: number;
}

const line = `${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3'.slice(0, 76)}\r\n`;
const content = (n: number, to: string): Buffer =>
  Buffer.from(
    `From: <${addressOf('sender')}>\r\nTo: <${to}>\r\nSubject: measured\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\n` +
      `Message-ID: <${n}.${process.pid}@client.test>\r\n\r\n${line.repeat(Math.round(SIZE / line.length))}`,
    'latin1',
  );

/** Submits `messages` messages, spread over the partners. */
async function fill(instance: Instance, partners: number): Promise<void> {
  const one = async (from: number): Promise<void> => {
    const client = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    for (let n = from; n < messages; n += FILLERS) {
      const to = `ward@${domain(n % partners)}`;
      await client.submit(addressOf('sender'), [to], content(n, to), { pipelined: true });
    }
    await client.quit();
  };
  await Promise.all(Array.from({ length: FILLERS }, (_, i) => one(i)));
}

async function pushBySluis(sink: Sink, partners: number, ca: string): Promise<Pushed> {
  const instance = await Instance.create();
  try {
    instance.addAccounts(['sender']);
    instance.sluis('organisation', 'set', 'ledger', 'messages-per-hour=10000000', 'recipients-per-hour=10000000');
    for (let i = 0; i < partners; i += 1) {
      instance.addPartner(`partner${i}`, sink.ports[i] ?? 0, ca);
      instance.sluis('partner', 'suspend', `partner${i}`);
    }
    const filling = await instance.serve();
    await fill(instance, partners);
    await filling.stop();
    for (let i = 0; i < partners; i += 1) instance.sluis('partner', 'resume', `partner${i}`);
    const arrived = sink.expect(messages);
    const loop = new LoopWatch(instance);
    const served = await instance.serve(loop.options);
    const gauge = new Gauge(served, loop);
    const before = gauge.cpu();
    const { rate, connections } = await arrived;
    const cpu = (gauge.cpu() - before) / messages;
    const { p99 } = await gauge.loopDelay();
    await served.stop();
    return { rate, connections, cpu: round(cpu), loopP99: p99 };
  } finally {
    instance.remove();
  }
}

async function relayByPostfix(sink: Sink, partners: number, key: string, certificate: string): Promise<Pushed> {
  const port = await freePort();
  const all = Array.from({ length: partners }, (_, i) => i);
  const maps = all.map((i) => `{ ${domain(i)} = smtp:[127.0.0.1]:${sink.ports[i] ?? 0} }`).join(' ');
  const postfix = await Postfix.start({
    ...{ port, key, certificate, domain: all.map(domain).join(', '), transport: 'smtp:[127.0.0.1]:9', tls: false },
    more: [
      ...[`transport_maps = inline:{ ${maps} }`, 'defer_transports = smtp'],
      ...['smtp_tls_security_level = encrypt', 'smtp_tls_connection_reuse = yes'],
    ],
  });
  const etc = join(postfix.folder, 'etc');
  try {
    for (const i of all)
      execFileSync('smtp-source', [
        ...['-s', String(FILLERS), '-m', String(share(i, partners)), '-l', String(SIZE)],
        ...['-f', addressOf('sender'), '-t', `ward@${domain(i)}`, `inet:127.0.0.1:${port}`],
      ]);
    const arrived = sink.expect(messages);
    execFileSync('postconf', ['-c', etc, '-e', 'defer_transports =']);
    execFileSync('postfix', ['-c', etc, 'reload'], { stdio: 'ignore' });
    execFileSync('postqueue', ['-c', etc, '-f']);
    return await arrived;
  } finally {
    await postfix.stop();
  }
}

const share = (i: number, partners: number): number => Math.floor((messages - i - 1) / partners) + 1;

async function main(): Promise<void> {
  const { server, ca } = await testCertificates();
  const sink = await Sink.start(8, server.key, server.certificate);
  const results: object[] = [];
  try {
    for (const partners of [1, 8]) {
      const ours: Pushed[] = [];
      const theirs: Pushed[] = [];
      for (let n = 1; n <= rounds; n += 1) {
        ours.push(await pushBySluis(sink, partners, ca.certificate));
        theirs.push(await relayByPostfix(sink, partners, server.key, server.certificate));
        say(
          `${partners} partners, round ${n}: ${ours.at(-1)?.rate.toFixed(0)} a second; Postfix ${theirs.at(-1)?.rate.toFixed(0)}`,
        );
      }
      const [mine, postfix] = [median(ours.map(({ rate }) => rate)), median(theirs.map(({ rate }) => rate))];
      results.push({
        partners,
        messages,
        sluis: round(mine),
        postfix: round(postfix),
        ratio: round(mine / postfix),
        ours,
        theirs,
      });
    }
  } finally {
    sink.stop();
  }
  const folder = fileURLToPath(new URL(`../bench/${options.keep === undefined ? 'out' : 'results'}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${options.keep ?? 'push'}.json`), `${JSON.stringify(results, null, 2)}\n`);
  if (options.json) console.log(JSON.stringify(results));
  else console.table(results, ['partners', 'messages', 'sluis', 'postfix', 'ratio']);
}

await main();
