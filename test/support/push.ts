/**
 * A store with a partner, and the dispatcher that pushes to it, for tests and measurements inside
 * one process.
 */
import type { Courier } from '../../src/push/courier.ts';
import { type Dispatcher, startDispatcher } from '../../src/push/dispatcher.ts';
import type { DkimSigner } from '../../src/push/dkim.ts';
import type { DeliveryNoticeWriter } from '../../src/notices/delivery-notices.ts';
import type { PushLimits } from '../../src/push/parts.ts';
import { partnerDestinations } from '../../src/push/partner-destinations.ts';
import { defaultWaits } from '../../src/push/retry.ts';
import type { Clock, Log } from '../../src/domain/effects.ts';
import type { PartnerId } from '../../src/domain/ids.ts';
import type { PartnerServer } from '../../src/domain/partner.ts';
import { ok } from '../../src/domain/result.ts';
import { days, hours, minutes } from '../../src/domain/units.ts';
import { createCourier } from '../../src/smtp/courier.ts';
import type { Store } from '../../src/store/port/store.ts';
import { acceptanceOf, address, sealBody } from './store.ts';

const actor = { name: 'test' };

/** Registers a partner `name` with the whole domain `name.test`. */
export async function addTestPartner(store: Store, name: string, server: PartnerServer): Promise<PartnerId> {
  await store.registry.addOrganisation({ name, title: name, language: 'nl' }, actor);
  const id = await store.registry.addPartner({ name, organisation: name, login: `mta-${name}`, server }, actor);
  await store.registry.setPartnerDomain(name, `${name}.test`, 'add', actor);
  return id;
}

export const defaultPushLimits: PushLimits = {
  waits: defaultWaits,
  expire: days(5),
  delayNotice: hours(4),
  lease: minutes(30),
  connections: 64,
};

export interface PushOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly notices?: DeliveryNoticeWriter;
  readonly courier?: Courier;
  readonly dkim?: DkimSigner;
  readonly limits?: Partial<PushLimits>;
}

export const silent: DeliveryNoticeWriter = { noticeFor: () => Promise.resolve(undefined) };

export const startTestPush = (store: Store, { clock, log, notices, courier, limits, dkim }: PushOptions): Dispatcher =>
  startDispatcher({
    deliveries: store.deliveries,
    courier: courier ?? createCourier({ clock }),
    findDestination: partnerDestinations({
      findPartner: (id) => store.registry.findPartner(id),
      openSecrets: () => Promise.resolve(ok({})),
      hostname: 'mail.test',
      signs: dkim !== undefined,
    }),
    ...(dkim === undefined ? {} : { dkim }),
    notices: notices ?? silent,
    clock,
    log,
    random: () => 0.5,
    limits: { ...defaultPushLimits, ...limits },
  });

/** Accepts `content` for recipients of a partner. */
export async function queueFor(
  store: Store,
  clock: Clock,
  partner: PartnerId,
  content: Uint8Array,
  ...recipients: string[]
): Promise<void> {
  const body = await sealBody(store, content);
  const acceptance = await acceptanceOf(store, body, [], {
    receivedAt: clock.now(),
    submitter: (await store.registry.findAccount('sender'))!.account.id,
    recipients: recipients.map((to) => ({ address: address(to), partner })),
  });
  const outcome = await store.accept(acceptance);
  if (outcome.kind !== 'filed') throw new Error(`Not filed: ${outcome.kind}`);
}
