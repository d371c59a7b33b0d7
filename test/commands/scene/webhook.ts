/** A webhook that is told of nothing: its address is not public, and so it is never called. */
import type { SubjectScene } from './scene.ts';

export const webhook: SubjectScene = {
  begin: [{ run: 'webhook add begin https://127.0.0.1/ --account huisarts', keep: { webhook: 'id' } }],
  replace: { 'K7QM-2XRD': 'webhook' },
  code: { 'webhook test K7QM-2XRD': 7 },
};
