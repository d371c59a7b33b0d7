/**
 * Has heads of the audit trail stamped by a time-stamping authority (RFC 3161): whoever holds the
 * gateway and all its keys cannot make a head of yesterday.
 *
 * What is stamped is the line of an anchor, without its end. The tokens lie beside the anchors, a
 * file a day, and `openssl ts -verify` checks them.
 */
import { hash } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import {
  MAX_TIME_STAMP,
  readTimeStampResponse,
  timeStampNonce,
  timeStampRequest,
  verifyTimeStamp,
} from '../crypto/trail/time-stamp.ts';
import type { RandomBytes } from '../domain/effects.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';

export interface TimeStampPlace {
  readonly url: string;
  readonly authorities: () => readonly Certificate[];
  readonly random: RandomBytes;
  /** Longest time for the whole exchange. */
  readonly patience: Milliseconds;
}

export interface StampedAnchor {
  /** SHA-256 of the anchor's line. */
  readonly anchor: string;
  readonly seq: number;
  readonly at: Instant;
  readonly token: Buffer;
}

export const TIME_STAMP_FILES = '.timestamps';

/**
 * One line, without its end. `sha256` covers what the authority's signature does not: certificates
 * that came along, and the frame.
 */
export const stampLine = ({ anchor, seq, at, token }: StampedAnchor): string =>
  JSON.stringify({
    anchor,
    seq,
    at: new Date(at).toISOString(),
    token: token.toString('base64'),
    sha256: hash('sha256', token),
  });

/** Asks for a stamp and checks it. The error says what went wrong; nothing is thrown. */
export async function stampAnchor(
  place: TimeStampPlace,
  line: string,
  seq: number,
): Promise<Result<StampedAnchor, string>> {
  const digest = hash('sha256', line, 'buffer');
  const nonce = timeStampNonce(place.random);
  const answer = await post(place, timeStampRequest(digest, nonce));
  if (!answer.ok) return answer;
  const token = readTimeStampResponse(answer.value);
  if (!token.ok) return token;
  const stamp = await verifyTimeStamp(token.value, { hash: digest, nonce, authorities: place.authorities() });
  return stamp.ok ? ok({ anchor: digest.toString('hex'), seq, at: stamp.value.at, token: token.value }) : stamp;
}

/** RFC 3161 section 3.4. */
function post({ url, patience }: TimeStampPlace, body: Buffer): Promise<Result<Buffer, string>> {
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      signal: AbortSignal.timeout(patience),
      headers: { 'content-type': 'application/timestamp-query', 'content-length': body.length },
    };
    let sent: ClientRequest | undefined;
    const give = (result: Result<Buffer, string>): void => {
      resolve(result);
      sent?.destroy();
    };
    const take = (answer: IncomingMessage): void => {
      const pieces: Buffer[] = [];
      let octets = 0;
      answer.on('data', (piece: Buffer) => {
        pieces.push(piece);
        if ((octets += piece.length) > MAX_TIME_STAMP) give(fail(`the answer has more than ${MAX_TIME_STAMP} octets`));
      });
      answer.on('error', (error) => give(fail(error.message)));
      answer.on('end', () =>
        give(
          answer.statusCode === 200
            ? ok(Buffer.concat(pieces))
            : fail(`the authority answered HTTP ${answer.statusCode ?? 0}`),
        ),
      );
    };
    try {
      sent = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, take);
      sent.on('error', (error) => give(fail(error.message)));
      sent.end(body);
    } catch (error) {
      give(fail(String(error)));
    }
  });
}
