/** One sentence of the statement, in both languages. */
import type { Language } from '../../domain/registry.ts';

export type Both = Readonly<Record<Language, string>>;

export interface Claim {
  /** Id, the same in every statement: `drill.restore`. */
  readonly id: string;
  readonly inPlace: boolean;
  readonly text: Both;
  /** ISO 8601: when it was measured, tried or read. */
  readonly at: string;
  /** File of the statement that has the figures. */
  readonly evidence: string;
}

export interface Section {
  readonly id: string;
  readonly title: Both;
  readonly claims: readonly Claim[];
}

/** `at` and `evidence` are those of the section where a claim has none of its own. */
export type Said = Pick<Claim, 'id' | 'inPlace' | 'text'> & Partial<Pick<Claim, 'at'>>;

export const say = (id: string, inPlace: boolean, nl: string, en: string, at?: string): Said => ({
  id,
  inPlace,
  text: { nl, en },
  ...(at === undefined ? {} : { at }),
});

/** A day as people of both languages read it. */
export const dayOf = (at: string): string => at.slice(0, 10);
