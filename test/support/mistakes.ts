/**
 * Gateways with one mistake on purpose, as controls for tests.
 *
 *   instance.serve(mistake('deaf'))
 */
import { fileURLToPath } from 'node:url';
import type { ServeOptions } from './instance.ts';
import type { Mistake } from './mistaken-gateway.ts';

export type { Mistake };

const SCRIPT = fileURLToPath(new URL('./mistaken-gateway.ts', import.meta.url));

/** Options for `Instance.serve`. */
export const mistake = (name: Mistake): Pick<ServeOptions, 'script' | 'arguments'> => ({
  script: SCRIPT,
  arguments: ['--mistake', name],
});
