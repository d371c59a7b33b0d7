/** The audit rows about fetched mail, the same for every protocol. */
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { AuditEvent } from '../store/audit.ts';

/** Who collected, and how. */
export interface Collector {
  readonly address: string;
  readonly protocol: 'pop3' | 'https';
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /** Whether the login still holds; asked when the login is used to remove something. */
  readonly stands?: () => Promise<boolean>;
}

/** A message that was sent to its end; `part`: only this part of it. */
export interface Sent {
  readonly id: MessageId;
  readonly removed: boolean;
  readonly part?: string;
}

/**
 * One row for each message that was sent: "collected 10:14 by ..." is what a sender may ask for
 * years later.
 */
export const collectedRows = (account: AccountId, collector: Collector, sent: readonly Sent[]): AuditEvent[] =>
  sent.map(({ id, removed, part }) => ({
    event: 'message.collected',
    outcome: 'success',
    message: id,
    account,
    facts: {
      protocol: collector.protocol,
      tls: collector.tls,
      removed,
      ...(part === undefined ? {} : { part }),
    },
    personal: { address: collector.address },
  }));

/**
 * The row of a commit: how many messages were removed. `by`: what made the commit, if the client
 * did not ask for it.
 */
export const committedRow = (
  account: AccountId,
  { protocol, address }: Collector,
  counts: { readonly retrieved: number; readonly deleted: number },
  by?: 'hung-up',
): AuditEvent => ({
  event: 'maildrop.committed',
  outcome: 'success',
  account,
  facts: { protocol, ...counts, ...(by === undefined ? {} : { by }) },
  personal: { address },
});

/** NEN 7513: a look at the top of a message is access to it as well; one row counts all of them. */
export const previewedRow = (
  account: AccountId,
  { protocol, tls, address }: Collector,
  messages: number,
): AuditEvent => ({
  event: 'maildrop.previewed',
  outcome: 'success',
  account,
  facts: { protocol, tls, messages },
  personal: { address },
});
