/** The files of a key folder by day, from one listing of the folder. */
import { existsSync, readdirSync } from 'node:fs';
import { DAY, KEPT } from './sealed-places.ts';

const ERASED = /^(\d{4}-\d\d-\d\d)\.erased$/;

/**
 * State of a day. `kept`: the day's own key is gone, and the keys of its messages are kept, except
 * those of some that were erased.
 */
export type DayState = 'live' | 'erased' | 'kept' | 'none';

export interface DayFiles {
  readonly day: string;
  readonly state: DayState;
  /** Names of the files with the day's keys: the first key, then those with a mark. */
  readonly keys: readonly string[];
}

/** In the order of days, from `from` on. */
export function dayFilesIn(folder: string, from = ''): readonly DayFiles[] {
  const found = new Map<string, { state: DayState; keys: string[] }>();
  const of = (day: string): { state: DayState; keys: string[] } => {
    const known = found.get(day) ?? { state: 'none', keys: [] };
    found.set(day, known);
    return known;
  };
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const [key, kept, erased] = [DAY, KEPT, ERASED].map((form) => form.exec(name)?.[1]);
    if (key !== undefined) {
      const its = of(key);
      if (its.state === 'none') its.state = 'live';
      // In plain order, "2026-11-25.key" would stand behind those with a mark.
      if (name === `${key}.key`) its.keys.unshift(name);
      else its.keys.push(name);
    }
    if (kept !== undefined && of(kept).state !== 'erased') of(kept).state = 'kept';
    if (erased !== undefined) of(erased).state = 'erased';
  }
  return [...found]
    .filter(([day]) => day >= from)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, { state, keys }]) => ({ day, state, keys }));
}
