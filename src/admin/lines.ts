/**
 * The framing of the control socket: one JSON value a line, in UTF-8, with at most as many octets
 * as the reader allows. Both ends read in this way, so neither can be made to hold more than one
 * line in memory.
 */
import type { Socket } from 'node:net';
import { logLines } from '../platform/log-lines.ts';

/**
 * Most octets of a request, or of one piece of an upload. JSON may need six octets for one
 * character.
 */
export const MAX_REQUEST = 256 * 1024;
/** Most octets of an answer, such as a page of a listing. */
export const MAX_ANSWER = 16 * 1024 * 1024;
/** Most characters of an upload in one line. */
export const PIECE = 32 * 1024;

export class LineError extends Error {
  override readonly name = 'LineError';
}

/**
 * Yields lines as they come, and ends when the peer ends. Throws LineError if a line is too long,
 * or if the peer ends inside a line.
 */
export async function* linesOf(socket: Socket, limit: number): AsyncGenerator<string, void, undefined> {
  let pieces: Buffer[] = [];
  let held = 0;
  // An error that leaves this loop must not destroy the socket, since the peer must still be told
  // why.
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(10, from);
      if (end < 0) break;
      if (held + end - from > limit) throw tooLong(limit);
      pieces.push(chunk.subarray(from, end));
      const line = Buffer.concat(pieces).toString('utf8');
      pieces = [];
      held = 0;
      from = end + 1;
      yield line;
    }
    if (from < chunk.length) {
      held += chunk.length - from;
      if (held > limit) throw tooLong(limit);
      pieces.push(chunk.subarray(from));
    }
  }
  if (held > 0) throw new LineError('the connection ended inside a line');
}

const tooLong = (limit: number): LineError => new LineError(`a line is longer than ${limit} octets`);

/** Writes one value, and waits until the peer can take more. */
export async function writeLine(socket: Socket, value: unknown): Promise<void> {
  if (socket.destroyed || !socket.writable) return;
  logLines.flush();
  if (socket.write(`${JSON.stringify(value)}\n`)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.once('drain', done).once('close', done);
  });
}

/** Parses a line that holds an object; undefined for anything else. */
export function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
