/**
 * Whether a sender is told when its message was collected: by the header field
 * `Sluis-Receipt: collected`, or by its account's setting.
 *
 * NOTIFY=NEVER wins over both: a receipt is a delivery status notification as well (RFC 3461
 * section 4.1).
 */
import type { Address } from '../domain/address.ts';
import { type Header, fieldText, fieldsNamed } from '../mime/header.ts';
import type { AcceptedRecipient } from '../store/acceptance.ts';

export const RECEIPT_FIELD = 'sluis-receipt';

export const asksForReceipt = (header: Header): boolean =>
  fieldsNamed(header, RECEIPT_FIELD).some((field) => /^collected$/i.test(fieldText(header, field).trim()));

export interface ReceiptRequest {
  /** Empty for a null reverse path: there is nobody to tell. */
  readonly sender: Address | '';
  readonly asked: boolean;
  readonly setting: 'asked' | 'always' | 'never';
}

/** Marks the recipients with a mailbox here whose collection the sender wants to be told of. */
export function withReceipts<R extends { readonly to: AcceptedRecipient }>(
  recipients: readonly R[],
  { sender, asked, setting }: ReceiptRequest,
): readonly R[] {
  const wanted = sender !== '' && (setting === 'always' || (setting === 'asked' && asked));
  if (!wanted) return recipients;
  return recipients.map((r) =>
    r.to.mailbox === undefined || r.to.notify?.includes('NEVER') === true
      ? r
      : { ...r, to: { ...r.to, receipt: true } },
  );
}
