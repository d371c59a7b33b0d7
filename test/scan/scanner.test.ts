/**
 * The scanner behind a clamd that a test tells what to do: whose turn it is, what an OK is worth.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { hours, milliseconds, seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ScanEnded } from '../../src/scan/line.ts';
import { EICAR } from '../../src/scan/proof.ts';
import { Scanner, type ScannerParts } from '../../src/scan/scanner.ts';
import { readVersion } from '../../src/scan/trust.ts';
import { type Answers, FakeClamd, type FakeClamdOptions, eicarFound } from '../support/clamd.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { until } from '../support/until.ts';

const PLAIN = Buffer.from('Subject: x\r\n\r\ntext\r\n');

const content = (octets: Uint8Array, times = 1): { slices(): AsyncIterable<Uint8Array> } => ({
  slices: async function* () {
    for (let n = 0; n < times; n += 1) yield octets;
  },
});

interface Bench {
  readonly fake: FakeClamd;
  readonly scanner: Scanner;
  readonly log: MemoryLog;
}

async function bench(t: TestContext, more: Partial<ScannerParts> = {}, options?: FakeClamdOptions): Promise<Bench> {
  const fake = await FakeClamd.start(t, options);
  const log = new MemoryLog();
  const time = milliseconds(5000);
  const scanner = new Scanner({
    at: { path: fake.path },
    times: { connect: time, send: time, reply: time },
    clock: systemClock,
    log,
    scans: 4,
    wait: time,
    silentLimits: 'away',
    ...more,
  });
  t.after(() => scanner.stop());
  return { fake, scanner, log };
}

test('scan() says what clamd found, once it has shown that it tells of its limits', async (t) => {
  const { fake, scanner } = await bench(t);
  assert.deepEqual(await scanner.scan(content(EICAR), 'a'), { kind: 'found', name: 'Eicar-Test-Signature' });
  assert.equal(fake.begun, 1, 'what is found needs no proof');
  assert.deepEqual(await scanner.scan(content(PLAIN), 'a'), { kind: 'clean' });
  assert.equal(fake.begun, 4, 'an OK needs both archives');
  assert.deepEqual(await scanner.scan(content(PLAIN), 'a'), { kind: 'clean' });
  assert.equal(fake.begun, 5, 'once');
  assert.equal(scanner.times.count, 3);
});

for (const [what, silent] of [
  ['a large member', (octets: number) => octets > 1_500_000],
  ['many small members', (octets: number) => octets < 1_500_000],
] as const)
  test(`scan() believes no OK of a scanner that says OK beyond its limits, of ${what}`, async (t) => {
    const { fake, scanner, log } = await bench(t);
    const answers: Answers = (stream) =>
      stream.octets > 100_000 && silent(stream.octets) ? 'stream: OK\0' : eicarFound(stream);
    fake.answers = answers;
    const verdict = await scanner.scan(content(PLAIN), 'a');
    assert.ok(verdict.kind === 'failed' && verdict.because === 'limits', JSON.stringify(verdict));
    assert.deepEqual(log.names, ['scan.limits-silent']);
    assert.deepEqual(await scanner.scan(content(EICAR), 'a'), { kind: 'found', name: 'Eicar-Test-Signature' });
    const lenient = await bench(t, { silentLimits: 'warn' });
    lenient.fake.answers = answers;
    assert.deepEqual(await lenient.scanner.scan(content(PLAIN), 'a'), { kind: 'clean' });
    assert.deepEqual(lenient.log.names, ['scan.limits-silent']);
  });

test('scan() proves a scanner anew that was away', async (t) => {
  const { fake, scanner, log } = await bench(t);
  await scanner.scan(content(PLAIN), 'a');
  await fake.stop();
  rmSync(fake.path, { force: true });
  const away = await scanner.scan(content(PLAIN), 'a');
  assert.ok(away.kind === 'failed' && away.because === 'away');
  await fake.listen();
  fake.answers = () => 'stream: OK\0';
  const silent = await scanner.scan(content(PLAIN), 'a');
  assert.ok(silent.kind === 'failed' && silent.because === 'limits');
  assert.deepEqual(log.names, ['scan.ready', 'scan.away', 'scan.limits-silent']);
});

test('start() proves the scanner before mail comes', async (t) => {
  const { scanner, log } = await bench(t, {}, { version: 'ClamAV 1.4.3/27823/Tue Nov 24 09:41:12 2026' });
  scanner.start();
  await until('the scanner is proved', () => log.names.includes('scan.ready'));
  assert.deepEqual(scanner.examined, {
    standing: { kind: 'proven' },
    version: 'ClamAV 1.4.3',
    signatures: Date.UTC(2026, 10, 24, 9, 41, 12),
  });
});

test('a scanner of another version is proved anew, and each once a day', async (t) => {
  const clock = new FakeClock();
  const long = hours(1000);
  let [version, asked] = ['ClamAV 1.4.3', 0];
  const { fake, scanner } = await bench(
    t,
    { clock, times: { connect: long, send: long, reply: long } },
    {
      get version() {
        asked += 1;
        return version;
      },
    },
  );
  scanner.start();
  /** Looks are ten seconds apart. */
  const looksUntil = (what: string, holds: () => boolean): Promise<void> =>
    until(what, () => {
      if (!holds()) clock.advance(seconds(10));
      return holds();
    });
  await until('it was proved', () => scanner.examined.standing.kind === 'proven');
  const before = asked;
  await looksUntil('it was asked thrice', () => asked >= before + 3);
  assert.equal(fake.begun, 2, 'the two archives, once');
  version = 'ClamAV 1.4.4';
  await looksUntil('it was proved again', () => fake.begun === 4 && scanner.examined.version === version);
  clock.advance(hours(24));
  await looksUntil('a day is over', () => fake.begun === 6);
});

test('scan() takes no OK that came before the content had ended', async (t) => {
  const { scanner } = await bench(
    t,
    {},
    {
      piece: (octets, socket) => {
        if (octets < 1000) return false;
        socket.end('stream: OK\0');
        return true;
      },
    },
  );
  const verdict = await scanner.scan(content(Buffer.alloc(64 * 1024), 200), 'a');
  assert.ok(verdict.kind === 'failed' && verdict.because === 'error');
  assert.match(verdict.why, /before it had the content/);
});

test('scan() takes a stream that is ended without a word for too large, where it was long and the scanner is well', async (t) => {
  const limit = { octets: 2 << 20 };
  const { scanner } = await bench(
    t,
    {},
    {
      piece: (octets, socket) => {
        if (octets < limit.octets) return false;
        socket.destroy();
        return true;
      },
    },
  );
  assert.equal((await scanner.scan(content(Buffer.alloc(64 * 1024), 100), 'a')).kind, 'too-large');
  limit.octets = 1000;
  assert.equal((await scanner.scan(content(Buffer.alloc(1000)), 'a')).kind, 'failed');
});

test('scan() lets half of its places to one account, and gives the next one to another', async (t) => {
  const { fake, scanner } = await bench(t, { scans: 4 });
  await scanner.scan(content(PLAIN), 'first');
  const held: (() => void)[] = [];
  fake.answers = ({ socket }) => void held.push(() => socket.end('stream: OK\0'));
  fake.most = 0;
  const greedy = Array.from({ length: 10 }, () => scanner.scan(content(PLAIN), 'greedy'));
  await until('two of its ten are under way', () => held.length === 2);
  const other = scanner.scan(content(PLAIN), 'other');
  await until('the other has its turn', () => held.length === 3);
  assert.equal(scanner.waiting, 8);
  held[2]?.();
  assert.deepEqual(await other, { kind: 'clean' });
  fake.answers = eicarFound;
  for (const end of held) end();
  assert.equal((await Promise.all(greedy)).filter(({ kind }) => kind === 'clean').length, 10);
  assert.equal(fake.most, 3);
});

test('scan() waits for its turn no longer than it is told, and not for a client that has gone', async (t) => {
  const { fake, scanner } = await bench(t, { scans: 1, wait: milliseconds(100) });
  fake.answers = () => undefined;
  const gone = new AbortController();
  const first = scanner.scan(content(PLAIN), 'a', gone.signal);
  await until('it is under way', () => fake.streams.length === 1);
  const late = await scanner.scan(content(PLAIN), 'b');
  assert.ok(late.kind === 'failed' && late.because === 'full');
  const left = scanner.scan(content(PLAIN), 'c', gone.signal);
  gone.abort();
  await assert.rejects(first, ScanEnded);
  await assert.rejects(left, ScanEnded);
  assert.equal(scanner.waiting, 0);
});

test('readVersion() reads program and signatures, and nothing that is no clamd', () => {
  assert.deepEqual(readVersion('ClamAV 1.4.3'), { version: 'ClamAV 1.4.3' });
  assert.deepEqual(readVersion('ClamAV 1.4.3/27823/Tue Nov 24 09:41:12 2026'), {
    version: 'ClamAV 1.4.3',
    signatures: Date.UTC(2026, 10, 24, 9, 41, 12),
  });
  for (const text of ['', 'PONG', 'UNKNOWN COMMAND', `ClamAV ${'9'.repeat(1000)}`])
    assert.equal(readVersion(text), undefined);
});
