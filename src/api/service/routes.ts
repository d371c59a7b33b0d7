/** The API about itself: its document, and that as a page. */
import { createHash } from 'node:crypto';
import { z } from '../../config/zod.ts';
import { type ApiDocument } from '../core/document.ts';
import { ifNoneMatch, isCurrent } from '../core/etags.ts';
import { type Route, route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { documentPage, pagePolicy } from './page.ts';

const NOBODY = { kind: 'nobody' } as const;
const HTML = 'text/html';

interface Kept {
  readonly octets: Buffer;
  readonly etag: string;
}

const keptOf = (text: string): Kept => {
  const octets = Buffer.from(text);
  return { octets, etag: `"${createHash('sha256').update(octets).digest('base64url').slice(0, 22)}"` };
};

/** Made at the first use, and once: it is the same until the gateway ends. */
const once = (
  make: (document: ApiDocument) => string,
): ((services: Pick<ApiServices, 'document'>) => Promise<Kept>) => {
  const made = new WeakMap<ApiDocument, Kept>();
  return async ({ document }) => {
    const from = await document();
    const kept = made.get(from) ?? keptOf(make(from));
    made.set(from, kept);
    return kept;
  };
};

const asJson = once((document) => `${JSON.stringify(document)}\n`);
const asPage = once(documentPage);

async function* whole(octets: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield await Promise.resolve(octets);
}

const HEADERS = { ETag: 'Of the document.' };

const getDocument = route({
  id: 'getOpenApiDocument',
  method: 'GET',
  path: '/openapi.json',
  tag: 'service',
  summary: 'Show this document',
  description: 'Pages of any origin may read it.',
  access: NOBODY,
  openToPages: true,
  headers: { 'if-none-match': ifNoneMatch },
  answers: {
    200: {
      about: 'The document',
      json: z.looseObject({ openapi: z.string() }),
      stream: 'application/json',
      headers: HEADERS,
    },
    304: { about: 'It is as it was', headers: HEADERS },
  },
  async run({ headers }, services: Pick<ApiServices, 'document'>) {
    const { octets, etag } = await asJson(services);
    const sent = { etag, 'cache-control': 'no-cache' };
    if (isCurrent(headers['if-none-match'], etag)) return { status: 304, headers: sent };
    return { status: 200, type: 'application/json', stream: whole(octets), length: octets.length, headers: sent };
  },
});

const getPage = route({
  id: 'getDocumentPage',
  method: 'GET',
  path: '/',
  tag: 'service',
  summary: 'Show this document as a page',
  access: NOBODY,
  headers: { 'if-none-match': ifNoneMatch },
  answers: {
    200: { about: 'The page', stream: HTML, headers: HEADERS },
    304: { about: 'It is as it was', headers: HEADERS },
  },
  async run({ headers }, services: Pick<ApiServices, 'document'>) {
    const { octets, etag } = await asPage(services);
    const sent = { etag, 'cache-control': 'no-cache', 'content-security-policy': pagePolicy };
    if (isCurrent(headers['if-none-match'], etag)) return { status: 304, headers: sent };
    return { status: 200, type: `${HTML}; charset=utf-8`, stream: whole(octets), length: octets.length, headers: sent };
  },
});

export const serviceRoutes: readonly Route[] = [getDocument, getPage];
