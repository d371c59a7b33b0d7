/** Requests that wait for a second person, as they are shown and signed. */
import { z } from '../config/zod.ts';

export const requestView = z.object({
  id: z.string(),
  gateway: z.string(),
  operation: z.string(),
  verb: z.string(),
  input: z.string().meta({ description: 'Canonical JSON: what is signed is its hash.' }),
  hash: z.string(),
  askedBy: z.string(),
  reason: z.string(),
  askedAt: z.string(),
  endsAt: z.string(),
  signedBy: z.array(z.string()).meta({ description: 'Names of the operators that have signed.' }),
  askedWith: z.string().optional().meta({
    description: 'Id of the passkey of whoever asked in the web console: known so, he is the first of the two.',
  }),
  missing: z.number().meta({ description: 'Signatures that are still missing.' }),
  operator: z.string().optional().meta({ description: 'Whose key has the fingerprint that was asked for.' }),
});
export type RequestView = z.infer<typeof requestView>;

export const signedView = z.object({
  id: z.string(),
  operator: z.string(),
  missing: z.number().meta({ description: 'Signatures that are still missing.' }),
});
export type SignedView = z.infer<typeof signedView>;
