/**
 * The thread that reads: a connection that cannot write, no transaction between two requests,
 * content opened (unsealed) here.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { RegistryError } from '../registry.ts';
import { openReading } from './database.ts';
import { Outgoing } from './outgoing.ts';
import type { ReaderAnswer, ReaderHears, ReaderRequest, ReaderSays } from './reader-protocol.ts';
import { ReaderWorker } from './reader-work.ts';

export interface ReaderStart {
  readonly path: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
}

/** Answers of one message to the caller: more would keep the first one waiting. */
const TURN = 32;

export function serve(port: MessagePort, start: ReaderStart): void {
  const db = openReading(start.path);
  const work = new ReaderWorker(db, new KeyFolder(start.keyFolder, start.masterKey));
  const waiting: ReaderRequest[] = [];
  let closing = false;
  const say = (message: ReaderSays, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  const hear = (message: ReaderHears): void => {
    if (message.kind === 'close') closing = true;
    else waiting.push(...message.requests);
  };
  const drain = (): void => {
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: ReaderHears } | undefined;
      if (received === undefined) return;
      hear(received.message);
    }
  };
  port.on('message', (message: ReaderHears) => {
    hear(message);
    drain();
    while (waiting.length > 0) {
      const outgoing = new Outgoing();
      const answers = waiting.splice(0, TURN).map((call): ReaderAnswer => {
        const { n } = call;
        try {
          return { n, out: work.run(call, outgoing) };
        } catch (error) {
          const refused =
            error instanceof RegistryError
              ? { refused: error.kind }
              : error instanceof RangeError
                ? { refused: 'range' as const }
                : {};
          return { n, error: error instanceof Error ? error.message : String(error), ...refused };
        }
      });
      say({ kind: 'answers', answers }, outgoing.transfer);
      drain();
    }
    if (closing) {
      db.close();
      say({ kind: 'closed' });
      port.close();
    }
  });
  say({ kind: 'ready' });
}

if (parentPort !== null) serve(parentPort, workerData as ReaderStart);
