/** Parameters, query and headers of a request, read by the types that the route gives them. */
import type { IncomingHttpHeaders } from 'node:http';
import { z } from '../../config/zod.ts';
import { jsonPointer } from '../../platform/strict-json.ts';
import { MAX_QUERY } from './limits.ts';
import { malformed } from './problem.ts';
import type { Route, Texts } from './route.ts';

export interface Inputs {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
}

/**
 * How the inputs of a route are read; undefined if it has none. Most routes have none, and reading
 * nothing would cost as much as reading a header.
 */
interface Readers {
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly headers: z.ZodType;
}

const made = new WeakMap<Route, Readers>();

/** Reads the inputs. Throws Problem (400) that says what is wrong where. */
export function readInputs(
  route: Route,
  params: Readonly<Record<string, string>>,
  query: string,
  headers: IncomingHttpHeaders,
): Inputs {
  const readers = made.get(route) ?? readersOf(route);
  return {
    params: readers.params === undefined ? {} : readBy(readers.params, params, 'path'),
    query: readers.query === undefined && query === '' ? {} : readBy(readers.query ?? NONE, readQuery(query), 'query'),
    headers: readBy(readers.headers, pick(headers, route.headers), 'header'),
  };
}

const NONE = z.strictObject({});
const readerOf = (texts: Texts): z.ZodType | undefined =>
  Object.keys(texts).length === 0 ? undefined : z.strictObject(texts);

function readersOf(route: Route): Readers {
  const readers = {
    params: readerOf(route.params),
    query: readerOf(route.query),
    headers: z.strictObject(route.headers),
  };
  made.set(route, readers);
  return readers;
}

const pick = (headers: IncomingHttpHeaders, wanted: Texts): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.keys(wanted).flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

/**
 * Reads a query such as `a=1&b=2`, with each name once. A plus is a space, as forms write it;
 * control characters are refused.
 */
export function readQuery(text: string): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  if (text === '') return {};
  const parts = text.split('&', MAX_QUERY + 1);
  if (parts.length > MAX_QUERY) throw malformed(`A query has at most ${MAX_QUERY} parameters`);
  for (const part of parts) {
    const cut = part.indexOf('=');
    const name = decoded(cut === -1 ? part : part.slice(0, cut));
    if (fields.has(name)) throw malformed('The query has a parameter twice; send it once');
    fields.set(name, decoded(cut === -1 ? '' : part.slice(cut + 1)));
  }
  // No assignment to an object, since a parameter may be called __proto__.
  return Object.fromEntries(fields);
}

function decoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed('The query is not UTF-8 in percent-encoding');
  }
  if (/\p{Cc}/u.test(plain)) throw malformed('The query has control characters');
  return plain;
}

const MOST_ERRORS = 20;
const MOST_DETAIL = 300;

/**
 * Reads a value by its schema. Throws Problem (400). `where`: `path`, `query`, `header` or `body`.
 */
export function readBy(schema: z.ZodType, value: unknown, where: string): unknown {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const errors = read.error.issues.slice(0, MOST_ERRORS).map(({ path, message }) => ({
    at: where === 'body' ? jsonPointer(path) : `${where}${path.map((step) => `.${String(step)}`).join('')}`,
    detail: message.slice(0, MOST_DETAIL),
  }));
  throw malformed(`The request does not fit the document at /v1/openapi.json; the member "errors" says where`, {
    errors,
  });
}
