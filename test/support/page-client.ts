/** Requests the page where codes are used, as a browser or a program does. */
import { type Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface PageTarget {
  readonly port: number;
  readonly ca: string;
  readonly servername?: string;
  /** The address of this machine from which it connects. */
  readonly from?: string;
  /** Without it, each request has a new connection. */
  readonly agent?: Agent;
  /** The client certificate that it shows and its key, in PEM. */
  readonly shows?: { readonly key: string; readonly certificate: string };
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export function askPage(
  target: PageTarget,
  path: string,
  { method, headers = {}, body }: Asked = {},
): Promise<PageAnswer> {
  const { port, ca, servername = 'mail.test', from, shows } = target;
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port, path, ca, servername, agent: target.agent ?? false },
        ...(from === undefined ? {} : { localAddress: from }),
        ...(shows === undefined ? {} : { key: shows.key, cert: shows.certificate }),
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { host: `${servername}:${port}`, ...headers },
      },
      (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (piece: string) => (text += piece))
          .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
          .on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const URLENCODED = { 'content-type': 'application/x-www-form-urlencoded' };

export const postForm = (
  target: PageTarget,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<PageAnswer> =>
  askPage(target, path, {
    headers: { ...URLENCODED, ...headers },
    body: new URLSearchParams(fields).toString(),
  });
