/** What the operations of `sluis ca` answer. */
import { z } from '../../config/zod.ts';
import { authorityView } from '../../admin/cert-views.ts';

export const caView = z.object({
  advice: z.array(z.string()).readonly().meta({ description: 'What an operator should do, in sentences.' }),
  authorities: z.array(authorityView).readonly(),
});
export type CaView = z.infer<typeof caView>;

const list = z.object({
  issuer: z.string(),
  current: z.boolean().meta({ description: 'Of the authority that issues now.' }),
  number: z.number(),
  entries: z.number(),
  nextUpdate: z.string(),
  der: z.string().meta({ description: 'Base64.' }),
});
export const listsView = z.object({
  pem: z.string(),
  lists: z.array(list).readonly(),
  problems: z.array(z.string()).readonly().meta({ description: 'Of which authorities there is no new one, and why.' }),
});
export type ListsView = z.infer<typeof listsView>;
