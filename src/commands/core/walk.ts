/** Walks over every command of a group of the top level. */
import type { AnyRow } from './row.ts';
import { type AnySubject, isSubject } from './subject.ts';

export interface Placed {
  /** The words of the command, such as `["account", "password", "add"]`. */
  readonly words: readonly string[];
  readonly row: AnyRow;
}

/** A subject, or commands of the top level by their names. */
export type Group = AnySubject | Readonly<Record<string, AnyRow>>;

export const isOne = (group: Group): group is AnySubject => group.kind === 'subject';

export const commandsIn = (group: Group): readonly Placed[] =>
  isOne(group) ? [...commandsOf(group)] : Object.entries(group).map(([name, row]) => ({ words: [name], row }));

function* commandsOf(subject: AnySubject, above: readonly string[] = []): Generator<Placed> {
  const at = [...above, subject.name];
  for (const [name, row] of Object.entries(subject.rows))
    if (isSubject(row)) yield* commandsOf(row, at);
    else yield { words: [...at, name], row };
}
