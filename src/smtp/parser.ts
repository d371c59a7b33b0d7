/**
 * smtp-server's line parser with a data phase of ours: decoded slices go to a receiver that can hold the stream back, and commands that
 * came behind the final dot wait until the message was answered.
 */
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import type { DataDecoder } from './data-decoder.ts';

export interface DataReceiver {
  /** A promise holds the socket back. */
  write(slice: Buffer): Promise<void> | undefined;
  /** The final dot has come. Commands are read on when it resolves. */
  end(): Promise<void>;
}

type Next = (error?: Error | null) => void;

export class SubmissionParser extends SMTPStream {
  #decoder: DataDecoder | undefined;
  #receiver: DataReceiver | undefined;

  /** Everything from here on is data. */
  startData(decoder: DataDecoder, receiver: DataReceiver): void {
    this.#decoder = decoder;
    this.#receiver = receiver;
    this._dataMode = true;
    this.dataBytes = 0;
  }

  get inData(): boolean {
    return this.#decoder !== undefined;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding | 'buffer', next: Next): void {
    const decoder = this.#decoder;
    const receiver = this.#receiver;
    if (decoder === undefined || receiver === undefined) {
      super._write(chunk, encoding, next);
      return;
    }
    if (this.isClosed || chunk.length === 0) {
      next();
      return;
    }
    this.dataBytes += chunk.length;
    const { slice, rest } = decoder.push(chunk);
    const waiting = slice.length > 0 ? receiver.write(slice) : undefined;
    if (rest === undefined) {
      if (waiting === undefined) next();
      else waiting.then(() => next(), next);
      return;
    }
    this.#decoder = undefined;
    this.#receiver = undefined;
    this._dataMode = false;
    this._remainder = '';
    const finish = async (): Promise<void> => {
      await waiting;
      await receiver.end();
    };
    finish().then(() => this._write(rest, 'buffer', next), next);
  }
}
