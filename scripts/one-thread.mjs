// Imported before a test file: what the store has in threads of its own runs in the test's thread, over the same ports and the same messages. A thread costs
// 220 ms of processor time to start and to load what it runs, a store has two, and the unit tests open some two thousand stores. What differs is only who
// waits while SQLite works.
//
// A file that judges threads themselves (one that ends, one that must not be held up, what may cross) says `@threads` in a comment, and has them. What is started
// as a program has them always: `faults`, `peers`, `postgres` and `long` know nothing of this.
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join, relative, sep } from 'node:path';
import threads, { MessageChannel, isMainThread } from 'node:worker_threads';

const HERE = new Set(['writer-thread.ts', 'reader-thread.ts']);

/** As much of a Worker as the store asks of one. */
class HereInstead extends EventEmitter {
  #port;

  constructor(script, { workerData }) {
    super();
    const { port1: ours, port2: theirs } = new MessageChannel();
    this.#port = ours;
    ours.on('message', (message) => this.emit('message', message));
    ours.once('close', () => this.emit('exit', 0));
    void import(script).then(
      ({ serve }) => {
        serve(theirs, globalThis.structuredClone(workerData));
        // Who waits for an answer keeps the process alive by the other end.
        theirs.unref();
      },
      (error) => this.emit('error', error),
    );
  }

  postMessage(message, transfer) {
    this.#port.postMessage(message, transfer);
  }

  ref() {
    this.#port.ref();
  }

  unref() {
    this.#port.unref();
  }

  async terminate() {
    this.#port.close();
  }
}

/** Of the test file that this process runs; none where it runs several. */
function wantsThreads() {
  const file = process.argv[1] ?? '';
  const below = relative(join(import.meta.dirname, '..'), file);
  return below.startsWith(`test${sep}`) && readFileSync(file, 'utf8').includes('@threads');
}

if (isMainThread && !wantsThreads()) {
  const { Worker } = threads;
  threads.Worker = new Proxy(Worker, {
    construct: (target, [script, options], as) =>
      script instanceof URL && HERE.has(basename(script.pathname))
        ? new HereInstead(script.href, options)
        : Reflect.construct(target, [script, options], as),
  });
  syncBuiltinESMExports();
}
