/**
 * Media types: what a request has, and what its client wants (RFC 9110 sections 8.3 and 12.5.1).
 */

export interface MediaType {
  /** In lower case. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TYPE = /^\s*([a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64})\s*/i;
const PARAMETER = /^;\s*([a-z0-9!#$&^_.+-]{1,64})=(?:"((?:[^"\\]|\\.){0,200})"|([a-z0-9!#$&'*+.^_`|~-]{1,200}))\s*/i;
const MOST_PARAMETERS = 8;

/** Reads a media type; undefined for a text that is not one. */
export function readMediaType(text: string): MediaType | undefined {
  const [begin, type] = TYPE.exec(text) ?? [];
  if (begin === undefined || type === undefined) return undefined;
  const parameters = new Map<string, string>();
  let rest = text.slice(begin.length);
  while (rest !== '') {
    const [whole, name, quoted, plain] = PARAMETER.exec(rest) ?? [];
    if (whole === undefined || name === undefined || parameters.size >= MOST_PARAMETERS) return undefined;
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
    rest = rest.slice(whole.length);
  }
  return { type: type.toLowerCase(), parameters };
}

const MOST_RANGES = 32;

/**
 * The one of `offered` that the client likes best, the first if it has no wish. Undefined: it likes
 * none of them.
 */
export function preferred(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = accept.split(',', MOST_RANGES).map(readRange);
  let best: { readonly type: string; readonly weight: number } | undefined;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type;
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [, weight = '1'] =
    parameters.map((p) => /^q=([01](?:\.\d{0,3})?)$/.exec(p)).find((found) => found !== null) ?? [];
  return { type, weight: Math.min(1, Number(weight)) };
}

/** The narrowest range that fits decides. */
function weightOf(type: string, ranges: readonly Range[]): number {
  const [kind = ''] = type.split('/');
  for (const wanted of [type, `${kind}/*`, '*/*']) {
    const found = ranges.find((range) => range.type === wanted);
    if (found !== undefined) return found.weight;
  }
  return 0;
}
