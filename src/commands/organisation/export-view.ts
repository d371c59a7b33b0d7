/** What an export of an organisation contains. */
import { z } from '../../config/zod.ts';

export const exportedView = z.object({
  organisation: z.string(),
  files: z.number(),
  rows: z.number(),
  messages: z.number().meta({ description: 'Messages whose content was given out.' }),
  missing: z.array(z.string()).readonly().meta({ description: 'What could not be told, and why.' }),
});
export type Exported = z.infer<typeof exportedView>;
