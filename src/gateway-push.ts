/** The push to partners, assembled: records and secrets, courier, notices, dispatcher. */
import type { Config } from './config/schema.ts';
import type { PartnerSeals } from './crypto/partner-secrets.ts';
import { type Dispatcher, startDispatcher } from './delivery/dispatcher.ts';
import { Desk } from './delivery/desk.ts';
import { createNoticeWriter } from './delivery/notice.ts';
import { partnerPlaces } from './delivery/places.ts';
import type { Address } from './domain/address.ts';
import type { Clock, Log, RandomBytes } from './domain/effects.ts';
import { MiB, octets } from './domain/units.ts';
import { pushLimitsOf } from './gateway-limits.ts';
import { createCourier } from './smtp/courier.ts';
import type { Store } from './store/store.ts';

export interface GatewayPushParts {
  readonly store: Store;
  readonly seals: PartnerSeals;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
}

/** What the operator has not registered falls to the log: `notice.nowhere`. RFC 5321 section 4.5.1 wants this address anyway. */
const postmaster = (hostname: string): Address => `postmaster@${hostname}` as Address;
const RETURN_LIMIT = octets(MiB);

export function startPush(config: Config, { store, seals, clock, log, random }: GatewayPushParts): Dispatcher {
  const { hostname } = config;
  const desk = new Desk({
    ...{ store, clock, log, random, hostname },
    operator: postmaster(hostname),
    returnLimit: RETURN_LIMIT,
  });
  return startDispatcher({
    deliveries: store.deliveries,
    courier: createCourier({ clock }),
    findPlace: partnerPlaces({
      findPartner: (id) => store.registry.findPartner(id),
      openSecrets: (name, sealed) => seals.open(name, sealed),
      hostname,
    }),
    notices: createNoticeWriter(desk, store),
    clock,
    log,
    random: Math.random,
    limits: pushLimitsOf(config),
  });
}
