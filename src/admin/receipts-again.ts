/**
 * A receipt that is sent again: the sender lost it, or its program threw it away, and asks the
 * helpdesk. It says what the first one said and that it is a repetition, so that nobody takes one
 * collection for two; and it is sent for what was owed and confirmed alone. What the trail has no
 * more of, such as how the program confirmed it, it leaves out.
 */
import { askedFor, keyOf, receiptFor, titleOf } from '../notices/receipts.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { AuditRow } from '../store/audit.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import { iso } from '../domain/units.ts';
import type { AdminContext } from './context.ts';
import { fileNotice } from './notice.ts';

/** Of one receipt. More is no loss of a letter, and its addressee would have as many. */
export const MOST_AGAIN = 5;
const MAX_EVENTS = 1000;

/**
 * `not-asked`: its sender asked for no receipt. `not-collected`: nobody has it. `not-confirmed`: a
 * program took it, and has not said so yet. `often`: it was repeated five times. `nobody`: there is
 * nobody to tell.
 */
export type NotAgain = 'not-asked' | 'not-collected' | 'not-confirmed' | 'often' | 'nobody';

export interface AgainView {
  readonly recipients: string[];
  /** When the message was collected. */
  readonly collected?: string | undefined;
  readonly left?: NotAgain | undefined;
}

/** Of the mailboxes that the message went into, each once: those of recipients that are `meant`. */
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

/** The copies of a message that lie, or lay, in one mailbox. */
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
  // What was never told of is told now, where the program said by deleting it that it has it.
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
