/** `sluis message receipt`: tells the sender once more that a message was collected. */
import { z } from '../config/zod.ts';
import { AdminError } from '../admin/error.ts';
import { MOST_AGAIN, type NotAgain, sendReceiptsAgain } from '../admin/receipts-again.ts';
import { messageOf } from '../admin/trace.ts';
import { readableTime } from '../cli/output.ts';
import { addressKey } from '../domain/address.ts';
import { address, message } from './core/kinds.ts';
import { arg, many } from './core/params.ts';
import { changes } from './core/row.ts';

/** Most recipients of one call: each gets a receipt of its own. */
const MOST = 100;

const LEFT: Readonly<Record<NotAgain, string>> = {
  'not-asked':
    'its sender asked for no receipt ("Sluis-Receipt: collected", or the setting collected-receipts); the trace tells when it was collected',
  'not-collected': 'it was not collected yet',
  'not-confirmed':
    'a program took it and has not confirmed that; the receipt goes by itself once it does so, or takes it a second time',
  often: `it was sent again ${MOST_AGAIN} times; look where those went ("notice.filed" in the trace)`,
  nobody: 'there is nobody to tell: sender, contact of its organisation and operator are not active',
};

const receiptView = z.object({
  recipients: z.array(z.string()).meta({ description: 'In one mailbox.' }),
  collected: z.string().optional().meta({ description: 'When; absent: no receipt was sent.' }),
  left: z
    .enum(['not-asked', 'not-collected', 'not-confirmed', 'often', 'nobody'])
    .optional()
    .meta({ description: 'Why none was sent.' }),
});

export const receipt = changes({
  api: { method: 'POST', path: '/traces/{messageId}/receipts', id: 'repeatReceipts' },
  about: 'tell the sender once more that its message was collected',
  in: {
    message: arg(message, 'its id, as the 250 told it, or its Message-ID'),
    recipient: many(address, 'by this recipient only; may be given several times'),
  },
  out: z.object({ message: z.string(), receipts: z.array(receiptView) }),
  right: 'support',
  trail: ['notice.filed'],
  undo: 'nothing takes a letter back; it says itself that it is a repetition',
  examples: ['5d0q3v9kz2m4x --reason "the sender lost the receipt, ticket 4711"'],
  run: async (context, { message: name, recipient: named }) => {
    const found = await messageOf(context, name);
    const keys = new Set(named.map(addressKey));
    const stranger = named.find((one) => !found.recipients.some((r) => addressKey(r.address) === addressKey(one)));
    if (stranger !== undefined)
      throw new AdminError(
        'unknown',
        `Cannot send a receipt of message ${found.id} for "${stranger}": it was not sent there; "sluis trace ${found.id}" shows its recipients`,
      );
    const isMeant = ({ address: of }: (typeof found.recipients)[number]): boolean =>
      keys.size === 0 || keys.has(addressKey(of));
    const meant = found.recipients.filter(isMeant);
    if (meant.length > MOST)
      throw new AdminError(
        'invalid',
        `Cannot send ${meant.length} receipts at once: expected at most ${MOST}; name recipients with --recipient`,
      );
    const receipts = await sendReceiptsAgain(context, found, new Set(meant.map((one) => one.address as string)));
    if (receipts.every(({ collected }) => collected === undefined))
      throw new AdminError(
        'conflict',
        `Cannot send a receipt of message ${found.id} again: ${LEFT[receipts[0]?.left ?? 'not-collected']}`,
      );
    return { message: found.id, receipts };
  },
  say: ({ receipts }) =>
    receipts
      .map(({ recipients, collected, left }) =>
        collected === undefined
          ? `${recipients.join(', ')}: no receipt, ${LEFT[left ?? 'not-collected']}.`
          : `${recipients.join(', ')}: the sender is told again that it was collected ${readableTime(collected)}.`,
      )
      .join('\n'),
});
