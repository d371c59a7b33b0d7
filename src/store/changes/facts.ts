/** Facts that the store keeps about itself: one value for each name. */
import { text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

/** A fact as text; numbers, too. */
export function* factOf(name: string): Change<string | undefined> {
  return (yield* sql.first({ value: text })`SELECT CAST(value AS text) AS value FROM fact WHERE name = ${name}`)?.value;
}

export function* setFact(name: string, value: string): Change<void> {
  yield* sql.run`
    INSERT INTO fact (name, value) VALUES (${name}, ${value}) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
}
