/**
 * Requests to the OpenID provider: over https alone, with its certificate verified, within a
 * deadline, and with an answer of limited size. No redirect is followed. The client library makes
 * all its requests through this function, so a provider that hangs or sends too much holds up one
 * login and fills no memory.
 */
import { request } from 'node:https';
import type { Milliseconds } from '../../domain/units.ts';
import { joinSmall } from '../../platform/bytes.ts';

/**
 * The provider cannot be reached, did not answer in time, answered too much, or says that it cannot
 * serve now.
 */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable';
}

export interface ProviderLine {
  /**
   * PEM of the only authorities that may have issued its certificate; empty: those of the system.
   */
  readonly authorities: readonly string[];
  /** Covers everything from the look-up of the name to the last octet of the answer. */
  readonly deadline: Milliseconds;
  /** Most octets of an answer. */
  readonly most: number;
}

/** The part of the options of `fetch` that the library passes. */
interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const MAX_HEADER = 16_384;
/** Statuses of answers without a body. `Response` throws if one of these has a body. */
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
