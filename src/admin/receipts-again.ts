/**
 * Sends a receipt again, because the sender lost it, or the sender's program threw it away. It says
 * what the first receipt said, and that it is a repetition, so that nobody takes one collection for
 * two. It is sent only for a collection for which a receipt is owed and that is confirmed. It
 * leaves out what the trail no longer has, such as how the program confirmed it.
 */
import { askedFor, keyOf, receiptFor, titleOf } from '../notices/receipts.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { AuditRow } from '../store/audit.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import { iso } from '../domain/units.ts';
import type { AdminContext } from './context.ts';
import { fileNotice } from './notice.ts';

/**
 * Most repetitions of one receipt. Nobody loses more letters than that, and the addressee would get
 * them all.
 */
export const MOST_AGAIN = 5;
const MAX_EVENTS = 1000;

/**
 * Why no receipt was sent. `not-asked`: the sender asked for none. `not-collected`: nobody has the
 * message. `not-confirmed`: a program fetched it, but has not yet confirmed that. `often`: it was
 * repeated five times. `nobody`: there is nobody to tell.
 */
export type NotAgain = 'not-asked' | 'not-collected' | 'not-confirmed' | 'often' | 'nobody';

export interface AgainView {
  readonly recipients: string[];
  /** When the message was collected. */
  readonly collected?: string | undefined;
  readonly left?: NotAgain | undefined;
}

/**
 * Sends receipts for each mailbox into which the message went, once for each, for the recipients in
 * `meant`.
 */
export async function sendReceiptsAgain(
  context: AdminContext,
  message: MessageRecord,
  meant: ReadonlySet<string>,
): Promise<AgainView[]> {
  const { store } = context;
  const copies = copiesOf(message, meant);
  const rows = copies.length === 0 ? [] : await store.audit.read({ message: message.id, limit: MAX_EVENTS });
  const views: AgainView[] = [];
  for (const copy of copies) views.push({ recipients: copy.recipients, ...(await sendAgain(context, copy, rows)) });
  return views;
}

interface Copy {
  readonly id: MessageId;
  readonly account: AccountId;
  readonly recipients: string[];
}

/**
 * The copies of a message, each with the recipients for whom it lies, or lay, in the same mailbox.
 */
function copiesOf({ id, recipients }: MessageRecord, meant: ReadonlySet<string>): readonly Copy[] {
  const copies = new Map<string, Copy>();
  for (const { address, mailbox, copy = id } of recipients) {
    if (mailbox === undefined || !meant.has(address)) continue;
    const key = keyOf(copy, mailbox);
    const known = copies.get(key);
    if (known === undefined) copies.set(key, { id: copy, account: mailbox, recipients: [address] });
    else known.recipients.push(address);
  }
  return [...copies.values()];
}

async function sendAgain(
  { store, noticeWriter }: AdminContext,
  { id, account }: Copy,
  rows: readonly AuditRow[],
): Promise<Omit<AgainView, 'recipients'>> {
  const message = await store.deliveries.findMessage(id);
  if (message === undefined || askedFor(message, account).length === 0) return { left: 'not-asked' };
  const fetched = rows.filter((row) => row.event === 'message.collected' && row.account === account && !isPart(row));
  const [first] = fetched;
  if (first === undefined) return { left: 'not-collected' };
  const keys = Array.from({ length: MOST_AGAIN + 1 }, (_, n) => keyOf(id, account, n));
  const used = new Set(await store.deliveries.usedKeys(keys));
  const once = keys.find((key) => !used.has(key));
  if (once === undefined) return { left: 'often' };
  const again = used.size > 0;
  // If no receipt was sent yet, this is the first. It is sent only if the program has deleted the
  // message, which confirms that it has it.
  if (!again && !fetched.some(({ facts }) => facts?.removed === true)) return { left: 'not-confirmed' };
  const notice = await receiptFor(
    { noticeWriter, deliveries: store.deliveries, messageParts: (of) => store.messageParts(of) },
    account,
    message,
    {
      once,
      organisation: await titleOf(store, account),
      at: first.at,
      tls: String(first.facts?.tls ?? '-'),
      ...(again ? { again } : {}),
    },
  );
  if (notice === undefined) return { left: 'nobody' };
  await fileNotice(store, notice);
  return defined({ collected: iso(first.at) });
}

const isPart = ({ facts }: AuditRow): boolean => facts?.part !== undefined;
