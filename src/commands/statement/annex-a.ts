/** All 93 controls of ISO/IEC 27001:2022 Annex A, in their order. */
import type { Control } from './controls.ts';
import { ORGANISATIONAL } from './controls-organisational.ts';
import { PEOPLE_AND_PLACES } from './controls-people.ts';
import { TECHNOLOGICAL } from './controls-technological.ts';

export const CONTROLS: readonly Control[] = [...ORGANISATIONAL, ...PEOPLE_AND_PLACES, ...TECHNOLOGICAL];
