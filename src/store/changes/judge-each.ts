/**
 * Judges a list entry by entry: a change takes all or nothing and throws the first error, a preview
 * lists all of them.
 */
import { RegistryError } from '../registry.ts';

export interface Wrong {
  /** Place of the entry in the list. */
  readonly at: number;
  readonly error: RegistryError;
}

/** A wrong entry as a preview lists it. */
export interface WrongEntry {
  readonly at: number;
  readonly text: string;
}

/**
 * `judge` throws RegistryError for an entry that is refused; it sees the entries that were accepted
 * before.
 */
export function judgeEach<T>(list: readonly T[], judge: (entry: T) => void): readonly Wrong[] {
  const wrong: Wrong[] = [];
  for (const [at, entry] of list.entries())
    try {
      judge(entry);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      wrong.push({ at, error });
    }
  return wrong;
}

export function throwFirst([first]: readonly Wrong[]): void {
  if (first !== undefined) throw first.error;
}

export const entriesOf = (wrong: readonly Wrong[]): readonly WrongEntry[] =>
  wrong.map(({ at, error }) => ({ at, text: error.message }));
