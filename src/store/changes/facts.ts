/** What the store knows of itself: one value for each name. */
import { text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

/** Of one that is a text. */
export function* factOf(name: string): Change<string | undefined> {
  return (yield* sql.first({ value: text })`SELECT value FROM fact WHERE name = ${name}`)?.value;
}

export function* setFact(name: string, value: string): Change<void> {
  yield* sql.run`
    INSERT INTO fact (name, value) VALUES (${name}, ${value}) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
}
