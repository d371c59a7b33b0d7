import type { SubjectScene } from './scene.ts';

/** A key is made again where no gateway runs; its examples are the last. */
export const key: SubjectScene = {
  before: { 'key rotate': [(scene) => scene.stop()] },
};
