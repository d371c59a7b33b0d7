/** What the gateway writes itself, assembled: the desk, and who asks it. */
import { randomBytes } from 'node:crypto';
import type { Config } from './config/schema.ts';
import { warnOfConsumers } from './delivery/consumers.ts';
import { Desk } from './delivery/desk.ts';
import { createNoticeWriter } from './delivery/notice.ts';
import type { NoticeWriter } from './delivery/notices.ts';
import type { Address } from './domain/address.ts';
import type { Clock, Log, RandomBytes } from './domain/effects.ts';
import { Consumers } from './pickup/consumers.ts';
import type { Store } from './store/store.ts';

export interface GatewayNotices {
  readonly desk: Desk;
  /** For the dispatcher and the operator's verbs. */
  readonly settlements: NoticeWriter;
}

export interface NoticeEffects {
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: RandomBytes;
}

export function gatewayNotices(store: Store, config: Config, { clock, log, random }: NoticeEffects): GatewayNotices {
  const desk = new Desk({
    store,
    clock,
    log,
    random: random ?? randomBytes,
    hostname: config.hostname,
    operator: config.notices.operator ?? (`postmaster@${config.hostname}` as Address),
    returnLimit: config.notices['return-limit'],
  });
  return { desk, settlements: createNoticeWriter(desk, store) };
}

/** Counts where mailboxes are fetched from, and tells an owner whose mailbox two places empty. */
export const startConsumers = (store: Store, { desk }: GatewayNotices, { clock, log }: NoticeEffects): Consumers =>
  new Consumers({
    deliveries: store.deliveries,
    clock,
    log,
    warn: (account, networks) => warnOfConsumers({ desk, store, clock }, account, networks),
  });
