/**
 * The client that fetches over the API, as the code for POP3 knows it, and what all routes of the
 * mailbox share.
 */
import { defined } from '../../domain/defined.ts';
import type { MessageId } from '../../domain/ids.ts';
import type { Visitor } from '../../pickup/shared.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import type { AccountCaller } from '../core/callers.ts';
import { type Problem, notFound, problem } from '../core/problem.ts';
import type { Remote } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';

export type MailboxServices = Pick<ApiServices, 'store' | 'pickup' | 'clock' | 'hostname' | 'random'>;

export const ACCESS = { kind: 'account', scope: 'fetch' } as const;

/** `stands`: given if the request removes something. */
export const visitorOf = ({ address, network, tls }: Remote, stands?: () => Promise<boolean>): Visitor => ({
  protocol: 'https',
  address,
  network,
  tls,
  ...defined({ stands }),
});

export async function entryOf(
  { store }: Pick<ApiServices, 'store'>,
  { account }: AccountCaller,
  id: MessageId,
): Promise<MailboxEntry> {
  const entry = await store.deliveries.mailboxEntry(account.id, id);
  if (entry === undefined) throw notFound();
  return entry;
}

/** Seconds for which a silent session keeps the mailbox from another session of its network. */
const RETRY = 30;

export const inUse = (): Problem =>
  problem(
    409,
    'in-use',
    'The mailbox is in use',
    'Another session fetches this mailbox just now, as POP3 does; try again when it has ended',
    { retryAfter: RETRY },
  );
