/**
 * What is asked of the OpenID provider: over https alone, its certificate verified, no redirect
 * followed, within a deadline, and of an answer no more than a bound. The client library asks by it
 * and by nothing else, so that a provider that hangs or pours holds up one login, and no memory.
 */
import { request } from 'node:https';
import type { Milliseconds } from '../../domain/units.ts';
import { joinSmall } from '../../platform/bytes.ts';

/** The provider did not answer, not in time, too much, or that it cannot now. */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable';
}

export interface ProviderLine {
  /** PEM of the only authorities that vouch for it; empty: those of the system. */
  readonly authorities: readonly string[];
  /** From the look-up of the name to the last octet of the answer. */
  readonly deadline: Milliseconds;
  /** Octets of an answer. */
  readonly most: number;
}

/** As the library hands it over (a part of what `fetch` takes). */
interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const MAX_HEADER = 16_384;
/** Statuses whose answer has no body, by which `Response` would throw. */
const EMPTY = [101, 204, 205, 304];

export function askProvider(
  { authorities, deadline, most }: ProviderLine,
  url: string,
  asked: Asked,
): Promise<Response> {
  const body = asked.body instanceof URLSearchParams || typeof asked.body === 'string' ? String(asked.body) : '';
  return new Promise((resolve, reject) => {
    const failed = (why: string, cause?: unknown): void => {
      clearTimeout(timer);
      reject(new ProviderUnreachable(`${new URL(url).origin} ${why}`, { cause }));
      sent.destroy();
    };
    const sent = request(url, {
      method: asked.method,
      headers: { ...asked.headers, ...(body !== '' && { 'content-length': String(Buffer.byteLength(body)) }) },
      agent: false,
      maxHeaderSize: MAX_HEADER,
      ...(authorities.length > 0 && { ca: [...authorities] }),
    });
    const timer = setTimeout(() => failed(`did not answer within ${deadline / 1000} s`), deadline);
    sent.on('error', (error) => failed('cannot be reached', error));
    sent.on('response', (answer) => {
      const { statusCode: status = 0 } = answer;
      if (status < 200 || status >= 500) return failed(`answered with status ${status}`);
      const pieces: Buffer[] = [];
      let octets = 0;
      answer.on('data', (piece: Buffer) => {
        octets += piece.length;
        if (octets > most) failed(`answered with more than ${most} octets`);
        else pieces.push(piece);
      });
      answer.on('error', (error) => failed('broke off its answer', error));
      answer.on('end', () => {
        clearTimeout(timer);
        const headers = { 'content-type': answer.headers['content-type'] ?? '' };
        resolve(new Response(EMPTY.includes(status) ? null : joinSmall(pieces).toString('utf8'), { status, headers }));
      });
    });
    sent.end(body);
  });
}
