/**
 * Fills the gaps of a sentence such as `De mailserver van {partner} nam het aan.`: text in a gap is
 * escaped and never becomes markup.
 */
import type { Hole } from '../../http/html.ts';

/** A gap without a value stays empty. */
export function filled(sentence: string, values: Readonly<Record<string, Hole>>): Hole {
  return sentence.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : values[part]));
}
