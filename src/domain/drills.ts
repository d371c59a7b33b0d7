/**
 * When a drill is due again: a year after the last one that passed, and after a change that the
 * last one says nothing about. What a drill was made with stands in its signed report; the same
 * facts of now are compared with it.
 */
import { many } from './counted.ts';
import { type Instant, days } from './units.ts';

/** `restore`: a backup is put back. `site`: the service goes to the other site and comes back. */
export const DRILL_KINDS = ['restore', 'site'] as const;
export type DrillKind = (typeof DRILL_KINDS)[number];

/** What a drill was made with. */
export interface DrillMarks {
  /** Number of the newest migration. */
  readonly schema: number;
  /** Name of each key to what tells it from another of that name, such as its fingerprint. */
  readonly keys: Readonly<Record<string, string>>;
  readonly engine: string;
  readonly nodes: readonly string[];
  readonly listeners: readonly string[];
}

/** What every command about sites says of a gateway that has none. */
export const NO_SITES =
  'this gateway keeps its mail in SQLite on one machine, and one machine has no sites; those come with PostgreSQL (docs/two-sites.md)';

export const DUE_WHYS = ['never', 'age', 'unmarked', 'schema', 'key', 'engine', 'node', 'listener'] as const;
export type DueWhy = (typeof DUE_WHYS)[number];

export interface DrillDue {
  readonly drill: DrillKind;
  readonly why: DueWhy;
  /** The change, as in "since the last drill ...". */
  readonly text: string;
}

/** The last one that passed. `marks` is missing in reports that are older than they are. */
export interface LastDrill {
  readonly at: Instant;
  readonly marks?: DrillMarks;
}

/** An auditor asks for one in each year. */
export const DRILL_YEAR = days(365);

export function drillsDue(
  drill: DrillKind,
  last: LastDrill | undefined,
  marks: DrillMarks,
  now: Instant,
): readonly DrillDue[] {
  const due = (why: DueWhy, text: string): DrillDue => ({ drill, why, text });
  if (last === undefined) return [due('never', 'none was ever made')];
  const old = now - last.at > DRILL_YEAR ? [due('age', 'more than a year has passed')] : [];
  if (last.marks === undefined)
    return [...old, due('unmarked', 'its report does not say which version, keys and listeners it was made with')];
  return [...old, ...changes(last.marks, marks).map(({ why, text }) => due(why, text))];
}

/** A part that is gone is no reason: less can go wrong than was tried. */
function changes(then: DrillMarks, now: DrillMarks): readonly Pick<DrillDue, 'why' | 'text'>[] {
  const keys = Object.entries(now.keys).filter(([name, value]) => then.keys[name] !== value);
  const added = (one: string, before: readonly string[], after: readonly string[]): string | undefined => {
    const more = after.filter((name) => !before.includes(name));
    return more.length === 0 ? undefined : `${many(more.length, one)} came: ${shortened(more)}`;
  };
  const nodes = added('node', then.nodes, now.nodes);
  const listeners = added('listener', then.listeners, now.listeners);
  return [
    ...(now.schema === then.schema
      ? []
      : [{ why: 'schema' as const, text: `the database went from version ${then.schema} to ${now.schema}` }]),
    ...(keys.length === 0
      ? []
      : [{ why: 'key' as const, text: `another key is in use: ${shortened(keys.map(([name]) => name))}` }]),
    ...(now.engine === then.engine
      ? []
      : [{ why: 'engine' as const, text: `the engine of the store went from ${then.engine} to ${now.engine}` }]),
    ...(nodes === undefined ? [] : [{ why: 'node' as const, text: nodes }]),
    ...(listeners === undefined ? [] : [{ why: 'listener' as const, text: listeners }]),
  ];
}

/** Names that one line holds. */
const MOST_NAMES = 5;
const shortened = (names: readonly string[]): string =>
  names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and others`;

/** The reasons as one sentence, for people. */
export const dueText = (drill: DrillKind, due: readonly DrillDue[]): string =>
  `a drill is due (sluis drill ${drill}): ${due.map(({ text }) => text).join('; ')}`;

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

/** Marks from a report; undefined if it has none, or not in this form. */
export function readMarks(value: unknown): DrillMarks | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { schema, keys, engine, nodes, listeners } = value as Record<string, unknown>;
  if (typeof schema !== 'number' || typeof engine !== 'string' || !isTexts(nodes) || !isTexts(listeners))
    return undefined;
  if (typeof keys !== 'object' || keys === null || !isTexts(Object.values(keys))) return undefined;
  return { schema, keys: keys as Readonly<Record<string, string>>, engine, nodes, listeners };
}
