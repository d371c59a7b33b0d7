/** Finds the page to which a path leads. */
import type { PageFor } from './page.ts';

/** What the router needs to know of a page of any site. */
export type AnyPage = Pick<PageFor<never, never, string>, 'method' | 'path'>;

export type Match<P> =
  | { readonly kind: 'page'; readonly page: P; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'none' }
  | { readonly kind: 'method'; readonly allow: readonly string[] };

interface Entry<P> {
  readonly page: P;
  readonly segments: readonly string[];
}

export class Router<P extends AnyPage> {
  readonly #entries: readonly Entry<P>[];

  /** Throws if two pages have the same method and path. */
  constructor(pages: readonly P[]) {
    this.#entries = pages.map((page) => ({ page, segments: page.path.slice(1).split('/') }));
    const keys = pages.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
    const twice = keys.find((key, n) => keys.indexOf(key) !== n);
    if (twice !== undefined) throw new Error(`There are two pages for ${twice}`);
  }

  /**
   * Finds a page. `path` is as it came, without its query. A literal segment wins over a parameter.
   */
  match(method: string, path: string): Match<P> {
    const given = segmentsOf(path);
    if (given === undefined) return { kind: 'none' };
    const fitting = this.#entries.filter(({ segments }) => fits(segments, given)).sort(literalsFirst);
    const found = fitting.find(({ page }) => page.method === method);
    if (found !== undefined) return { kind: 'page', page: found.page, params: paramsOf(found.segments, given) };
    const methods = [...new Set(fitting.map(({ page }) => page.method))];
    return methods.length === 0
      ? { kind: 'none' }
      : { kind: 'method', allow: methods.includes('GET') ? [...methods, 'HEAD'] : methods };
  }
}

const isParameter = (segment: string): boolean => segment.startsWith('{');
const literals = ({ segments }: Pick<Entry<unknown>, 'segments'>): number =>
  segments.filter((one) => !isParameter(one)).length;
const literalsFirst = (a: Entry<unknown>, b: Entry<unknown>): number => literals(b) - literals(a);

const fits = (segments: readonly string[], given: readonly string[]): boolean =>
  segments.length === given.length &&
  segments.every((segment, i) => (isParameter(segment) ? given[i] !== '' : segment === given[i]));

const paramsOf = (segments: readonly string[], given: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    segments.flatMap((segment, i) => (isParameter(segment) ? [[segment.slice(1, -1), given[i] ?? '']] : [])),
  );

/**
 * The decoded segments of a path. Undefined if no page of ours can have that path: a segment does
 * not decode, is too long, or has a slash or a control character in it.
 */
function segmentsOf(path: string): readonly string[] | undefined {
  try {
    const segments = path.slice(1).split('/').map(decodeURIComponent);
    return segments.some((one) => one.length > 256 || /[\p{Cc}/\\]/u.test(one)) ? undefined : segments;
  } catch {
    return undefined;
  }
}
