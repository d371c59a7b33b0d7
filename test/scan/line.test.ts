/**
 * One question to a clamd that is slow, lies, floods, cuts or is not there: each ends, with what is
 * known of it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { milliseconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type Answer, type LineParts, ScanEnded, askClamd } from '../../src/scan/line.ts';
import { EICAR } from '../../src/scan/proof.ts';
import { FakeClamd, type FakeClamdOptions } from '../support/clamd.ts';

const MiB = 1 << 20;

const line = (path: string, time = 5000): LineParts => {
  const each = milliseconds(time);
  return { at: { path }, times: { connect: each, send: each, reply: each }, clock: systemClock };
};

async function* pieces(count: number, octets = 64 * 1024): AsyncGenerator<Uint8Array, void, void> {
  const piece = Buffer.alloc(octets, 'x');
  for (let n = 0; n < count; n += 1) yield piece;
}

async function* of(content: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield content;
}

const ask = (fake: FakeClamd, content: AsyncIterable<Uint8Array>, time?: number): Promise<Answer> =>
  askClamd(line(fake.path, time), 'INSTREAM', content);

const start = (t: TestContext, options?: FakeClamdOptions): Promise<FakeClamd> => FakeClamd.start(t, options);

test('askClamd() sends content octet for octet, and reads the answer', async (t) => {
  const fake = await start(t);
  const answer = await ask(fake, of(EICAR));
  assert.deepEqual(answer, { kind: 'answer', text: 'stream: Eicar-Test-Signature FOUND', whole: true });
  assert.deepEqual(fake.streams[0]?.content, EICAR);
  assert.equal((await ask(fake, pieces(50))).kind, 'answer');
  assert.equal(fake.streams[1]?.octets, 50 * 64 * 1024);
  assert.deepEqual(await askClamd(line(fake.path), 'VERSION'), { kind: 'answer', text: 'ClamAV 1.4.3', whole: true });
});

test('askClamd() reads the answer of a scanner that cut the stream, although its own writing fails', async (t) => {
  const fake = await start(t, {
    piece: (octets, socket) => {
      if (octets < MiB) return false;
      socket.write('INSTREAM size limit exceeded. ERROR\0');
      socket.destroySoon();
      return true;
    },
  });
  for (let n = 0; n < 20; n += 1)
    assert.deepEqual(await ask(fake, pieces(500)), {
      kind: 'answer',
      text: 'INSTREAM size limit exceeded. ERROR',
      whole: false,
    });
});

test('askClamd() knows the answer that ends in a newline', async (t) => {
  const fake = await start(t);
  fake.answers = () => 'COMMAND READ TIMED OUT\n';
  const answer = await ask(fake, of(EICAR));
  assert.deepEqual(answer, { kind: 'answer', text: 'COMMAND READ TIMED OUT', whole: true });
});

test('askClamd() gives up a scanner that does not answer, floods, or ends without a word', async (t) => {
  const fake = await start(t);
  fake.answers = () => undefined;
  const silent = await ask(fake, of(EICAR), 100);
  assert.deepEqual(silent, { kind: 'failed', because: 'slow', why: 'it did not answer', sent: EICAR.length });
  fake.answers = () => 'x'.repeat(10_000_000);
  const flood = await ask(fake, of(EICAR));
  assert.deepEqual(flood, {
    kind: 'failed',
    because: 'error',
    why: 'it answered over 4096 octets',
    sent: EICAR.length,
  });
  fake.answers = () => '';
  const cut = await ask(fake, of(EICAR));
  assert.ok(cut.kind === 'failed' && cut.because === 'cut');
  fake.answers = ({ socket }) => void socket.destroy();
  assert.ok((await ask(fake, of(EICAR))).kind === 'failed');
});

test('askClamd() takes no more content than a slow scanner does, and gives it up in time', async (t) => {
  const fake = await start(t, { piece: () => true });
  let asked = 0;
  const content = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of pieces(10_000)) {
      asked += piece.length;
      yield piece;
    }
  };
  const answer = await ask(fake, content(), 200);
  assert.ok(answer.kind === 'failed' && answer.because === 'slow');
  assert.equal(answer.why, 'it took no more of the content');
  assert.ok(asked < 2 * MiB, `${asked} octets were asked for`);
});

test('askClamd() says that no scanner is there: no socket, and one that nobody listens on', async (t) => {
  const fake = await start(t);
  await fake.stop();
  rmSync(fake.path, { force: true });
  const absent = await ask(fake, of(EICAR));
  assert.deepEqual(absent, { kind: 'failed', because: 'away', why: 'ENOENT', sent: 0 });
  const nobody: LineParts = { ...line(''), at: { host: '127.0.0.1', port: 1 } };
  const refused = await askClamd(nobody, 'INSTREAM', of(EICAR));
  assert.deepEqual(refused, { kind: 'failed', because: 'away', why: 'ECONNREFUSED', sent: 0 });
});

test('askClamd() ends when its client has gone, and hands on what the store throws', async (t) => {
  const fake = await start(t);
  fake.answers = () => undefined;
  const gone = new AbortController();
  setTimeout(() => gone.abort(), 20);
  await assert.rejects(askClamd(line(fake.path), 'INSTREAM', of(EICAR), gone.signal), ScanEnded);
  await assert.rejects(askClamd(line(fake.path), 'INSTREAM', of(EICAR), AbortSignal.abort()), ScanEnded);
  const broken = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield* pieces(1);
    throw new Error('the store is broken');
  };
  await assert.rejects(ask(fake, broken()), /the store is broken/);
});

test('askClamd() says full where the line of those who wait at its socket is', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-full-'));
  const server = createServer((socket) => socket.once('data', () => socket.end('ClamAV 1.4.3\0')));
  const path = join(folder, 'clamd.ctl');
  await new Promise<void>((resolve) => server.listen({ path, backlog: 1 }, resolve));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  // In one turn, so that nobody is let in meanwhile.
  const answers = await Promise.all(Array.from({ length: 10 }, () => askClamd(line(path), 'VERSION')));
  const said = answers.map((answer) => (answer.kind === 'failed' ? answer.because : answer.kind));
  assert.deepEqual([...new Set(said)].toSorted(), ['answer', 'full']);
});
