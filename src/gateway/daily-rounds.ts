/**
 * What the gateway does by itself once a day: certificates, mailboxes that nobody empties, mail
 * that is held, accounts that have ended.
 */
import type { AdminContext } from '../admin/context.ts';
import type { CaParts } from '../ca/parts.ts';
import { tryToPublish } from '../ca/revocation-lists.ts';
import { startCaUpkeep } from '../ca/upkeep.ts';
import type { Config } from '../config/schema.ts';
import { certificateNotice } from '../notices/certificates.ts';
import { type Daily, startDaily } from '../notices/daily.ts';
import { type GatewayCertificateEndsParts, warnOfGatewayCertificates } from '../notices/gateway-certificates-end.ts';
import { type HeldTooLongParts, heldTooLong } from '../notices/held-too-long.ts';
import { observedRound } from '../notices/observed.ts';
import { warnOfPgpKeys } from '../notices/pgp-keys-end.ts';
import { uncollectedRound } from '../notices/uncollected.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';
import type { GatewayNotices } from './notices.ts';

export interface DailyRoundParts extends GatewayEffects, Pick<GatewayCertificateEndsParts, 'certificates'> {
  readonly admin: Pick<AdminContext, 'ca' | 'mail' | 'store'>;
  readonly notices: GatewayNotices;
}

/** Starts the daily rounds, in this order. */
export function startDailyRounds(
  config: Config,
  { admin, notices, certificates, clock, log }: DailyRoundParts,
): readonly { stop(): Promise<void> }[] {
  const { ca, mail, store } = admin;
  return [
    startCaUpkeep({
      ...ca,
      mine: () => store.jobs.runs('certificates'),
      several: store.registry.seen !== undefined,
      seals: mail.seals,
      log,
      endNotice: (ending) => certificateNotice(notices.noticeWriter, ending),
    }),
    startUncollected(store, notices, { clock, log }),
    startCertificateEnds(store, notices, { clock, log, certificates }),
    startHeldTooLong(store, notices, { clock, log, keep: config.delivery['keep-held'] }),
    startEndings(store, ca, { clock, log }),
  ];
}

/**
 * Writes down which accounts and addresses have reached their end; they count as ended even without
 * that. Certificates that were issued to them are revoked with it, and revocation lists are
 * published.
 */
export const startEndings = ({ registry, jobs }: Store, ca: CaParts, { clock, log }: GatewayEffects): Daily =>
  startDaily({
    clock,
    log,
    name: 'endings',
    mine: () => jobs.runs('rounds'),
    run: async (stopped) => {
      let ended = 0;
      for (let step = -1; step !== 0 && !stopped(); ended += step) step = await registry.endDue();
      const why = ended === 0 ? undefined : await tryToPublish(ca);
      if (why !== undefined) log.error('ca.upkeep-failed', { what: 'lists', why });
    },
  });

/** Once a day: gives up messages that were held and about which nobody decided. */
const startHeldTooLong = (
  { deliveries, jobs }: Store,
  { settlements, ended }: GatewayNotices,
  { clock, log, keep }: GatewayEffects & Pick<HeldTooLongParts, 'keep'>,
): Daily =>
  startDaily({
    clock,
    log,
    name: 'held',
    mine: () => jobs.runs('rounds'),
    run: async (stopped) => {
      await heldTooLong({ deliveries, notices: settlements, clock, log, keep, counts: ended }, stopped);
    },
  });

/**
 * Once a day: looks for mailboxes that nobody empties, observations that are over, and OpenPGP keys
 * that end.
 */
const startUncollected = (store: Store, { noticeWriter }: GatewayNotices, { clock, log }: GatewayEffects): Daily =>
  startDaily({
    clock,
    log,
    name: 'uncollected',
    mine: () => store.jobs.runs('rounds'),
    run: async (stopped) => {
      await uncollectedRound({ noticeWriter, store, clock, log }, stopped);
      await observedRound({ noticeWriter, store, clock, log }, stopped);
      await warnOfPgpKeys({ noticeWriter, store, clock, log }, stopped);
    },
  });

/** Once a day: tells the operator about certificates that end and belong to no account. */
const startCertificateEnds = (
  store: Store,
  { noticeWriter }: GatewayNotices,
  parts: Pick<GatewayCertificateEndsParts, 'clock' | 'log' | 'certificates'>,
): Daily =>
  startDaily({
    clock: parts.clock,
    log: parts.log,
    name: 'certificates',
    run: async (stopped) => {
      await warnOfGatewayCertificates({ ...parts, noticeWriter, store }, stopped);
    },
  });
