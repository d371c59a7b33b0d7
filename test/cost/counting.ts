/**
 * Preloaded into a gateway (`node --import`), in all its threads: counts what the work on a message
 * costs, in exact figures and not in times.
 *
 * On SIGUSR2 it writes the counts since the start into the file that COST_FILE names, as JSON. All
 * threads count in one piece of shared memory.
 */
import Database from 'better-sqlite3';
import crypto from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { MessagePort, Worker, getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

export const COUNTERS = [
  'statements',
  'transactions',
  'hashes',
  'hashedOctets',
  'messages',
  'tlsWrites',
  'logWrites',
  'copiedOctets',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** Shorter copies are addresses, digests and replies, not content. */
const CONTENT = 1024;
const KEY = 'sluis-test-cost';
if (isMainThread) setEnvironmentData(KEY, new SharedArrayBuffer(8 * COUNTERS.length));
const counts = new BigInt64Array(getEnvironmentData(KEY) as unknown as SharedArrayBuffer);
const count = (counter: Counter, n = 1): void => {
  Atomics.add(counts, COUNTERS.indexOf(counter), BigInt(n));
};

type Anything = (...given: unknown[]) => unknown;

/** Calls `seen` before each call of a method. */
function before(owner: object, name: string, seen: (self: unknown, given: readonly unknown[]) => void): void {
  const methods = owner as Record<string, Anything>;
  const method = methods[name];
  if (method === undefined) throw new Error(`there is no ${name} to count`);
  methods[name] = function (this: unknown, ...given) {
    seen(this, given);
    return method.apply(this, given);
  };
}

const lengthOf = (given: unknown): number =>
  typeof given === 'string' ? given.length : ((given as Uint8Array | undefined)?.byteLength ?? 0);

function countStatements(): void {
  const db = new Database(':memory:');
  const statement: object = db.prepare('SELECT 1');
  const proto = Object.getPrototypeOf(statement) as object;
  const seen = (self: unknown): void => {
    count('statements');
    if (/^\s*COMMIT/i.test((self as { source: string }).source)) count('transactions');
  };
  for (const name of ['run', 'get', 'all', 'iterate']) before(proto, name, seen);
  db.close();
}

function countHashes(): void {
  const module = crypto as unknown as Record<string, Anything>;
  for (const name of ['createHash', 'hash'])
    if (name in module)
      before(module, name, (_self, [algorithm, octets]) => {
        if (algorithm !== 'sha256') return;
        count('hashes');
        if (name === 'hash') count('hashedOctets', lengthOf(octets));
      });
  before(crypto.Hash.prototype, 'update', (_self, [octets]) => count('hashedOctets', lengthOf(octets)));
  syncBuiltinESMExports();
}

function countCopies(): void {
  const seen = (octets: number): void => {
    if (octets >= CONTENT) count('copiedOctets', octets);
  };
  const concat = Buffer.concat.bind(Buffer);
  Buffer.concat = (list: readonly Uint8Array[], total?: number) => {
    const made = concat(list, total);
    seen(made.length);
    return made;
  };
  before(Buffer.prototype as object, 'copy', (self, [, , from = 0, to = (self as Buffer).length]) =>
    seen(Number(to) - Number(from)),
  );
  before(Uint8Array.prototype, 'set', (_self, [source]) => seen(lengthOf(source)));
}

function countWrites(): void {
  before(Socket.prototype, '_writeGeneric', (self) => {
    if (self instanceof TLSSocket) count('tlsWrites');
  });
  if (isMainThread) before(process.stderr, 'write', () => count('logWrites'));
}

function countMessages(): void {
  for (const owner of [Worker.prototype, MessagePort.prototype]) before(owner, 'postMessage', () => count('messages'));
}

countStatements();
countHashes();
countCopies();
countWrites();
countMessages();
if (isMainThread) {
  const file = process.env.COST_FILE ?? '';
  process.on('SIGUSR2', () => {
    const told = Object.fromEntries(COUNTERS.map((counter, i) => [counter, Number(Atomics.load(counts, i))]));
    writeFileSync(`${file}.new`, JSON.stringify(told));
    renameSync(`${file}.new`, file);
  });
}
