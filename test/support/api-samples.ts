/** Values that a route of the API takes in its path, of a form that it reads. */
import { typesOf } from '../../src/api/core/body.ts';
import type { Route } from '../../src/api/core/route.ts';

/** Samples about things that do not exist. */
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

/** The path with the first sample that each parameter takes, or with what is given for it. */
export function pathOf({ path, params, id }: Route, given: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const sample = given[name] ?? SAMPLES.find((one) => params[name]?.safeParse(one).success === true);
    if (sample === undefined) throw new Error(`No sample fits {${name}} of ${id}: add one`);
    return encodeURIComponent(sample);
  });
}

/** The least that is read: an empty object, or an empty file of the type that the route takes. */
export function bodyOf({ body }: Route): {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
} {
  const [type] = body === undefined ? [] : typesOf(body);
  if (type === undefined) return {};
  return { headers: { 'content-type': type }, body: type === 'application/json' ? '{}' : '' };
}
