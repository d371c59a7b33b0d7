/**
 * `npm run bench:edi`: measures what the walk, its hashes, the EDI readers and the guards cost: for
 * each MB, for each small message, and for the rate of submissions.
 *
 *   npm run bench:edi -- [--rounds 7] [--messages 2000] [--keep NAME] [--under FOLDER]
 *
 * Costs are processor time of this process, medians of the rounds. The rate is that of `Submission`
 * on a store with FULL durability, with 16 sessions at the same time in this process. It has no
 * sockets and no TLS, so what is measured weighs more than in a gateway. Runs with and without the
 * walk take turns; without it, the walk sees no octet. bench/README.md says what each figure means.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NoticeWriter } from '../src/notices/notice-writer.ts';
import type { Address } from '../src/domain/address.ts';
import { octets } from '../src/domain/units.ts';
import { EdiCollector } from '../src/edi/collector.ts';
import { ediSteps } from '../src/gateway/middleware.ts';
import { Chain } from '../src/middleware/chain.ts';
import { MimeWalk } from '../src/mime/walk.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createSqliteStore, openSqliteStore } from '../src/store/sqlite/open.ts';
import type { Store } from '../src/store/port/store.ts';
import { ok } from '../src/domain/result.ts';
import { newSubmissionCounts } from '../src/smtp/server.ts';
import { Submission } from '../src/submission/submission.ts';
import type { Submitter } from '../src/submission/submitter.ts';
import { Instance, addressOf, loginOf } from '../test/support/instance.ts';
import { MemoryLog } from '../test/support/log.ts';
import { SmtpClient } from '../test/support/smtp-client.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    messages: { type: 'string', default: '2000' },
    keep: { type: 'string' },
    under: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(options.rounds);
const messages = Number(options.messages);
const SLICE = 64 * 1024;
const SESSIONS = 16;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

// --- content

const lines = (n: number): string =>
  Array.from({ length: n }, (_, i) => `TXT+${i}+A LINE OF A RESULT, AS LONG AS THEY ARE'`).join('\r\n');
const edifact = (size: number, reference = 'REF'): string => {
  const n = Math.round(size / 50);
  return `UNB+UNOA:1+500000001+500000002+261126:1000+${reference}'\r\nUNH+1+MEDLAB:1'\r\nBGM+LAB+${reference}'\r\n${lines(n)}\r\nUNT+${n + 3}+1'\r\nUNZ+1+${reference}'\r\n`;
};
const hl7 = (size: number): string =>
  `MSH|^~\\&|LAB|LAB|GP|GP|20261126||ORU^R01|1|P|2.4\r\n${'OBX|1|NM|718-7^HEMOGLOBIN||7.5|mmol/l|7.4-9.9||||F\r\n'.repeat(size / 52)}`;
const wrapped = (content: Buffer | string): string =>
  Buffer.from(content as string, 'latin1')
    .toString('base64')
    .replace(/.{76}/g, '$&\r\n');
const FROM = 'From: lab@bench.test\r\nMessage-ID: <@N@@@@@@@bench.test>\r\nMIME-Version: 1.0\r\n';
const base64 = (content: Buffer | string): Buffer =>
  Buffer.from(
    `${FROM}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${wrapped(content)}\r\n`,
  );
const plain = (content: string): Buffer => Buffer.from(`${FROM}Content-Type: text/plain\r\n\r\n${content}\r\n`);
const MB10 = 10_000_000;

const CONTENTS: readonly (readonly [id: string, text: string, content: Buffer])[] = [
  ['text', 'plain text', plain('A line of text, as people write it in a letter.\r\n'.repeat(MB10 / 49))],
  ['base64', 'random octets in base64', base64(randomBytes(MB10 * 0.73))],
  ['edifact', 'EDIFACT as the body', plain(edifact(MB10))],
  ['edifact-base64', 'EDIFACT in base64', base64(edifact(MB10 * 0.73))],
  ['hl7', 'HL7 as the body', plain(hl7(MB10))],
  ['small-text', 'a message of 10 KB, text', plain('A line of text, as people write it in a letter.\r\n'.repeat(200))],
  ['small-edi', 'a message of 10 KB, EDIFACT in base64', base64(edifact(7000))],
];

// --- the walk

/** Microseconds of processor time for one message. */
function walkOnce(content: Buffer, edi: boolean): number {
  const started = process.cpuUsage();
  const collector = new EdiCollector();
  const walk = edi ? new MimeWalk(collector.observe) : new MimeWalk();
  for (let at = 0; at < content.length; at += SLICE) walk.write(content.subarray(at, at + SLICE));
  const { leaves } = walk.end();
  collector.interchanges(new Set(leaves.map(({ path }) => path)));
  const { user, system } = process.cpuUsage(started);
  return user + system;
}

function walkCost(content: Buffer, edi: boolean): number {
  const times = content.length > 1_000_000 ? 1 : 2000;
  const taken: number[] = [];
  for (let r = 0; r < rounds + 1; r++) {
    let sum = 0;
    for (let i = 0; i < times; i++) sum += walkOnce(content, edi);
    // The first round is a warm-up for the compiler.
    if (r > 0) taken.push(sum / times);
  }
  return median(taken);
}

// --- submissions

async function openBench(folder: string): Promise<Store> {
  const log = new MemoryLog();
  const made = {
    ...{
      dataFolder: join(folder, 'data'),
      keyFolder: join(folder, 'keys'),
      masterKey: randomBytes(32),
      hostname: 'bench.test',
    },
    ...{ clock: systemClock, log },
  };
  await createSqliteStore(made);
  const store = await openSqliteStore(made);
  const actor = { name: 'bench' };
  const settings = {
    'messages-per-hour': 10_000_000,
    'recipients-per-hour': 10_000_000,
    quota: 2 ** 40,
    'resubmission-minutes': 0,
  };
  await store.registry.addOrganisation({ name: 'bench', title: 'Bench', language: 'nl' }, actor);
  for (const login of ['lab', 'gp']) {
    const addresses = [`${login}@bench.test` as Address];
    await store.registry.addAccount({ login, organisation: 'bench', kind: 'edi', addresses, settings }, actor);
  }
  const mine = ['500000001', '500000002'].map((id) => ({ id, qualifier: '', organisation: 'bench' }));
  await store.registry.addIdentities(mine, actor);
  return store;
}

interface Taken {
  /** Messages a second. */
  readonly rate: number;
  /** Microseconds of processor time for each message, all threads. */
  readonly cpu: number;
}

let made = 0;
/** Messages with a Message-ID and a reference each. */
const written = (small: (n: number) => Buffer): Buffer[] =>
  Array.from({ length: messages }, () => {
    made += 1;
    const content = small(made);
    content.write(String(made).padStart(8, '0'), content.indexOf('@N@@'));
    return content;
  });

async function submitAll(store: Store, contents: readonly Buffer[], withSteps: boolean): Promise<Taken> {
  const log = new MemoryLog();
  const found = await store.registry.findLogin('lab');
  if (found === undefined) throw new Error('the account is gone');
  const noticeWriter = new NoticeWriter({
    ...{ store, clock: systemClock, log, random: randomBytes, hostname: 'bench.test' },
    ...{ operator: 'postmaster@bench.test' as Address, returnLimit: octets(1000) },
  });
  const services = {
    ...{ store, clock: systemClock, log, hostname: 'bench.test', maxMessage: octets(2e7), maxRecipients: 100 },
    ...{
      counts: newSubmissionCounts(systemClock),
      middleware: new Chain(store, withSteps ? ediSteps({ store, log, noticeWriter }) : []),
    },
  };
  const submitter: Submitter = {
    ...{ account: found.account, organisation: found.organisation, session: 's', address: '127.0.0.1' },
    ...{ helo: 'bench', extended: true, tls: 'TLSv1.3' },
  };
  const waiting = contents.values();
  const session = async (): Promise<void> => {
    const submission = new Submission(services, submitter, () => Promise.resolve(ok(found)));
    for (const content of waiting) {
      const size = octets(content.length);
      const refused = await submission.mail('lab@bench.test', { size, body: '8BITMIME', smtpUtf8: false });
      const taken = await submission.recipient('gp@bench.test', {});
      const delivery = submission.begin();
      if (refused !== undefined || !taken.ok || !delivery.ok) throw new Error('the submission was refused');
      await delivery.value.incoming.write(content);
      const filed = await delivery.value.file();
      if (!filed.ok) throw new Error(`refused: ${filed.error.text} ${filed.error.detail ?? ''}`);
    }
  };
  const [started, used] = [performance.now(), process.cpuUsage()];
  await Promise.all(Array.from({ length: SESSIONS }, session));
  const { user, system } = process.cpuUsage(used);
  return { rate: (messages * 1000) / (performance.now() - started), cpu: (user + system) / messages };
}

/** Runs without the walk: it sees nothing and finds nothing. */
async function without<T>(run: () => Promise<T>): Promise<T> {
  const { write, end } = Object.getOwnPropertyDescriptors(MimeWalk.prototype);
  MimeWalk.prototype.write = () => undefined;
  MimeWalk.prototype.end = () => ({ leaves: [], limits: [] });
  try {
    return await run();
  } finally {
    Object.defineProperties(MimeWalk.prototype, { write, end });
  }
}

interface Rate {
  readonly id: string;
  readonly with: Taken;
  readonly without: Taken;
  /** Ratio of the rates with and without the walk, the median of the rounds. */
  readonly rateRatio: number;
  readonly cpuRatio: number;
}

async function rates(store: Store, id: string, small: (n: number) => Buffer): Promise<Rate> {
  const taken: { with: Taken; without: Taken }[] = [];
  const measure = {
    with: (): Promise<Taken> => submitAll(store, written(small), true),
    without: (): Promise<Taken> => {
      const contents = written(small);
      return without(() => submitAll(store, contents, false));
    },
  };
  for (let r = 0; r < rounds + 1; r++) {
    const first = r % 2 === 0 ? await measure.with() : undefined;
    const second = await measure.without();
    // The first round is a warm-up for the compiler.
    const pair = { with: first ?? (await measure.with()), without: second };
    if (r > 0) taken.push(pair);
  }
  const of = (which: 'with' | 'without'): Taken => ({
    rate: round(median(taken.map((t) => t[which].rate)), 0),
    cpu: round(median(taken.map((t) => t[which].cpu)), 0),
  });
  return {
    ...{ id, with: of('with'), without: of('without') },
    rateRatio: round(median(taken.map((t) => t.with.rate / t.without.rate))),
    cpuRatio: round(median(taken.map((t) => t.with.cpu / t.without.cpu))),
  };
}

const SMALL: readonly (readonly [id: string, small: (n: number) => Buffer])[] = [
  ['text', () => plain('A line of text, as people write it in a letter.\r\n'.repeat(200))],
  ['edi', (n) => base64(edifact(7000, `R${n}`))],
];

// --- a whole gateway

/**
 * Messages a second over SMTP with TLS and 8 connections. The gateway is a process of its own,
 * which examines messages or does not.
 */
async function gatewayRate(blind: boolean): Promise<number> {
  const instance = await Instance.create({ under: options.under });
  try {
    instance.addAccounts(['lab', 'gp']);
    const served = await instance.serve(blind ? { script: fileURLToPath(new URL('blind.ts', import.meta.url)) } : {});
    const from = addressOf('lab');
    const contents = written((n) =>
      Buffer.from(
        base64(edifact(7000, `R${n}`))
          .toString('latin1')
          .replace('lab@bench.test', from),
        'latin1',
      ),
    ).values();
    const clients = await Promise.all(
      Array.from({ length: 8 }, () => SmtpClient.open(instance.target('submission'), loginOf('lab'))),
    );
    const started = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        for (const content of contents) await client.submit(from, [addressOf('gp')], content);
        client.wire.destroy();
      }),
    );
    const rate = (messages * 1000) / (performance.now() - started);
    await served.kill();
    return rate;
  } finally {
    instance.remove();
  }
}

async function gatewayRates(): Promise<{ with: number; without: number; ratio: number }> {
  const taken: { with: number; without: number }[] = [];
  for (let r = 0; r < rounds; r++) {
    const first = r % 2 === 0 ? await gatewayRate(false) : undefined;
    const second = await gatewayRate(true);
    taken.push({ with: first ?? (await gatewayRate(false)), without: second });
  }
  return {
    with: round(median(taken.map((t) => t.with)), 0),
    without: round(median(taken.map((t) => t.without)), 0),
    ratio: round(median(taken.map((t) => t.with / t.without))),
  };
}

// --- the run

const costs = CONTENTS.map(([id, text, content]) => {
  const hashed = walkCost(content, false);
  const whole = walkCost(content, true);
  return {
    id,
    text,
    octets: content.length,
    walkAndHash: round(hashed),
    withEdi: round(whole),
    perMB: round(whole / (content.length / 1e6) / 1000),
  };
});
console.log('\nProcessor time, walk and SHA-256 / with the EDI readers\n');
for (const c of costs)
  console.log(
    `${c.text.padEnd(40)} ${(c.octets / 1e6).toFixed(2).padStart(6)} MB  ${c.octets > 1e6 ? `${round(c.walkAndHash / 1000, 1)} / ${round(c.withEdi / 1000, 1)} ms, ${c.perMB} ms a MB` : `${round(c.walkAndHash, 0)} / ${round(c.withEdi, 0)} us`}`,
  );

const folder = mkdtempSync(join(options.under, 'sluis-bench-edi-'));
try {
  const store = await openBench(folder);
  const measured: Rate[] = [];
  for (const [id, small] of SMALL) measured.push(await rates(store, id, small));
  await store.close();
  console.log(
    `\nSubmissions a second, ${SESSIONS} sessions, ${messages} messages a round, ${rounds} rounds in turns\n`,
  );
  for (const m of measured)
    console.log(
      `${m.id.padEnd(6)} with ${m.with.rate} (${m.with.cpu} us of CPU each), without ${m.without.rate} (${m.without.cpu} us): rate ${m.rateRatio}, CPU ${m.cpuRatio}`,
    );
  const gateway = await gatewayRates();
  console.log(
    `\nA whole gateway, 8 connections, EDIFACT alone: with ${gateway.with} a second, without ${gateway.without}: ratio ${gateway.ratio}`,
  );
  if (options.keep !== undefined) {
    const result = {
      at: new Date().toISOString(),
      node: process.version,
      cores: cpus().length,
      rounds,
      messages,
      costs,
      rates: measured,
      gateway,
    };
    const file = new URL(`../bench/results/${options.keep}.json`, import.meta.url);
    writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
