/**
 * Two kinds of clamd: one whose answers the test decides, and Debian's own with signatures for
 * EICAR alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EICAR } from '../../src/scan/proof.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';

export interface Stream {
  readonly octets: number;
  /** The first MiB of the stream. */
  readonly content: Buffer;
  readonly socket: Socket;
}

/** The answer to a stream that has ended. Undefined: it never answers. */
export type Answers = (stream: Stream) => string | undefined;

export interface FakeClamdOptions {
  /** Called for every piece as it arrives. If it returns true, the rest is not read. */
  readonly piece?: (octets: number, socket: Socket) => boolean;
  readonly version?: string;
}

/**
 * Answers the large archives of the proof (src/scan/proof.ts) as a scanner does that reports its
 * limits.
 */
export const limitsTold: Answers = ({ content, octets }) =>
  content.subarray(0, 4).toString('latin1') === 'PK\x03\x04' && octets > 100_000
    ? 'stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0'
    : undefined;

export const eicarFound: Answers = (stream) =>
  limitsTold(stream) ?? (stream.content.includes(EICAR) ? 'stream: Eicar-Test-Signature FOUND\0' : 'stream: OK\0');

export class FakeClamd {
  readonly path: string;
  answers: Answers = eicarFound;
  /** Streams that have ended, without those of proofs. */
  readonly streams: Stream[] = [];
  /** Number of streams that have begun. */
  begun = 0;
  /** Number of open connections. */
  open = 0;
  most = 0;
  readonly #server: Server;
  readonly #options: FakeClamdOptions;
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string, options: FakeClamdOptions) {
    this.path = join(folder, 'clamd.ctl');
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(t: Cleanup, options: FakeClamdOptions = {}): Promise<FakeClamd> {
    const folder = mkdtempSync(join(tmpdir(), 'sluis-clamd-'));
    const fake = new FakeClamd(folder, options);
    await fake.listen();
    t.after(async () => {
      await fake.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return fake;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
  }

  /** Stops and removes the socket, as `systemctl stop` does. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.open -= 1;
    });
    socket.on('error', () => undefined);
    let waiting = Buffer.alloc(0);
    let begun = false;
    let octets = 0;
    let content = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      waiting = Buffer.concat([waiting, piece]);
      if (!begun) {
        const end = waiting.indexOf(0);
        if (end < 0) return;
        const command = waiting.subarray(0, end).toString('latin1');
        waiting = waiting.subarray(end + 1);
        if (command === 'zVERSION') return void socket.end(`${this.#options.version ?? 'ClamAV 1.4.3'}\0`);
        begun = true;
        this.begun += 1;
      }
      while (waiting.length >= 4) {
        const length = waiting.readUInt32BE(0);
        if (length === 0) return this.#ended({ octets, content, socket });
        if (waiting.length < 4 + length) return;
        octets += length;
        if (content.length < 1 << 20) content = Buffer.concat([content, waiting.subarray(4, 4 + length)]);
        waiting = waiting.subarray(4 + length);
        if (this.#options.piece?.(octets, socket) === true) {
          socket.pause();
          return;
        }
      }
    });
  }

  #ended(stream: Stream): void {
    if (limitsTold(stream) === undefined) this.streams.push(stream);
    const answer = this.answers(stream);
    if (answer !== undefined) stream.socket.end(Buffer.from(answer, 'latin1'));
  }
}

/**
 * Starts Debian's clamd on a socket of its own. `lines`: more lines of its configuration. It ends
 * with the test.
 */
export async function startClamd(t: Cleanup, lines: readonly string[] = []): Promise<{ path: string; port: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-clamd-'));
  for (const name of ['db', 'tmp']) mkdirSync(join(folder, name));
  const md5 = createHash('md5').update(EICAR).digest('hex');
  writeFileSync(join(folder, 'db', 'test.hdb'), `${md5}:${EICAR.length}:Eicar-Test\n`);
  writeFileSync(join(folder, 'db', 'test.ndb'), `Eicar-Body:0:*:${EICAR.toString('hex')}\n`);
  const path = join(folder, 'clamd.ctl');
  const port = Number(/TCPSocket (\d+)/.exec(lines.join('\n'))?.[1] ?? 0);
  const limits = ['AlertExceedsMax yes', 'MaxFileSize 4M', 'MaxScanSize 4M', 'StreamMaxLength 3M'];
  writeFileSync(
    join(folder, 'clamd.conf'),
    [
      ...[
        `DatabaseDirectory ${join(folder, 'db')}`,
        `TemporaryDirectory ${join(folder, 'tmp')}`,
        `LocalSocket ${path}`,
      ],
      ...['Foreground yes', ...(lines.length > 0 ? lines : limits), ''],
    ].join('\n'),
  );
  const clamd = spawn('clamd', ['-c', join(folder, 'clamd.conf')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` },
  });
  t.after(async () => {
    await endedProcess(clamd);
    rmSync(folder, { recursive: true, force: true });
  });
  await until('clamd takes connections', () => answers(path));
  return { path, port };
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

async function endedProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
