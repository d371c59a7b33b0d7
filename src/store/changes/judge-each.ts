/** A list of which a change takes all or nothing, judged entry by entry: the change throws the first error, a look tells all of them. */
import { RegistryError } from '../registry.ts';

export interface Wrong {
  /** Its place in the list. */
  readonly at: number;
  readonly error: RegistryError;
}

/** As a look tells it. */
export interface WrongEntry {
  readonly at: number;
  readonly text: string;
}

/** `judge` throws RegistryError for an entry that cannot be; it sees what it has taken of those before. */
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
