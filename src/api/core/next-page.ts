/** The header Link of a page that another one follows (RFC 8288). */

/**
 * `query`: the query of this page, as it was read; parameters that were left out, and switches that
 * are off, are not in the link. `next`: where the next page begins; undefined: this is the last.
 */
export function linkToNext(
  path: string,
  { after: _, ...query }: Readonly<Record<string, unknown>>,
  next: string | undefined,
): { readonly Link?: string } {
  if (next === undefined) return {};
  const members = Object.entries({ ...query, after: next }).flatMap(
    ([name, value]: readonly [string, unknown]): [string, string][] =>
      value === undefined || value === false ? [] : [[name, textIn(value)]],
  );
  const text = new URLSearchParams(members).toString();
  return { Link: `</v1${path}?${text}>; rel="next"` };
}

const textIn = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
