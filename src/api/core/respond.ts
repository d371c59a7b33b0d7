/** Writes an answer: its headers, and its octets with back-pressure. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Milliseconds } from '../../domain/units.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { logLines } from '../../platform/log-lines.ts';
import type { Answer } from './answer.ts';
import { JSON_TYPE } from './body.ts';
import type { Problem } from './problem.ts';

/** Semantic version of the API as it is described; the first number is that of the path. */
export const API_VERSION = '1.0.0';
export const PROBLEM_TYPE = 'application/problem+json';

const YEAR = 31_536_000;
const COMMON: OutgoingHttpHeaders = {
  'api-version': API_VERSION,
  'cache-control': 'no-store',
  'strict-transport-security': `max-age=${YEAR}`,
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
const PIECE = 65_536;

export interface Line {
  readonly guest: Guest;
  readonly response: ServerResponse;
  /** The request was HEAD. */
  readonly head: boolean;
  /** The connection ends with this answer. */
  readonly close: boolean;
  readonly sendTime: Milliseconds;
  /** Headers about the caller's rate, and about a deprecated route. */
  readonly headers: OutgoingHttpHeaders;
}

export class AnswerBroken extends Error {
  override readonly name = 'AnswerBroken';
}

/**
 * Writes an answer. Throws what its stream throws, and AnswerBroken if the stream is not as long as
 * announced: then the connection cannot be used further.
 */
export async function writeAnswer(line: Line, answer: Answer): Promise<void> {
  if ('stream' in answer) {
    const { status, type, length, headers } = answer;
    begin(line, status, {
      'content-type': type,
      ...(length === undefined ? {} : { 'content-length': length }),
      ...headers,
    });
    if (!line.head) await pour(line, answer.stream, length);
    return;
  }
  if (!('json' in answer)) return begin(line, answer.status, bodiless(answer.status, answer.headers));
  writeText(line, answer.status, JSON.stringify(answer.json), { 'content-type': JSON_TYPE, ...answer.headers });
}

export function writeProblem(line: Line, problem: Problem): void {
  const { retryAfter, headers } = problem.members;
  writeText(line, problem.status, JSON.stringify(problem.json()), {
    'content-type': PROBLEM_TYPE,
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    ...headers,
  });
}

/** Headers of an answer without a body: a length of 0 says so, unless the status itself says it. */
const bodiless = (status: number, headers: OutgoingHttpHeaders | undefined): OutgoingHttpHeaders =>
  status === 204 || status === 304 ? { ...headers } : { 'content-length': 0, ...headers };

function writeText(line: Line, status: number, text: string, headers: OutgoingHttpHeaders): void {
  begin(line, status, { 'content-length': Buffer.byteLength(text), ...headers });
  // Header and text leave in one write, if the connection does not end with this answer.
  if (line.head) return;
  if (line.close) line.response.write(text);
  else line.response.end(text);
}

function begin({ response, headers: common, close }: Line, status: number, headers: OutgoingHttpHeaders): void {
  logLines.flush();
  response.writeHead(status, { ...COMMON, ...common, ...headers, ...(close ? { connection: 'close' } : {}) });
}

async function pour(
  { guest, response, sendTime }: Line,
  stream: AsyncIterable<Uint8Array>,
  length?: number,
): Promise<void> {
  let sent = 0;
  for await (const piece of stream) {
    sent += piece.length;
    if (length !== undefined && sent > length) throw new AnswerBroken(`more than ${length} octets`);
    for (let at = 0; at < piece.length; at += PIECE) {
      guest.deadline(sendTime);
      if (!(await written(response, piece.subarray(at, at + PIECE), guest.signal))) return;
    }
  }
  if (length !== undefined && sent !== length) throw new AnswerBroken(`${sent} octets of ${length}`);
}

/** Resolves when nothing refers to the octets; false: the connection has gone. */
function written(response: ServerResponse, octets: Uint8Array, gone: AbortSignal): Promise<boolean> {
  if (gone.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const ends = (): void => resolve(false);
    gone.addEventListener('abort', ends, { once: true });
    response.write(octets, (error) => {
      gone.removeEventListener('abort', ends);
      // A connection that breaks ends the request by its signal.
      if (error === null || error === undefined) resolve(true);
    });
  });
}
