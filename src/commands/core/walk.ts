/** Every command of a subject, with the groups in it. */
import { type AnyRow, type AnySubject, isSubject } from './row.ts';

export interface Placed {
  /** `["account", "password", "add"]`. */
  readonly words: readonly string[];
  readonly row: AnyRow;
}

export function* commandsOf(subject: AnySubject, above: readonly string[] = []): Generator<Placed> {
  const at = [...above, subject.name];
  for (const [name, row] of Object.entries(subject.rows))
    if (isSubject(row)) yield* commandsOf(row, at);
    else yield { words: [...at, name], row };
}
