import type { SubjectScene, Step } from './scene.ts';

const begin: readonly Step[] = [{ run: 'backup take backups', keep: { backup: 'path' } }];
const replace = { 'backups/2026-11-26T020000Z': 'backup' };

export const backup: SubjectScene = { begin, replace };
/** There is no message in it to open. */
export const drill: SubjectScene = {
  begin,
  replace,
  code: { 'drill restore backups/2026-11-26T020000Z --all': 9 },
};
