/** Values for the path parameters of a route, in a form that the route accepts. */
import { typesOf } from '../../src/api/core/body.ts';
import type { Route } from '../../src/api/core/route.ts';

/** Samples that name nothing that exists. */
const SAMPLES = [
  '987654321',
  'A'.repeat(22),
  '0000000000009',
  'AAAA-AAAA',
  'ab'.repeat(20),
  'a0b1c2d3',
  '1.2',
  'AAAAAAAA',
];

/**
 * The path of the route. Each parameter gets the value in `given`, or else the first sample that
 * fits.
 */
export function pathOf({ path, params, id }: Route, given: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const sample = given[name] ?? SAMPLES.find((one) => params[name]?.safeParse(one).success === true);
    if (sample === undefined) throw new Error(`No sample fits {${name}} of ${id}: add one`);
    return encodeURIComponent(sample);
  });
}

/**
 * The smallest body that is accepted: an empty object, or an empty file of the type that the route
 * takes.
 */
export function bodyOf({ body }: Route): {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
} {
  const [type] = body === undefined ? [] : typesOf(body);
  if (type === undefined) return {};
  return { headers: { 'content-type': type }, body: type === 'application/json' ? '{}' : '' };
}
