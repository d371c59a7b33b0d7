/** What `organisation merge` answers: all that it changes, or would change. */
import { z } from '../../config/zod.ts';

const differenceView = z.object({
  name: z.string(),
  was: z.string(),
  becomes: z.string(),
  accounts: z.number().meta({ description: 'Accounts that do not set it themselves.' }),
  kept: z.boolean().meta({ description: 'They keep what was: it is set on each.' }),
});
/** A setting that differs between the two organisations. */
export type SettingDifference = z.infer<typeof differenceView>;

const addressView = z.object({
  address: z.string(),
  account: z.string(),
  ends: z.string().optional(),
  successor: z.string().optional(),
  registered: z.literal(true).optional().meta({ description: 'The successor is registered by the merge.' }),
  mailbox: z.string().optional().meta({ description: 'Whose mailbox takes its mail from now on.' }),
});
export type AddressPlan = z.infer<typeof addressView>;

const certificateView = z.object({
  login: z.string(),
  use: z.string(),
  serial: z.string(),
  fingerprint: z.string(),
  subject: z.string(),
  ends: z.string(),
});
export type NamedCertificate = z.infer<typeof certificateView>;

const planView = z.object({
  organisation: z.string(),
  into: z.string(),
  resumed: z.boolean().meta({ description: 'Begun before, and cut short: this is what is left.' }),
  accounts: z.number(),
  suspended: z.number(),
  stay: z.number().meta({ description: 'Those that have ended: they stay.' }),
  messages: z.number(),
  octets: z.number(),
  addresses: z.number(),
  ends: z.string().optional(),
  ending: z.number(),
  withSuccessor: z.number(),
  registered: z.number(),
  elsewhere: z.number(),
  changed: z
    .array(addressView)
    .meta({ description: 'Addresses that end or are filed elsewhere; at most 1000, as in each list.' }),
  withoutAddress: z.array(z.string()).meta({ description: 'Accounts that no address leads to from now on.' }),
  identities: z.array(z.string()).readonly().meta({ description: 'EDI identities that are carried over.' }),
  sharedIdentities: z
    .array(z.string())
    .readonly()
    .meta({ description: 'With other qualifiers both have these: one party from now on.' }),
  settings: z.array(differenceView),
  lockedOut: z.array(z.string()).meta({
    description:
      "Accounts that could no longer log in: they lack what the other organisation's setting `login` asks for.",
  }),
  exemptions: z.array(z.string()).meta({ description: 'Accounts whose exemptions from scanning end.' }),
  certificates: z.array(certificateView),
  revoke: z.boolean(),
  partners: z.array(z.object({ name: z.string(), domains: z.array(z.string()).readonly() })),
  sendsAs: z
    .array(z.object({ login: z.string(), address: z.string(), organisation: z.string() }))
    .meta({ description: 'Addresses of a third organisation that its accounts may send as.' }),
  contact: z.string().optional().meta({ description: 'Of the other organisation, for all from now on.' }),
  language: z.string(),
});
export type MergePlan = z.infer<typeof planView>;

export const mergeView = planView.extend({
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  merged: z
    .string()
    .optional()
    .meta({ description: 'It had been merged before, at that time: nothing was left to do.' }),
  problem: z.string().optional().meta({ description: 'The revocation list could not be written: why.' }),
});
export type MergeView = z.infer<typeof mergeView>;
