/** Taking a message back that should not have been sent, everywhere it was not collected yet; and erasing one that should not exist. */
import { type Address, addressKey } from '../domain/address.ts';
import { dayOf } from '../crypto/key-folder.ts';
import type { MessageId } from '../domain/ids.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import { withdrawnLetters } from '../letters/mailbox.ts';
import type { AuditRow } from '../store/audit.ts';
import { contrlFor, contrlParts } from '../delivery/contrl.ts';
import { aboutOf, readOriginal } from '../delivery/original.ts';
import type { Erasure, MessageRecord, Withdrawal } from '../store/deliveries.ts';
import type { Store } from '../store/port/store.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type CopyView, viewCopy } from './delivery-views.ts';
import { addresses, text } from './input.ts';
import { fileNotice } from './notice.ts';
import { Names } from './names.ts';
import { change, destroying, withSecond } from './operation.ts';
import { messageOf, nameOf } from './trace.ts';

export interface WithdrawnView extends CopyView {
  readonly done: 'withdrawn' | 'too-late';
  /** Who had it before it could be taken back, oldest first; for a mailbox only. */
  readonly collected: readonly { readonly at: string; readonly from?: string }[];
}

export interface WithdrawalView {
  readonly message: string;
  readonly copies: readonly WithdrawnView[];
}

const MAX_EVENTS = 1000;

export const messageOperations = {
  'message.withdraw': change(
    (input) => ({
      message: text(input, 'message', 998),
      recipients: addresses(input, 'recipients'),
      reason: text(input, 'reason'),
    }),
    async (context, { message: name, recipients, reason }, { actor }): Promise<WithdrawalView> => {
      const { store } = context;
      const message = await messageOf(context, name);
      const stranger = recipients.find((r) => !message.recipients.some((m) => sameAddress(m.address, r)));
      if (stranger !== undefined)
        throw new AdminError(
          'unknown',
          `Cannot withdraw message ${message.id} for "${stranger}": it was not sent there; "sluis trace ${message.id}" shows its recipients`,
        );
      const done = await store.deliveries.withdraw(
        message.id,
        recipients.length === 0 ? 'all' : recipients,
        { ...actor, reason },
        [],
      );
      if (done === 'unknown')
        throw new AdminError('unknown', `Cannot withdraw message ${message.id}: it is no longer kept`);
      await tellSender(context, message, done, reason);
      return { message: message.id, copies: await viewsOf(store, message.id, done) };
    },
  ),

  'message.erase': withSecond(
    'erase',
    destroying(
      change(
        (input) => ({ message: text(input, 'message', 998), reason: text(input, 'reason') }),
        async (context, { message: name, reason }, { actor }): Promise<ErasedView> => {
          const { store } = context;
          const message = await messageOf(context, name);
          const done = await store.deliveries.erase(message.id, { ...actor, reason });
          if (done !== 'erased')
            throw new AdminError(
              done === 'unknown' ? 'unknown' : 'conflict',
              `Cannot erase message ${message.id}: ${NOT_ERASED[done](message.id)}; nothing was changed`,
            );
          return { message: message.copyOf ?? message.id, closedFrom: closedFrom(message.receivedAt) };
        },
      ),
    ),
  ),
};

export interface ErasedView {
  readonly message: string;
  /** From when no backup opens it, ISO 8601. */
  readonly closedFrom: string;
}

const NOT_ERASED: Readonly<Record<Exclude<Erasure, 'erased'> | 'unknown', (id: string) => string>> = {
  waiting: (id) =>
    `it waits for somebody who has not got it, and would vanish without a word; take it back first: "sluis message withdraw ${id} --reason TEXT" tells its sender`,
  'in-use': () => 'a mailbox that holds it is being fetched just now; try again in a minute',
  elsewhere: (id) =>
    `another mailbox holds it than it was sent to ("sluis trace ${id}"); it is erased once it was deleted there`,
  unknown: () => 'it is no longer kept',
};

/** What the store promises: the second day after the day of its acceptance, in UTC, and then the next sweep. */
const closedFrom = (receivedAt: Instant): string => `${dayOf(instant(receivedAt + days(2)))}T00:00:00.000Z`;

/** The sender hears who did not get it, once something was taken back. A notice has no sender to tell. */
async function tellSender(
  { store, desk, clock }: AdminContext,
  message: MessageRecord,
  done: readonly Withdrawal[],
  reason: string,
): Promise<void> {
  const of = (result: Withdrawal['done']): string[] =>
    done.filter((w) => w.done === result).map(({ where }) => where.recipient);
  if (message.sender === '' || of('withdrawn').length === 0) return;
  await fileNotice(store, await contrlFor(contrlParts({ store, desk, clock }), message, 'rejected'));
  const original = await readOriginal(store.deliveries, message);
  const place = await desk.places.ofSender(message.sender, message.submitter);
  await fileNotice(
    store,
    await desk.letter(place, {
      kind: 'withdrawn',
      about: message,
      letters: withdrawnLetters({
        message: aboutOf(message, original),
        recipients: of('withdrawn'),
        late: of('too-late'),
        reason,
      }),
    }),
  );
}

const sameAddress = (a: Address, b: Address): boolean => addressKey(a) === addressKey(b);

async function viewsOf(store: Store, message: MessageId, done: readonly Withdrawal[]): Promise<WithdrawnView[]> {
  const names = new Names(store.registry);
  const late = done.some((w) => w.done === 'too-late');
  const rows = late ? await store.audit.read({ message, limit: MAX_EVENTS }) : [];
  const views: WithdrawnView[] = [];
  for (const { where, done: result } of done)
    views.push({
      ...viewCopy(where, await nameOf(where, names)),
      done: result,
      collected: where.kind === 'mailbox' ? rows.filter((row) => collectedBy(row, where.account)).map(collection) : [],
    });
  return views;
}

const collectedBy = (row: AuditRow, account: number): boolean =>
  row.event === 'message.collected' && row.account === account;

function collection(row: AuditRow): WithdrawnView['collected'][number] {
  const from = row.personal?.address;
  return { at: new Date(row.at).toISOString(), ...(typeof from === 'string' ? { from } : {}) };
}
