/**
 * A message's parts, and the interchanges in them, as a trace shows them: fields of envelopes,
 * sizes and hashes, but never content.
 */
import { z } from '../config/zod.ts';
import type { EdiParty, Interchange } from '../domain/interchange.ts';
import type { MessagePart, MessageParts } from '../domain/message-part.ts';

const partView = z.object({
  part: z.string().meta({ description: 'As IMAP counts parts.' }),
  type: z.string(),
  name: z.string().optional().meta({ description: 'File name; absent if the sender gave none.' }),
  encoding: z.string(),
  octets: z.number().meta({ description: 'Of the decoded part, as `sha256`.' }),
  sha256: z.string(),
  exact: z.boolean().meta({
    description: 'False: the encoding is damaged, and another program may decode other octets.',
  }),
});
export type PartView = z.infer<typeof partView>;

const interchangeView = z.object({
  part: z.string(),
  format: z.string(),
  syntax: z.string().optional().meta({ description: 'Of EDIFACT, `UNOA:1`.' }),
  sender: z.string().meta({ description: '`id`, or `id:qualifier`.' }),
  recipient: z.string(),
  reference: z.string(),
  prepared: z.string().optional(),
  application: z.string().optional(),
  messages: z.array(z.object({ type: z.string(), version: z.string(), count: z.number() })).readonly(),
  controls: z.string().meta({
    description: 'Control totals and references: right, wrong, or none if the format has none.',
  }),
  test: z.boolean(),
  acknowledge: z.boolean().meta({ description: 'The sender asks for an acknowledgement.' }),
  remarks: z
    .array(z.object({ kind: z.string(), count: z.number() }))
    .readonly()
    .meta({ description: 'Deviations by name, with how often each was met.' }),
});
export type InterchangeView = z.infer<typeof interchangeView>;

export const partsView = z.object({
  parts: z.array(partView).readonly(),
  interchanges: z.array(interchangeView).readonly(),
  limits: z.array(z.string()).readonly().meta({
    description: 'Bounds that the message reached: what is behind them is not listed.',
  }),
});
export type PartsView = z.infer<typeof partsView>;

export const viewParts = (parts: MessageParts | undefined): PartsView => ({
  parts: parts?.leaves.map(viewPart) ?? [],
  interchanges: parts?.interchanges.map(viewInterchange) ?? [],
  limits: parts?.limits ?? [],
});

const viewPart = ({ path, name, ...leaf }: MessagePart): PartView => ({
  part: path,
  type: leaf.type,
  ...(name === '' ? {} : { name }),
  encoding: leaf.encoding,
  octets: leaf.octets,
  sha256: leaf.sha256,
  exact: leaf.exact,
});

export const partyText = ({ id, qualifier }: EdiParty): string => (qualifier === '' ? id : `${id}:${qualifier}`);

const viewInterchange = (found: Interchange): InterchangeView => ({
  part: found.part,
  format: found.format,
  ...(found.syntax === '' ? {} : { syntax: found.syntax }),
  sender: partyText(found.sender),
  recipient: partyText(found.recipient),
  reference: found.reference,
  ...(found.preparedAt === '' ? {} : { prepared: found.preparedAt }),
  ...(found.application === '' ? {} : { application: found.application }),
  messages: found.messages,
  controls: found.controls,
  test: found.test,
  acknowledge: found.acknowledge,
  remarks: found.remarks,
});
