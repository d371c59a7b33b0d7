import type { SubjectScene } from './scene.ts';

/** Nothing can be reached at the partner of the examples. */
export const partner: SubjectScene = {
  before: {
    'partner resume': ['partner suspend umc'],
  },
  code: { 'partner test umc': 7 },
};
