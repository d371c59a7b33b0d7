/**
 * What pickup asks of the part that writes receipts, so that senders are told what a session
 * collected.
 */
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { Acceptance, PreparedNotice } from '../store/acceptance.ts';

export interface Collected {
  readonly account: AccountId;
  /** Messages for which a receipt is wanted; some of the receipts may have been sent already. */
  readonly messages: readonly MessageId[];
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /**
   * `quit`: fetched to the end and confirmed by QUIT. `twice`: fetched to the end a second time,
   * without that. `hung-up`: fetched to the end and removed when the client closed, as its account
   * is set.
   */
  readonly by: 'quit' | 'twice' | 'hung-up';
}

/**
 * Most messages of one session whose senders get a receipt; messages beyond that are noted in the
 * log and stand in the trace.
 */
export const MAX_RECEIPTS = 1000;

export interface Receipts {
  /**
   * The receipts that are owed, their bodies sealed, to be filed with the end of the session;
   * discard them afterwards. Never rejects: a receipt that cannot be written must keep nobody from
   * fetching.
   */
  receiptsFor(collected: Collected): Promise<readonly PreparedNotice[]>;
}

/**
 * Ends a session together with the receipts that are owed for it; `end` calls for them when it is
 * time to write them.
 */
export async function withReceipts(
  receipts: Receipts | undefined,
  collected: Collected,
  end: (owed: () => Promise<readonly Acceptance[]>) => Promise<void>,
): Promise<void> {
  const written: PreparedNotice[] = [];
  try {
    await end(async () => {
      if (receipts !== undefined && collected.messages.length > 0)
        written.push(...(await receipts.receiptsFor(collected)));
      return written.map(({ acceptance }) => acceptance);
    });
  } finally {
    for (const receipt of written) await receipt.discard();
  }
}
