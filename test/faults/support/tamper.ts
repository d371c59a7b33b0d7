/**
 * The mutants that the power tests must catch: what $TAMPER asks for, as the store's seams for
 * tests.
 */
import type { Testing } from '../../../src/store/sqlite/options.ts';

/**
 * `audit-apart` is no seam of the store: the writing process notes the row by itself, in a
 * transaction after that of the message.
 */
export type Tampering = 'synchronous=NORMAL' | 'answer-before-commit' | 'audit-apart' | 'counts-apart';

/** A power cut comes at any moment of 30 ms: most of them between the halves. */
const APART = 20;

export function tampered(): Testing {
  switch (process.env.TAMPER ?? '') {
    case 'synchronous=NORMAL':
      return { synchronous: 'NORMAL' };
    case 'answer-before-commit':
      return { answerBeforeCommit: true, apartFor: APART };
    case 'counts-apart':
      return { countsApart: true, countEvery: 0, apartFor: APART };
    default:
      // Often enough that cuts come while figures are written.
      return { countEvery: 40 };
  }
}
