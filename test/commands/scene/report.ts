/** For `report`: figures begin with the month in which the store was made. */
import { dayOf, isoDay } from '../../../src/domain/working-days.ts';
import type { SubjectScene } from './scene.ts';

export const report: SubjectScene = {
  begin: [(scene) => (scene.kept.month = isoDay(dayOf(scene.clock.now())).slice(0, 7))],
  replace: { '2026-11': 'month' },
};
