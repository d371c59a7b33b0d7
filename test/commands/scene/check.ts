import type { SubjectScene } from './scene.ts';

/** No backups are taken here, which a monitor is warned of. */
export const check: SubjectScene = { code: { 'check --monitor': 1 } };
