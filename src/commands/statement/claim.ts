/** One claim: a sentence of the statement, in both languages. */
import type { Language } from '../../domain/registry.ts';

export type Both = Readonly<Record<Language, string>>;

export interface Claim {
  /** An id that is the same in every statement, such as `drill.restore`. */
  readonly id: string;
  readonly inPlace: boolean;
  readonly text: Both;
  /** When it was measured, tried or read, in ISO 8601. */
  readonly at: string;
  /** The file of the statement that has the figures. */
  readonly evidence: string;
}

export interface Section {
  readonly id: string;
  readonly title: Both;
  readonly claims: readonly Claim[];
}

/**
 * A claim as its section says it. A claim without an `at` of its own gets the section's; `evidence`
 * is always the section's.
 */
export type Said = Pick<Claim, 'id' | 'inPlace' | 'text'> & Partial<Pick<Claim, 'at'>>;

export const say = (id: string, inPlace: boolean, nl: string, en: string, at?: string): Said => ({
  id,
  inPlace,
  text: { nl, en },
  ...(at === undefined ? {} : { at }),
});

/** The day of a moment, in a form that people of both languages can read. */
export const dayOf = (at: string): string => at.slice(0, 10);
