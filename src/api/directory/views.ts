/** Entries of the directory as the API shows them. */
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { type DirectoryRecord, isRemoved } from '../../domain/directory.ts';
import { ACCOUNT_KINDS } from '../../domain/registry.ts';
import { iso } from '../../domain/units.ts';

const time = z.iso.datetime();

export const directoryEntry = z
  .object({
    address: z.string(),
    state: z.enum(['listed', 'removed']).meta({
      description:
        '`removed`: it is no longer listed, for whatever reason: remove it from your copy. For 400 days it shows nothing but its address and the time.',
    }),
    version: z.string().meta({ description: 'Number of its last change; numbers rise over all entries.' }),
    modifiedAt: time.meta({ description: 'When something that is shown of it last changed.' }),
    removedAt: time.optional(),
    organisation: z
      .object({
        organisationId: z.string(),
        name: z.string().meta({ description: 'Short and unique.' }),
        title: z.string().meta({ description: 'What people call it.' }),
      })
      .optional(),
    kind: z.enum(ACCOUNT_KINDS).optional().meta({
      description: '`edi`: a system collects and processes it. `mail`: people read it. `partner`: a mail server.',
    }),
    role: z.string().optional().meta({ description: 'What the addressee is, in words.' }),
    agbCode: z.string().optional().meta({ description: 'AGB code, 8 digits.' }),
    telephone: z.string().optional().meta({
      description: 'Telephone number that the organisation gives to all members of the group, as it wrote it.',
    }),
    ediTypes: z.array(z.string()).optional().meta({
      description: 'Kinds of EDI messages that it accepts, such as `MEDLAB:1` or `ORU^*`; absent: every kind.',
    }),
    mailCertificate: z.string().optional().meta({
      description: 'The certificate that mail to it is encrypted to (X.509, DER in base64).',
    }),
    endsAt: time.optional().meta({ description: 'It accepts mail until this time.' }),
  })
  .meta({ id: 'DirectoryEntry' });

export type DirectoryEntryView = z.input<typeof directoryEntry>;

export function viewRecord(record: DirectoryRecord): DirectoryEntryView {
  const { address, version, modifiedAt } = record;
  const said = { address, version: String(version), modifiedAt: iso(modifiedAt) };
  if (isRemoved(record)) return { ...said, state: 'removed', removedAt: iso(record.removedAt) };
  const { organisation, kind, role, agb, telephone, edi, certificate, endsAt } = record;
  const { id, name, title } = organisation;
  return {
    ...said,
    state: 'listed',
    organisation: { organisationId: String(id), name, title },
    kind,
    ...defined({
      role,
      agbCode: agb,
      telephone,
      ediTypes: edi.length === 0 ? undefined : [...edi],
      mailCertificate: certificate && Buffer.from(certificate).toString('base64'),
      endsAt: iso(endsAt),
    }),
  };
}
