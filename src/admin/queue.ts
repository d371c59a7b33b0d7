/** What an operator does with deliveries that wait for partners, or are held from mailboxes: look, hold, release, retry, give up. */
import { releasedNotice } from '../delivery/filed.ts';
import { giveUp } from '../delivery/give-up.ts';
import { defined } from '../domain/defined.ts';
import type { DeliveryId, PartnerId } from '../domain/ids.ts';
import type { Delivery, DeliveryQuery, DeliveryState } from '../store/deliveries.ts';
import type { Actor } from '../store/actor.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type DeliveryView, type QueueView, viewDelivery, viewQueue } from './delivery-views.ts';
import { type Input, deliveryIds, flag, optionalText, page, text } from './input.ts';
import { Names } from './names.ts';
import { fileNotice } from './notice.ts';
import { change, destroying, listing } from './operation.ts';
import { messageOf } from './trace.ts';

const PAGE = 1000;
const OPEN: readonly DeliveryState[] = ['waiting', 'held'];
const ALL: readonly DeliveryState[] = ['waiting', 'held', 'relayed', 'filed', 'failed', 'withdrawn'];

/** Which deliveries a command is about: by number, or all that wait for a partner or belong to a message. */
interface Which {
  readonly ids: readonly DeliveryId[];
  readonly partner?: string;
  readonly message?: string;
}

const which = (input: Input): Which => {
  const partner = optionalText(input, 'partner', 64);
  const message = optionalText(input, 'message', 998);
  const ids = deliveryIds(input, 'ids');
  if ([ids.length > 0, partner !== undefined, message !== undefined].filter(Boolean).length !== 1)
    throw new AdminError('invalid', 'Cannot choose deliveries: expected their numbers, or a partner, or a message');
  return { ids, ...defined({ partner, message }) };
};

async function partnerId({ store }: AdminContext, name: string): Promise<PartnerId> {
  const partner = await store.registry.findPartnerNamed(name);
  if (partner === undefined)
    throw new AdminError('unknown', `Cannot find partner "${name}": "sluis partner list" shows them`);
  return partner.id;
}

/** What to ask for, one behind the other: the deliveries of a message are also those of what protection made of it. */
async function filtersOf(
  context: AdminContext,
  of: Omit<Which, 'ids'>,
): Promise<readonly Pick<DeliveryQuery, 'partner' | 'message'>[]> {
  const partner = of.partner === undefined ? {} : { partner: await partnerId(context, of.partner) };
  if (of.message === undefined) return [partner];
  const { id, recipients } = await messageOf(context, of.message);
  const ids = new Set([id, ...recipients.flatMap(({ copy }) => copy ?? [])]);
  return [...ids].sort().map((message) => ({ ...partner, message }));
}

/** The chosen deliveries, a page at a time; `visit` sees none twice. */
async function visit(
  context: AdminContext,
  chosen: Which,
  states: readonly DeliveryState[],
  each: (ids: readonly DeliveryId[]) => Promise<void>,
): Promise<void> {
  if (chosen.ids.length > 0) {
    for (const id of chosen.ids) if ((await context.store.deliveries.find(id)) === undefined) throw unknown(id);
    return await each(chosen.ids);
  }
  for (const filter of await filtersOf(context, chosen)) {
    let after: DeliveryId | undefined;
    do {
      const rows: readonly Delivery[] = await context.store.deliveries.list({
        ...filter,
        states,
        limit: PAGE,
        ...defined({ after }),
      });
      if (rows.length > 0) await each(rows.map((row) => row.id));
      after = rows.length < PAGE ? undefined : rows.at(-1)?.id;
    } while (after !== undefined);
  }
}

const unknown = (id: DeliveryId): AdminError =>
  new AdminError(
    'unknown',
    `Cannot find delivery ${id}: "sluis queue list" shows those that wait, with --all also those that ended`,
  );

const changing = (what: 'hold' | 'release' | 'retry', states: readonly DeliveryState[]) =>
  change(which, async (context, chosen, { actor }): Promise<{ changed: number }> => {
    let changed = 0;
    await visit(context, chosen, states, async (ids) => {
      changed += await context.store.deliveries.change(ids, what, actor);
      if (what === 'release') await tellFiled(context, ids);
    });
    return { changed };
  });

/** What was held from a mailbox stands in it now: its sender may have asked to hear that. */
async function tellFiled({ store, desk }: AdminContext, ids: readonly DeliveryId[]): Promise<void> {
  for (const id of ids) {
    const delivery = await store.deliveries.find(id);
    if (delivery?.mailbox !== undefined)
      await fileNotice(store, await releasedNotice(desk, store.deliveries, delivery));
  }
}

export interface FailedView {
  readonly failed: number;
  /** Being attempted at this moment: try again in a minute. */
  readonly busy: readonly number[];
}

/** Gives one delivery up, with the notice that its sender is owed. */
async function fail(
  context: AdminContext,
  id: DeliveryId,
  actor: Actor & { readonly reason: string },
): Promise<'failed' | 'busy' | 'over'> {
  const { store, notices, clock } = context;
  const done = await giveUp({ deliveries: store.deliveries, notices, clock }, id, {
    reply: `Given up by the helpdesk: ${actor.reason}`,
    told: { status: '5.4.0', reason: actor.reason },
    facts: { operator: true },
    personal: { actor: actor.name, reason: actor.reason },
  });
  if (done === 'unknown') throw unknown(id);
  return done;
}

export const queueOperations = {
  'queue.partners': listing(
    () => undefined,
    async ({ store }): Promise<QueueView[]> => {
      const names = new Names(store.registry);
      const views: QueueView[] = [];
      for (const queue of await store.deliveries.queues())
        views.push(viewQueue(queue, await names.partner(queue.partner)));
      return views;
    },
  ),
  'queue.list': listing(
    (input) => {
      const { limit, after } = page(input);
      const partner = optionalText(input, 'partner', 64);
      const message = optionalText(input, 'message', 998);
      return {
        limit,
        all: flag(input, 'all'),
        ...(after === undefined ? {} : { after: deliveryIds({ ids: [Number(after)] }, 'ids')[0] }),
        ...defined({ partner, message }),
      };
    },
    async (context, { limit, after, all, ...of }): Promise<DeliveryView[]> => {
      const names = new Names(context.store.registry);
      const rows: Delivery[] = [];
      for (const filter of await filtersOf(context, of))
        rows.push(
          ...(await context.store.deliveries.list({
            ...filter,
            states: all ? ALL : OPEN,
            limit,
            ...defined({ after }),
          })),
        );
      const views: DeliveryView[] = [];
      for (const row of rows.sort((a, b) => a.id - b.id).slice(0, limit))
        views.push(viewDelivery(row, await names.goal(row)));
      return views;
    },
  ),
  'queue.show': listing(
    (input) => deliveryIds({ ids: [input.id] }, 'ids'),
    async ({ store }, ids): Promise<DeliveryView> => {
      const [id] = ids;
      const found = id === undefined ? undefined : await store.deliveries.find(id);
      if (id === undefined || found === undefined) throw unknown(id ?? (0 as DeliveryId));
      return viewDelivery(found, await new Names(store.registry).goal(found));
    },
  ),
  'queue.hold': changing('hold', ['waiting']),
  'queue.release': changing('release', ['held']),
  'queue.retry': changing('retry', ['waiting']),
  'queue.fail': destroying(
    change(
      (input) => ({ chosen: which(input), reason: text(input, 'reason') }),
      async (context, { chosen, reason }, { actor, progress }): Promise<FailedView> => {
        let failed = 0;
        const busy: number[] = [];
        await visit(context, chosen, OPEN, async (ids) => {
          for (const [i, id] of ids.entries()) {
            const done = await fail(context, id, { ...actor, reason });
            if (done === 'failed') failed += 1;
            else if (done === 'busy') busy.push(id);
            progress(i + 1, ids.length);
          }
        });
        return { failed, busy };
      },
    ),
  ),
};
