/** Parts of answers that several commands have. */
import { z } from '../../config/zod.ts';

const setting = z.object({
  name: z.string(),
  value: z.string(),
  from: z.enum(['address', 'account', 'organisation', 'default']),
  about: z.string(),
});
/**
 * The settings of something: those that differ from the default, or all. The warnings say what
 * really happens if one setting takes away the effect of another.
 */
export const settings = z.array(setting);
export const settingViews = { settings, warnings: z.array(z.string()) };
/** The settings in a row of a list. */
export const ownSettings = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .meta({ description: 'Those that were set for it, by their names.' });
