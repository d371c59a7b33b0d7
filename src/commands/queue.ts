/**
 * `sluis queue`: deliveries that wait for partners, and copies that are held. It can list, hold,
 * release, retry and give them up.
 */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import {
  type DeliveryView,
  type QueueView,
  deliveryView,
  queueView,
  viewDelivery,
  viewQueue,
} from '../admin/delivery-views.ts';
import { Names } from '../admin/names.ts';
import { fileNotice } from '../admin/notice.ts';
import { pages } from '../cli/pages.ts';
import { releasedNotice } from '../notices/filed.ts';
import { agree, many } from '../domain/counted.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { Delivery, DeliveryState } from '../store/deliveries.ts';
import { arg, flag } from './core/params.ts';
import { type Here, changes, lists, reads, readsHere } from './core/row.ts';
import { delivery } from './core/kinds.ts';
import { subject } from './core/subject.ts';
import type { InApi } from './core/in-api.ts';
import { ALL, OF, OPEN, WHICH, filtersOf, oneWay, unknown, visit } from './queue/which.ts';
import { COLUMNS, cells, deliveryTable, deliveryText, queueTable } from './queue/texts.ts';
import { giveUpDelivery } from './queue/give-up.ts';

const partners = reads({
  api: { method: 'GET', path: '/partner-queues', id: 'listPartnerQueues', ids: { partnerId: 'partner' } },
  about: 'how much waits for each partner',
  in: {},
  out: z.array(queueView),
  right: 'read',
  examples: [''],
  run: async ({ store }) => {
    const names = new Names(store.registry);
    const views: QueueView[] = [];
    for (const queue of await store.deliveries.queues())
      views.push(viewQueue(queue, await names.partner(queue.partner)));
    return views;
  },
  say: queueTable,
});

const deliveries = lists({
  api: {
    method: 'GET',
    path: '/deliveries',
    id: 'listDeliveries',
    ids: { accountId: 'account', partnerId: 'partner' },
  },
  about: 'each delivery that waits, or is held',
  in: { ...OF, all: flag('also those that ended') },
  out: deliveryView,
  right: 'support',
  examples: ['', '--partner umc'],
  run: async (context, { limit, after, all, ...of }) => {
    const names = new Names(context.store.registry);
    const rows: Delivery[] = [];
    for (const filter of await filtersOf(context, of))
      rows.push(
        ...(await context.store.deliveries.list({
          ...filter,
          states: all ? ALL : OPEN,
          limit,
          ...(after === undefined ? {} : { after: Number(after) as DeliveryId }),
        })),
      );
    const views: DeliveryView[] = [];
    for (const row of rows.sort((a, b) => a.id - b.id).slice(0, limit))
      views.push(viewDelivery(row, await names.goal(row)));
    return views;
  },
  header: COLUMNS,
  cells,
  after: (d) => String(d.id),
});

async function deliveriesOf(
  here: Here,
  of: { readonly partner?: string | undefined; readonly message?: string | undefined; readonly all?: boolean },
): Promise<readonly DeliveryView[]> {
  const rows: DeliveryView[] = [];
  for await (const page of pages(
    (at) => here.call(deliveries, { ...of, ...at }),
    (d) => String(d.id),
  ))
    rows.push(...page);
  return rows;
}

interface Changing {
  readonly api: InApi;
  readonly what: 'hold' | 'release' | 'retry';
  readonly about: string;
  readonly states: readonly DeliveryState[];
  /** What will happen to the deliveries. */
  readonly effect: string;
  readonly undo: string;
  readonly examples: readonly [string, ...string[]];
}

const changing = ({ what, states, effect, ...said }: Changing) =>
  changes({
    ...said,
    in: WHICH,
    check: oneWay,
    out: z.object({ changed: z.number() }),
    right: 'support',
    trail: [`delivery.${what}`],
    run: async (context, chosen, { actor }) => {
      let changed = 0;
      await visit(context, chosen, states, async (ids) => {
        changed += await context.store.deliveries.change(ids, what, actor);
        if (what === 'release') await tellFiled(context, ids);
      });
      return { changed };
    },
    say: ({ changed }) => `${many(changed, 'delivery')} ${agree(changed, 'is', 'are')} ${effect}.`,
  });

/** Reports that a released copy is in the mailbox now, if its sender asked to be told. */
async function tellFiled({ store, noticeWriter }: AdminContext, ids: readonly DeliveryId[]): Promise<void> {
  for (const id of ids) {
    const found = await store.deliveries.find(id);
    if (found?.mailbox !== undefined)
      await fileNotice(store, await releasedNotice(noticeWriter, store.deliveries, found));
  }
}

const MOST_SHOWN = 20;

export const queues = subject(
  'queue',
  'deliveries that wait for partners, or are held',
  {
    list: readsHere({
      about: 'how much waits for each partner, and each delivery',
      watch: true,
      in: deliveries.in,
      out: z.object({ partners: z.array(queueView), deliveries: z.array(deliveryView) }),
      right: 'support',
      examples: ['', '--partner umc', '--all'],
      run: async (here, { partner, message, all }) => ({
        partners: (await here.call(partners, {})).filter((q) => partner === undefined || q.partner === partner),
        deliveries: [...(await deliveriesOf(here, { partner, message, all }))],
      }),
      say: (found) =>
        found.partners.length + found.deliveries.length === 0
          ? 'Nothing waits.'
          : [queueTable(found.partners), deliveryTable(found.deliveries)].filter((part) => part !== '').join('\n\n'),
    }),

    show: reads({
      api: {
        method: 'GET',
        path: '/deliveries/{deliveryId}',
        id: 'showDelivery',
        ids: { accountId: 'account', partnerId: 'partner' },
      },
      about: 'show one delivery',
      in: { id: arg(delivery, 'of the delivery') },
      out: deliveryView,
      right: 'support',
      examples: ['1742'],
      run: async ({ store }, { id }) => {
        const found = await store.deliveries.find(id);
        if (found === undefined) throw unknown(id);
        return viewDelivery(found, await new Names(store.registry).goal(found));
      },
      say: deliveryText,
    }),

    hold: changing({
      api: {
        method: 'POST',
        path: '/deliveries/{deliveryId}/holds',
        id: 'holdDelivery',
        without: ['partner', 'message'],
      },
      what: 'hold',
      about: 'make deliveries wait until they are released',
      states: ['waiting'],
      effect: 'held',
      undo: 'queue release',
      examples: ['1742', '--partner umc --reason "its server answers for somebody else"'],
    }),
    release: changing({
      api: {
        method: 'POST',
        path: '/deliveries/{deliveryId}/releases',
        id: 'releaseDelivery',
        without: ['partner', 'message'],
      },
      what: 'release',
      about: 'let held deliveries continue, into a mailbox too',
      states: ['held'],
      effect: 'released',
      undo: 'queue hold, while they wait; what is in a mailbox stays there',
      examples: ['1742', '--partner umc'],
    }),
    retry: changing({
      api: {
        method: 'POST',
        path: '/deliveries/{deliveryId}/retries',
        id: 'retryDelivery',
        without: ['partner', 'message'],
      },
      what: 'retry',
      about: 'attempt deliveries now',
      states: ['waiting'],
      effect: 'due now',
      undo: 'queue hold; they would have been attempted later by themselves',
      examples: ['--partner umc'],
    }),

    fail: changes({
      about: 'give deliveries up; their senders get a notice with the reason',
      in: WHICH,
      check: oneWay,
      out: z.object({
        failed: z.number(),
        busy: z.array(z.number()).meta({ description: 'Being attempted at this moment: try again in a minute.' }),
      }),
      right: 'owner',
      trail: ['delivery.failed'],
      progress: { phase: 'Giving up', unit: 'deliveries' },
      confirm: {
        what: () => 'give deliveries up',
        name: ({ ids, partner, message }) => partner ?? message ?? String(ids[0] ?? 'fail'),
        // What an operator sees before he confirms. Senders read his reason.
        goes: async (here, { ids, partner, message }) => {
          const found = await deliveriesOf(here, { partner, message });
          const going = ids.length === 0 ? found : found.filter((d) => ids.some((id) => id === d.id));
          const more = going.length > MOST_SHOWN ? `\n... and ${going.length - MOST_SHOWN} more` : '';
          return `${many(going.length, 'delivery')} ${agree(going.length, 'is', 'are')} given up, and the senders read your reason:\n${deliveryTable(going.slice(0, MOST_SHOWN))}${more}`;
        },
      },
      examples: ['1742 --yes --reason "the hospital has moved, and tells its address by telephone"'],
      run: async (context, chosen, call) => {
        let failed = 0;
        const busy: number[] = [];
        await visit(context, chosen, OPEN, async (ids) => {
          for (const [i, id] of ids.entries()) {
            const done = await giveUpDelivery(context, id, call);
            if (done === 'failed') failed += 1;
            else if (done === 'busy') busy.push(id);
            call.progress(i + 1, ids.length);
          }
        });
        return { failed, busy };
      },
      say: ({ failed, busy }) =>
        [
          `${many(failed, 'delivery')} ${agree(failed, 'was given up; its sender is', 'were given up; their senders are')} told.`,
          ...(busy.length === 0 ? [] : [`Being attempted at this moment, try again in a minute: ${busy.join(' ')}`]),
        ].join('\n'),
    }),
  },
  { parts: { partners, list: deliveries } },
);
