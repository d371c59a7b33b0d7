/** What the API shows of messages in a mailbox. */
import { partsView, viewParts } from '../../admin/part-views.ts';
import { z } from '../../config/zod.ts';
import type { MessagePart } from '../../domain/message-part.ts';
import { iso } from '../../domain/units.ts';
import type { Claim, Item } from '../../pickup/claim.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import type { HeaderFacts } from './header-facts.ts';

const sha256 = z.string().meta({ description: 'SHA-256, 64 hexadecimal digits.' });
const octets = z.number().int();
const text = (about: string) => z.string().optional().meta({ description: about });

export const mailboxMessage = z
  .object({
    id: z.string().meta({ description: 'Id of the message: use it in every request about it.' }),
    originalId: text('Present if this is a copy that was protected or opened for you: the id that its sender knows.'),
    receivedAt: z.iso.datetime().meta({ description: 'When it came into the mailbox, or was handed out again.' }),
    octets,
    sha256: sha256.meta({ description: 'Of the message as it is handed out: 64 hexadecimal digits.' }),
    sender: z.string().meta({ description: 'Envelope sender; empty for notices.' }),
    collected: z.boolean().meta({ description: 'A program has fetched it whole before, over POP3 or HTTPS.' }),
    receiptWanted: z.boolean().meta({ description: 'Its sender asked to be told when it is collected.' }),
    messageIdField: z.string().meta({ description: 'Its Message-ID, without angle brackets.' }),
    from: text('Field From, for people to read.'),
    to: text('Field To.'),
    cc: text('Field Cc.'),
    subject: text('Field Subject.'),
    sentAt: z.iso.datetime().optional().meta({ description: 'Field Date, if it can be read.' }),
    verdicts: z
      .array(
        z.object({
          method: z.enum(['smime', 'pgp']),
          result: z.string().meta({ description: 'As RFC 7281: pass, fail, policy, neutral, permerror or none.' }),
          reason: z.string().optional(),
        }),
      )
      .readonly()
      .meta({ description: 'What the gateway found about its signatures; empty if it checked nothing.' }),
    submitted: partsView.meta({
      description:
        'Parts and EDI interchanges as they were submitted: of a copy that is encrypted for you, those that are inside.',
    }),
  })
  .meta({ id: 'MailboxMessage' });

const fetchable = z.object({
  part: z.string().meta({ description: 'Number of the part, as IMAP counts them: the end of its path.' }),
  type: z.string(),
  name: z.string().optional(),
  octets: octets.meta({ description: 'Of the decoded part, as `sha256`.' }),
  sha256,
});

export const wholeMessage = mailboxMessage
  .extend({
    parts: z.array(fetchable).readonly().meta({ description: 'The parts that can be fetched by their number.' }),
  })
  .meta({ id: 'MailboxMessageWithParts' });

export type MessageView = z.input<typeof mailboxMessage>;

export const viewEntry = (entry: MailboxEntry, header: HeaderFacts): MessageView => {
  const { message, parts, since, sentBefore, receiptWanted } = entry;
  return {
    id: message.id,
    ...(message.copyOf === undefined ? {} : { originalId: message.copyOf }),
    receivedAt: iso(since),
    octets: message.octets,
    sha256: message.sha256,
    sender: message.sender,
    collected: sentBefore,
    receiptWanted,
    messageIdField: message.messageIdField,
    ...header,
    submitted: viewParts(parts),
  };
};

export const viewFetchable = ({ path, type, name, ...leaf }: MessagePart): z.input<typeof fetchable> => ({
  part: path,
  type,
  ...(name === '' ? {} : { name }),
  octets: leaf.octets,
  sha256: leaf.sha256,
});

export const claimView = z
  .object({
    id: z.string().optional().meta({ description: 'Absent if there was nothing to claim.' }),
    state: z.enum(['open', 'acknowledged', 'released', 'lapsed', 'empty']),
    endsAt: z.iso.datetime().optional().meta({ description: 'When it ends, unless you renew it.' }),
    acknowledged: z.number().int().meta({ description: 'How many of its messages were acknowledged.' }),
    messages: z
      .array(
        z.object({
          id: z.string(),
          octets,
          sha256,
          sender: z.string(),
          receivedAt: z.iso.datetime(),
          collected: z.boolean(),
        }),
      )
      .readonly()
      .meta({ description: 'The messages that are yours until the claim ends, oldest first.' }),
  })
  .meta({ id: 'Claim' });

export const NOTHING: z.input<typeof claimView> = { state: 'empty', acknowledged: 0, messages: [] };

export const viewClaim = (claim: Claim): z.input<typeof claimView> => ({
  id: claim.id,
  state: claim.state,
  ...(claim.state === 'open' ? { endsAt: iso(claim.endsAt) } : {}),
  acknowledged: claim.acknowledged,
  messages: claim.state === 'open' ? [...claim.items.values()].map(viewItem) : [],
});

const viewItem = ({ id, octets: size, sha256: hash, sender, since, sentBefore }: Item) => ({
  id,
  sha256: hash,
  sender,
  octets: size,
  receivedAt: iso(since),
  collected: sentBefore,
});
