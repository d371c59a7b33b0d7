import type { SubjectScene } from './scene.ts';

export const notice: SubjectScene = { files: { 'letter.txt': 'Morgen is de gateway een uur uit.\n' } };
