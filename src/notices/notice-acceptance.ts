/**
 * How a notice is filed: from the null sender, to one recipient, and with no notice about it (RFC
 * 3461 section 6.1: NOTIFY=NEVER).
 */
import { defined } from '../domain/defined.ts';
import { type Acceptance, OPERATOR } from '../store/acceptance.ts';
import type { NoticeFacts } from './notice-content.ts';
import type { NoticeDestination } from './notice-destination.ts';

export function noticeAcceptance(
  to: NoticeDestination,
  { kind, once, about, again }: NoticeFacts,
  written: Pick<Acceptance, 'body' | 'envelope' | 'receivedAt'>,
  hostname: string,
): Acceptance {
  const { body } = written;
  const road = 'partner' in to ? { partner: to.partner } : { mailbox: to.mailbox };
  return {
    ...written,
    submitter: OPERATOR,
    sender: '',
    messageIdField: `${body.id}@${hostname}`,
    recipients: [{ address: to.address, notify: ['NEVER'], ...road }],
    system: true,
    ...defined({ once }),
    audit: [
      {
        event: 'message.accepted',
        outcome: 'success',
        message: body.id,
        facts: { octets: body.octets, sha256: body.sha256, recipients: 1, notice: kind },
        personal: { recipients: [to.address] },
      },
      // The row stands in the trace of the message that the notice is about.
      ...(about === undefined
        ? []
        : [
            {
              event: 'notice.filed',
              outcome: 'success' as const,
              message: about.id,
              facts: { notice: kind, as: body.id, to: to.as, ...defined({ again }) },
            },
          ]),
    ],
  };
}
