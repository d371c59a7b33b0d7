/**
 * Sentences with gaps, `De mailserver van {partner} nam het aan.`: what goes into a gap stays text.
 */
import type { Hole } from '../../http/html.ts';

/** A gap without a value stays empty. */
export function filled(sentence: string, values: Readonly<Record<string, Hole>>): Hole {
  return sentence.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : values[part]));
}
