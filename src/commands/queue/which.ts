/**
 * Which deliveries a command is about: those with a number, all that wait for a partner, or all of
 * a message.
 */
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { messageOf } from '../../admin/trace.ts';
import { defined } from '../../domain/defined.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import type { Delivery, DeliveryQuery, DeliveryState } from '../../store/deliveries.ts';
import { delivery, message } from '../core/kinds.ts';
import { type Values, opt, rest } from '../core/params.ts';
import { partner } from '../partner/server.ts';
import { partnerOf } from '../partner/view.ts';

const PAGE = 1000;
export const OPEN: readonly DeliveryState[] = ['waiting', 'held'];
export const ALL: readonly DeliveryState[] = ['waiting', 'held', 'relayed', 'filed', 'failed', 'withdrawn'];

export const OF = {
  partner: opt(partner, 'of this partner only'),
  message: opt(message, 'of this message only: its id or its Message-ID'),
};
export const WHICH = {
  ids: rest(delivery, 'of the deliveries'),
  partner: opt(partner, 'all that wait for this partner'),
  message: opt(message, 'all of this message: its id or its Message-ID'),
};
type Which = Values<typeof WHICH>;

export const oneWay = ({ ids, partner: of, message: name }: Which): string | undefined =>
  [ids.length > 0, of !== undefined, name !== undefined].filter(Boolean).length === 1
    ? undefined
    : 'Cannot choose deliveries: expected their numbers, or a partner, or a message';

/**
 * The queries that find the deliveries, one after the other. A message also has the deliveries of
 * the copies that protection made of it.
 */
export async function filtersOf(
  context: AdminContext,
  of: Omit<Which, 'ids'>,
): Promise<readonly Pick<DeliveryQuery, 'partner' | 'message'>[]> {
  const chosen = of.partner === undefined ? {} : { partner: (await partnerOf(context.store.registry, of.partner)).id };
  if (of.message === undefined) return [chosen];
  const { id, recipients } = await messageOf(context, of.message);
  const ids = new Set([id, ...recipients.flatMap(({ copy }) => copy ?? [])]);
  return [...ids].sort().map((one) => ({ ...chosen, message: one }));
}

/** Walks over the chosen deliveries, page by page. `each` gets no delivery twice. */
export async function visit(
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

export const unknown = (id: DeliveryId): AdminError =>
  new AdminError(
    'unknown',
    `Cannot find delivery ${id}: "sluis queue list" shows those that wait, with --all also those that ended`,
  );
