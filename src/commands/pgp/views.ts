/** What the `pgp` commands answer. Times are ISO 8601. */
import { z } from '../../config/zod.ts';
import { pgpKeyView } from '../../admin/pgp-views.ts';
import type { InlinePgp } from '../../crypto/pgp/inline.ts';
import type { Layer } from '../../crypto/smime/layer.ts';

export const importedKeyView = pgpKeyView.extend({ how: z.enum(['added', 'refreshed']) });
export type ImportedKeyView = z.infer<typeof importedKeyView>;

const FORMS = [
  ...(['plain', 'clear-signed', 'opaque-signed', 'encrypted', 'compressed'] as const),
  ...(['pgp-signed', 'pgp-encrypted', 'unreadable', 'inline-encrypted', 'inline-signed'] as const),
] as const satisfies readonly (Layer['kind'] | `inline-${InlinePgp}`)[];

const signature = z.object({
  state: z.string(),
  keyId: z.string(),
  fingerprint: z.string().optional(),
  hash: z.string(),
  signed: z.string().optional().meta({ description: 'What the signer claims.' }),
});

export const pgpInspectView = z.object({
  octets: z.number(),
  from: z.string().optional(),
  form: z.enum(FORMS),
  readers: z.array(z.string()).readonly().meta({
    description: 'Ids of the keys that it is encrypted to, subkeys mostly, as far as it says: at most 100.',
  }),
  opened: z.boolean(),
  differs: z.array(z.string()).readonly().meta({ description: 'Fields that say something else inside than outside.' }),
  signatures: z.array(signature).readonly(),
  standing: z.enum(['valid', 'invalid', 'unsigned']),
  problem: z.string().optional(),
});
export type PgpInspectView = z.infer<typeof pgpInspectView>;
