/** What is erased at the end of a contract, or would be. */
import { z } from '../../config/zod.ts';

export const planView = z.object({
  organisation: z.string(),
  accounts: z.number(),
  former: z.number().meta({
    description:
      'Those that became accounts of other organisations: their trail until then is in question here, and nothing else of them.',
  }),
  addresses: z.number(),
  messages: z.number().meta({ description: 'In mailboxes; erased unread with them.' }),
  octets: z.number(),
  waiting: z.number().meta({ description: 'For its partner.' }),
  active: z.array(z.string()).meta({ description: 'Accounts that are active, at most 20 of them.' }),
});
export type ErasePlan = z.infer<typeof planView>;

export const erasureView = planView.extend({
  rows: z.number().meta({ description: 'Rows of registry and mailboxes that were deleted or emptied.' }),
  trailErased: z.number().meta({
    description: 'Rows of the audit trail that named its people and lost who and where.',
  }),
  trailKept: z.number().meta({ description: 'Rows that name them and have to be kept.' }),
  trailKeptUntil: z.string().optional().meta({ description: 'When the last of these has had its time.' }),
  made: z.string(),
  actor: z.string(),
  reason: z.string(),
});
export type Erasure = z.infer<typeof erasureView>;
