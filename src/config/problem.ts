/**
 * All that is wrong with a configuration, at once, so that the operator edits the file only once.
 */
import type { z } from './zod.ts';
import { many } from '../domain/counted.ts';
import { nearest } from '../domain/nearest.ts';
import { Unusable } from '../domain/unusable.ts';
import { configSchema } from './schema.ts';

export interface ConfigProblem {
  /** The setting, such as `smtp.max-message` or `listener[1].port`, or a file. */
  readonly path: string;
  /** The value as the file has it; absent if there is none. */
  readonly value?: string;
  readonly expected: string;
  readonly remedy: string;
}

export class ConfigError extends Unusable {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];
  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(
      `Cannot use configuration "${file}": ${many(problems.length, 'problem')}\n${problems.map((p) => `  ${describe(p)}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

const describe = (p: ConfigProblem): string =>
  `${p.path}: ${p.value === undefined ? '' : `${p.value}; `}expected ${p.expected}; ${p.remedy}`;

/** A value as the file writes it, cut to a length that fits in a line. */
export const shown = (value: unknown): string => {
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

export const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i === 0 ? '' : '.'}${String(p)}`)).join('') || 'the file';

const valueAt = (document: unknown, path: readonly PropertyKey[]): unknown => {
  let here = document;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
};

/** Turns zod's issues into problems. */
export function problemsOf(document: unknown, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...issue.path, key]));
    const value = valueAt(document, issue.path);
    const path = pathOf(issue.path);
    const expected = issue.code === 'custom' ? issue.message : expectationOf(issue);
    return [
      value === undefined
        ? { path, expected, remedy: 'nothing is set; add it' }
        : { path, value: shown(value), expected, remedy: 'correct it' },
    ];
  });
}

const expectationOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'invalid_type') return issue.expected === 'array' ? 'one or more [[...]] tables' : 'a [table]';
  if (issue.code === 'too_small') return `at least ${issue.minimum} of them`;
  if (issue.code === 'too_big') return `at most ${issue.maximum} of them`;
  return issue.message;
};

function unknownKey(path: readonly PropertyKey[]): ConfigProblem {
  const key = String(path.at(-1));
  const known = keysAt(path.slice(0, -1));
  const near = nearest(key, known);
  // With a name that is nearly right, a list of all names would only hide it.
  if (near !== undefined) return { path: pathOf(path), expected: 'a known name', remedy: `did you mean "${near}"?` };
  return {
    path: pathOf(path),
    expected: `one of: ${known.join(', ') || 'nothing here'}`,
    remedy: 'nobody knows this name; remove it',
  };
}

/** The names that the schema has below `path`. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let here: unknown = configSchema;
  for (const key of path) {
    const def = (here as { def?: { type?: string; innerType?: unknown; element?: unknown } }).def;
    if (typeof key === 'number') here = def?.element;
    else here = unwrap((here as { shape?: Record<string, unknown> }).shape?.[String(key)]);
  }
  return Object.keys((unwrap(here) as { shape?: object } | undefined)?.shape ?? {});
}

const unwrap = (schema: unknown): unknown => {
  let here = schema;
  while ((here as { def?: { innerType?: unknown } } | undefined)?.def?.innerType !== undefined)
    here = (here as { def: { innerType: unknown } }).def.innerType;
  return here;
};
