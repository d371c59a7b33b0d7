/** Assembles the push to partners: records and secrets, courier, notices, dispatcher. */
import type { Config } from '../config/schema.ts';
import type { PartnerSeals } from '../crypto/keys/partner-secrets.ts';
import { type Dispatcher, startDispatcher } from '../push/dispatcher.ts';
import type { DeliveryNoticeWriter } from '../notices/delivery-notices.ts';
import type { TlsaSource } from '../push/courier.ts';
import type { DkimSigner } from '../push/dkim.ts';
import { partnerDestinations } from '../push/partner-destinations.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { defined } from '../domain/defined.ts';
import type { PartnerId } from '../domain/ids.ts';
import { pushLimitsOf } from './limits.ts';
import { createCourier } from '../smtp/courier.ts';
import type { Store } from '../store/port/store.ts';

export interface GatewayPushParts {
  readonly store: Store;
  readonly seals: PartnerSeals;
  readonly notices: DeliveryNoticeWriter;
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps the certificate that each partner's server showed last, DER. */
  readonly shown: Map<PartnerId, Uint8Array>;
  /** Absent if TLSA records are not looked up. */
  readonly tlsa?: TlsaSource | undefined;
  /** Absent if nothing is signed. */
  readonly dkim?: DkimSigner | undefined;
}

export function startPush(
  config: Config,
  { store, seals, notices, clock, log, shown, tlsa, dkim }: GatewayPushParts,
): Dispatcher {
  const { hostname } = config;
  return startDispatcher({
    deliveries: store.deliveries,
    courier: createCourier({
      clock,
      shown: (partner, certificate) => shown.set(partner, certificate),
      ...defined({ tlsa }),
    }),
    findDestination: partnerDestinations({
      findPartner: (id) => store.registry.findPartner(id),
      openSecrets: (name, sealed) => seals.open(name, sealed),
      hostname,
      signs: dkim?.ready === true,
    }),
    ...defined({ dkim }),
    notices,
    clock,
    log,
    random: Math.random,
    limits: pushLimitsOf(config),
  });
}
