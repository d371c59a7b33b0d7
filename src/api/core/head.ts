/**
 * The request line and headers, read more strictly than Node does: it takes two Hosts, two
 * Authorizations, an absolute URI, HTTP/1.0 and a body behind GET, and each of these means one
 * thing to us and may mean another to a server in front of us (request smuggling, RFC 9112 section
 * 11.2).
 *
 * Node itself refuses Content-Length beside Transfer-Encoding, two Content-Lengths, bare LF and
 * folded headers; test/api/smuggling checks that it does.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MAX_TARGET } from './limits.ts';
import { type Problem, malformed, problem } from './problem.ts';

export interface Head {
  /** HEAD is read as GET. */
  readonly method: string;
  readonly head: boolean;
  /** The path as it came. */
  readonly path: string;
  /** Text behind the question mark; empty if there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** A body comes: with a length, or in chunks. */
  readonly hasBody: boolean;
  /** Content-Length. */
  readonly length?: number;
  readonly expects: boolean;
}

/**
 * Headers whose values are lists (RFC 9110 section 5.3): only these may stand in a request more
 * than once.
 */
const LISTS = new Set([
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'cache-control', 'connection', 'cookie'],
  ...['forwarded', 'if-match', 'if-none-match', 'pragma', 'prefer', 'te', 'trailer', 'upgrade', 'via', 'warning'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'baggage', 'tracestate'],
]);
const TARGET = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*$/;
const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
/** RFC 9110 section 8.6. */
const LENGTH = /^\d{1,15}$/;

const closing = (detail: string): Problem => malformed(detail, { close: true });

/** Reads the head of a request. Throws Problem. */
export function readHead(request: IncomingMessage): Head {
  const { headers, url = '' } = request;
  if (request.httpVersion !== '1.1')
    throw problem(505, 'http-version', 'HTTP/1.1 is needed', `This was HTTP/${request.httpVersion}; send HTTP/1.1`, {
      close: true,
    });
  refuseTwice(request.rawHeaders);
  if (url.length > MAX_TARGET)
    throw problem(
      414,
      'too-long',
      'The path is too long',
      `A path with its query has at most ${MAX_TARGET} characters`,
      {
        close: true,
      },
    );
  if (!TARGET.test(url))
    throw closing(
      'The path must begin with "/" and have no characters but those of RFC 3986; encode the others in the query',
    );
  if (!HOST.test(headers.host ?? ''))
    throw closing('The request must have one header Host, with a name and nothing else in it');
  const cut = url.indexOf('?');
  const expects = expectation(headers.expect);
  const { hasBody, length } = framing(headers);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  return {
    method,
    headers,
    hasBody,
    expects,
    head: request.method === 'HEAD',
    path: cut === -1 ? url : url.slice(0, cut),
    query: cut === -1 ? '' : url.slice(cut + 1),
    ...(length === undefined ? {} : { length }),
  };
}

function refuseTwice(raw: readonly string[]): void {
  const seen = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase();
    if (seen.has(name) && !LISTS.has(name)) throw closing(`The header ${name} is there twice; send it once`);
    seen.add(name);
  }
}

function expectation(expect: string | undefined): boolean {
  if (expect === undefined) return false;
  if (expect.toLowerCase() === '100-continue') return true;
  throw problem(417, 'expectation', 'This expectation is not supported', 'Expect may only be 100-continue', {
    close: true,
  });
}

function framing(headers: IncomingHttpHeaders): { readonly hasBody: boolean; readonly length?: number } {
  const { 'transfer-encoding': transfer, 'content-length': length } = headers;
  if (transfer !== undefined) {
    if (transfer.toLowerCase() !== 'chunked') throw closing('Transfer-Encoding may only be chunked');
    return { hasBody: true };
  }
  if (length === undefined) return { hasBody: false };
  if (!LENGTH.test(length)) throw closing('Content-Length must be a number of octets');
  return { hasBody: length !== '0', length: Number(length) };
}
