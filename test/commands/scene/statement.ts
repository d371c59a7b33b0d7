import { rmSync } from 'node:fs';
import type { SubjectScene } from './scene.ts';

/** Folders that are written are new, and an example is run twice. */
export const statement: SubjectScene = {
  before: {
    statement: [
      () => ['statement', 'statement-jansen'].forEach((name) => rmSync(name, { recursive: true, force: true })),
    ],
  },
};
