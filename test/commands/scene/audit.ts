import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SubjectScene } from './scene.ts';

export const audit: SubjectScene = {
  // What an auditor was given: an export, with anchors behind it.
  begin: [
    'audit anchor',
    'audit export trail.jsonl',
    (scene) => cpSync(join(scene.gateway.folder, 'keys', 'anchors'), 'anchors', { recursive: true }),
  ],
  before: {
    // Files that are written are new, and an example is run twice.
    'audit export': [() => ['trail-2026.jsonl', 'trail-14d.jsonl'].forEach((name) => rmSync(name, { force: true }))],
  },
};
