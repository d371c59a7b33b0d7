/**
 * What is wrong at one place of a file of CSV. `text` is a sentence of its own: it names the value,
 * what was expected and what to do.
 */
export interface CsvProblem {
  readonly line: number;
  readonly column?: string;
  readonly text: string;
}
