/**
 * `sluis message`: takes back a message that should not have been sent, from everybody who has not
 * collected it yet; and erases one that should not exist.
 */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import { copyView, viewCopy } from '../admin/delivery-views.ts';
import { Names } from '../admin/names.ts';
import { fileNotice } from '../admin/notice.ts';
import { messageOf, nameOf } from '../admin/trace.ts';
import { facts, readableSize, readableTime } from '../cli/output.ts';
import { dayOf } from '../domain/utc-day.ts';
import { contrlFor, contrlParts } from '../notices/contrl.ts';
import { aboutOf, readOriginal } from '../notices/original.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { MessageId } from '../domain/ids.ts';
import { type Instant, days, instant, iso } from '../domain/units.ts';
import { withdrawnLetters } from '../letters/mailbox.ts';
import type { AuditRow } from '../store/audit.ts';
import type { Erasure, MessageRecord, Withdrawal } from '../store/deliveries.ts';
import type { Store } from '../store/port/store.ts';
import { address, message } from './core/kinds.ts';
import { arg, many, old } from './core/params.ts';
import { changes } from './core/row.ts';
import { subject } from './core/subject.ts';
import { receipt } from './message-receipt.ts';
import { show } from './trace.ts';
import { copyText } from './trace/text.ts';

const MAX_EVENTS = 1000;

const one = { message: arg(message, 'its id, as the 250 told it, or its Message-ID') };

const withdrawnView = copyView.extend({
  done: z.enum(['withdrawn', 'too-late']),
  earlier: z.literal(true).optional().meta({ description: 'An earlier withdrawal had taken it back.' }),
  collected: z
    .array(z.object({ at: z.string(), from: z.string().optional() }))
    .readonly()
    .meta({ description: 'Who had it before it could be taken back, oldest first; for a mailbox only.' }),
});
type WithdrawnView = z.infer<typeof withdrawnView>;

const BACKUPS =
  'It is removed from every mailbox now. From the second day on no backup can show it either, earlier ones included. Who sent it to whom, and the hashes of its parts, stay in the trace; copies that were fetched stay with whoever fetched them.';

export const messages = subject('message', 'messages that were accepted', {
  receipt,

  withdraw: changes({
    api: { method: 'POST', path: '/traces/{messageId}/withdrawals' },
    about: 'withdraw a message wherever nobody has collected it yet',
    in: {
      ...one,
      recipient: old(many(address, 'for this recipient only; may be given several times'), 'to'),
    },
    out: z.object({ message: z.string(), copies: z.array(withdrawnView).readonly() }),
    right: 'security',
    // The sender reads the reason.
    reason: 'needed',
    trail: ['message.withdrawn'],
    examples: ['5d0q3v9kz2m4x --reason "sent to the wrong practice"'],
    run: async (context, { message: name, recipient: recipients }, { actor }) => {
      const { store } = context;
      const found = await messageOf(context, name);
      const stranger = recipients.find((r) => !found.recipients.some((m) => sameAddress(m.address, r)));
      if (stranger !== undefined)
        throw new AdminError(
          'unknown',
          `Cannot withdraw message ${found.id} for "${stranger}": it was not sent there; "sluis trace ${found.id}" shows its recipients`,
        );
      const reason = actor.reason ?? '';
      const done = await store.deliveries.withdraw(
        found.id,
        recipients.length === 0 ? 'all' : recipients,
        { ...actor, reason },
        [],
      );
      if (done === 'unknown')
        throw new AdminError('unknown', `Cannot withdraw message ${found.id}: it is no longer kept`);
      await tellSender(context, found, done, reason);
      return { message: found.id, copies: await viewsOf(store, found.id, done) };
    },
    say: ({ copies }) => copies.map(withdrawnLine).join('\n'),
    // If somebody already has the message, the command fails, so that a script sees it too and the
    // sender is called.
    fails: ({ copies }) => (copies.some((copy) => copy.done === 'too-late') ? { code: 'conflict' } : undefined),
  }),

  erase: changes({
    about: 'erase what is kept of a message for good, in backups too; its facts stay in the trace',
    in: one,
    out: z.object({
      message: z.string(),
      closedFrom: z.string().meta({ description: 'From when no backup opens it.' }),
    }),
    right: 'owner',
    second: 'erase',
    trail: ['message.erased'],
    confirm: {
      what: ({ message: name }) => `erase message ${name}`,
      name: ({ message: name }) => name,
      goes: async (here, { message: name }) => {
        const shown = await here.call(show, { message: name });
        return `${facts([
          ['Message', shown.id],
          ['Received', readableTime(shown.received)],
          ['Sender', shown.sender],
          ['Size', readableSize(shown.octets)],
          ...shown.copies.map((copy) => ['For', `${copy.recipient}: ${copyText(copy)}`] as const),
        ])}\n${BACKUPS}`;
      },
    },
    examples: ['5d0q3v9kz2m4x --yes --reason "the patient asked for it"'],
    run: async (context, { message: name }, { actor }) => {
      const found = await messageOf(context, name);
      const done = await context.store.deliveries.erase(found.id, { ...actor, reason: actor.reason ?? '' });
      if (done !== 'erased')
        throw new AdminError(
          done === 'unknown' ? 'unknown' : 'conflict',
          `Cannot erase message ${found.id}: ${NOT_ERASED[done](found.id)}; nothing was changed`,
        );
      return { message: found.copyOf ?? found.id, closedFrom: closedFrom(found.receivedAt) };
    },
    say: (done) =>
      Date.parse(done.closedFrom) <= Date.now()
        ? `Erased message ${done.message}. No backup opens it from now on.`
        : `Erased message ${done.message}. No backup opens it from ${readableTime(done.closedFrom)} on.`,
  }),
});

const NOT_ERASED: Readonly<Record<Exclude<Erasure, 'erased'> | 'unknown', (id: string) => string>> = {
  waiting: (id) =>
    `it waits for somebody who has not got it, and would vanish without a word; take it back first: "sluis message withdraw ${id} --reason TEXT" tells its sender`,
  'in-use': () => 'a mailbox that holds it is being fetched just now; try again in a minute',
  elsewhere: (id) =>
    `another mailbox holds it than it was sent to ("sluis trace ${id}"); it is erased once it was deleted there`,
  unknown: () => 'it is no longer kept',
};

/**
 * From when no backup opens the message. The store promises the beginning of the second day (UTC)
 * after the day of acceptance, and then the next sweep.
 */
const closedFrom = (receivedAt: Instant): string => `${dayOf(instant(receivedAt + days(2)))}T00:00:00.000Z`;

/**
 * Tells the sender who did not get the message, if something was taken back. A notice has no sender
 * to tell.
 */
async function tellSender(
  { store, noticeWriter, clock }: AdminContext,
  message: MessageRecord,
  done: readonly Withdrawal[],
  reason: string,
): Promise<void> {
  const of = (result: Withdrawal['done']): string[] =>
    done.filter((w) => w.done === result).map(({ where }) => where.recipient);
  if (message.sender === '' || of('withdrawn').length === 0) return;
  await fileNotice(store, await contrlFor(contrlParts({ store, noticeWriter, clock }), message, 'rejected'));
  const original = await readOriginal(store.deliveries, message);
  const place = await noticeWriter.places.ofSender(message.sender, message.submitter);
  await fileNotice(
    store,
    await noticeWriter.letter(place, {
      kind: 'withdrawn',
      about: message,
      letters: withdrawnLetters({
        message: aboutOf(message, original),
        recipients: of('withdrawn'),
        late: done.filter(hasIt).map(({ where }) => where.recipient),
        reason,
      }),
    }),
  );
}

/**
 * True if it was too late and somebody has the message. A copy that was given up or had expired
 * reached nobody, and its sender must not read that it did.
 */
function hasIt({ where, done }: Withdrawal): boolean {
  const state = where.kind === 'mailbox' ? where.state : where.delivery.state;
  return done === 'too-late' && state !== 'failed' && state !== 'expired';
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
      done: result === 'too-late' ? result : 'withdrawn',
      ...(result === 'earlier' ? { earlier: true } : {}),
      collected: where.kind === 'mailbox' ? rows.filter((row) => collectedBy(row, where.account)).map(collection) : [],
    });
  return views;
}

const collectedBy = (row: AuditRow, account: number): boolean =>
  row.event === 'message.collected' && row.account === account;

function collection(row: AuditRow): WithdrawnView['collected'][number] {
  const from = row.personal?.address;
  return { at: iso(row.at), ...defined({ from: typeof from === 'string' ? from : undefined }) };
}

function withdrawnLine(copy: WithdrawnView): string {
  if (copy.done === 'withdrawn')
    return `${copy.recipient}: ${copy.earlier === true ? 'was withdrawn before' : 'withdrawn'}.`;
  const who = copy.collected
    .map(({ at, from }) => `${readableTime(at)}${from === undefined ? '' : ` from ${from}`}`)
    .join(', ');
  return `${copy.recipient}: too late, ${copyText(copy)}${who === '' ? '' : `; collected by ${copy.account ?? ''} at ${who}`}.`;
}
