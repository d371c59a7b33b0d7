/** Servers of PostgreSQL, as commands show them. */
import { table } from '../../cli/output.ts';
import { z } from '../../config/zod.ts';

export const serverView = z.object({
  name: z.string(),
  site: z.string(),
  role: z.string(),
  timeline: z.number().optional(),
  position: z.string().optional().meta({ description: 'In the log, as PostgreSQL writes it.' }),
  behind: z
    .string()
    .optional()
    .meta({ description: 'Bytes of the log that it lacks, compared with the most advanced server of its timeline.' }),
});

export const serverTable = (servers: readonly z.infer<typeof serverView>[]): string =>
  table(
    ['SERVER', 'SITE', 'ROLE', 'TIMELINE', 'POSITION', 'BEHIND'],
    servers.map((one) => [one.name, one.site, one.role, one.timeline, one.position, one.behind]),
  );
