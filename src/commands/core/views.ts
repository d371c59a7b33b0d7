/** Parts of answers that several commands have. */
import { z } from '../../config/zod.ts';

const setting = z.object({
  name: z.string(),
  value: z.string(),
  from: z.enum(['address', 'account', 'organisation', 'default']),
  about: z.string(),
});
/**
 * Of what has settings: those that differ from the default, or all; and what really happens where
 * they take each other's effect away.
 */
export const settings = z.array(setting);
export const settingViews = { settings, warnings: z.array(z.string()) };
/** Settings of a row in a list. */
export const ownSettings = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .meta({ description: 'Those that were set for it, by their names.' });
