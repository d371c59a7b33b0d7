/**
 * Octets of an answer and whose memory they are: a slice goes back to the store when it has left,
 * and never before.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Line, writeAnswer } from '../../../src/api/core/respond.ts';
import { milliseconds } from '../../../src/domain/units.ts';
import { givenBack } from '../../../src/platform/given-back.ts';

/** A connection that takes a write when it is told to. */
function stalledLine(): { readonly line: Line; readonly writes: (() => void)[]; readonly gone: AbortController } {
  const writes: (() => void)[] = [];
  const gone = new AbortController();
  const response = {
    writeHead: () => response,
    write: (_octets: Uint8Array, taken: () => void) => writes.push(taken) < 0,
  };
  const line = {
    guest: { signal: gone.signal, deadline: () => undefined },
    response: response as unknown as ServerResponse,
    head: false,
    close: false,
    sendTime: milliseconds(1000),
    headers: {},
  };
  return { line: line as unknown as Line, writes, gone };
}

function content(slices: readonly Uint8Array[]): {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly released: Uint8Array[];
} {
  const released: Uint8Array[] = [];
  const read = async function* () {
    for (const slice of slices) yield await Promise.resolve(slice);
  };
  return { released, stream: givenBack({ slices: read, release: (slice) => void released.push(slice) }) };
}

const SLICES = [new Uint8Array(100_000), new Uint8Array(10)];
const answerOf = (stream: AsyncIterable<Uint8Array>) =>
  ({ status: 200, type: 'text/plain', length: 100_010, stream }) as const;

test('a slice is given back once, when the last write of it was taken', async () => {
  const { line, writes } = stalledLine();
  const { stream, released } = content(SLICES);
  const done = writeAnswer(line, answerOf(stream));
  const seen: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    await turn();
    seen.push(released.length);
    assert.equal(writes.length, n + 1, 'one write at a time');
    writes[n]?.();
  }
  await done;
  assert.deepEqual([...seen, released.length], [0, 0, 1, 2]);
  assert.deepEqual(released, SLICES);
});

test('a slice whose write is under way when the connection goes is left alone', async () => {
  const { line, writes, gone } = stalledLine();
  const { stream, released } = content(SLICES);
  const done = writeAnswer(line, answerOf(stream));
  await turn();
  gone.abort();
  await done;
  writes[0]?.();
  await turn();
  assert.deepEqual([writes.length, released.length], [1, 0]);
});
