/** The mutants that the power tests must catch: what $TAMPER asks for, as the store's seams for tests. */
import type { Testing } from '../../../src/store/sqlite/options.ts';

export type Tampering = 'synchronous=NORMAL' | 'answer-before-commit';

export function tampered(): Testing {
  switch (process.env.TAMPER ?? '') {
    case 'synchronous=NORMAL':
      return { synchronous: 'NORMAL' };
    case 'answer-before-commit':
      return { answerBeforeCommit: true };
    default:
      return {};
  }
}
