/** What each subject needs besides what all share. */
import { address } from './address.ts';
import type { SubjectScene } from './scene.ts';

export const scenes: Readonly<Record<string, SubjectScene>> = { address };
