/** What the gateway writes itself, assembled: the notice writer, and who asks it. */
import { randomBytes } from 'node:crypto';
import type { CaParts } from '../ca/parts.ts';
import { tryToPublish } from '../ca/revocation-lists.ts';
import { operatorOf } from '../config/helpdesk.ts';
import type { Config } from '../config/schema.ts';
import { absenceNotice } from '../notices/absence.ts';
import { warnOfTwoReaders } from '../notices/two-readers-warning.ts';
import { type Daily, startDaily } from '../notices/daily.ts';
import { contrlParts } from '../notices/contrl.ts';
import { NoticeWriter } from '../notices/notice-writer.ts';
import { type HeldTooLongParts, heldTooLong } from '../notices/held-too-long.ts';
import { observedRound } from '../notices/observed.ts';
import { Fullness } from '../notices/fullness.ts';
import { type GatewayCertificateEndsParts, warnOfGatewayCertificates } from '../notices/gateway-certificates-end.ts';
import { filedNotice } from '../notices/filed.ts';
import { warnOfPgpKeys } from '../notices/pgp-keys-end.ts';
import { createNoticeWriter } from '../notices/notice.ts';
import { receiptsFor } from '../notices/receipts.ts';
import { actOnStuck } from '../notices/stuck.ts';
import { uncollectedRound } from '../notices/uncollected.ts';
import type { DeliveryNoticeWriter } from '../notices/delivery-notices.ts';
import type { Address } from '../domain/address.ts';
import type { MessageId } from '../domain/ids.ts';
import { NoticeProtection } from '../protection/notice-protection.ts';
import { ClientNetworks } from '../pickup/client-networks.ts';
import type { Receipts } from '../pickup/receipts.ts';
import { StuckMessages } from '../pickup/stuck.ts';
import type { Store } from '../store/port/store.ts';
import type { AbsenceNotices } from '../submission/absence-notices.ts';
import type { FiledNotices } from '../submission/filed-notices.ts';
import type { GatewayEffects } from './effects.ts';
import type { GatewayMail } from './mail.ts';

export interface GatewayNotices {
  readonly noticeWriter: NoticeWriter;
  /** For the dispatcher and the operator's verbs. */
  readonly settlements: DeliveryNoticeWriter;
  /** What the daily round ended since the start. */
  readonly ended: { held: number };
}

export function gatewayNotices(
  store: Store,
  config: Config,
  { clock, log, random = randomBytes }: GatewayEffects,
  { keys, pgp }: Pick<GatewayMail, 'keys' | 'pgp'>,
): GatewayNotices {
  const from = `postmaster@${config.hostname}` as Address;
  const protection = new NoticeProtection({ store, keys, pgp, random, log, from });
  const noticeWriter = new NoticeWriter({
    store,
    clock,
    log,
    random,
    hostname: config.hostname,
    operator: operatorOf(config),
    helpdesk: config.helpdesk,
    returnLimit: config.notices['return-limit'],
    protect: (notice) => protection.protect(notice),
  });
  return {
    noticeWriter,
    settlements: createNoticeWriter(noticeWriter, store, contrlParts({ store, noticeWriter, clock })),
    ended: { held: 0 },
  };
}

/** What senders are told in the transaction that accepts their message. */
export const submissionNotices = (
  { deliveries }: Store,
  { noticeWriter }: GatewayNotices,
): { readonly absences: AbsenceNotices; readonly filed: FiledNotices } => ({
  absences: { noticeFor: (message, handled) => absenceNotice({ noticeWriter, deliveries }, message, handled) },
  filed: { noticeFor: (message, header) => filedNotice(noticeWriter, message, header) },
});

/** What senders are told when their messages are fetched. */
export function pickupReceipts(
  store: Store,
  { noticeWriter }: GatewayNotices,
  { clock, log }: GatewayEffects,
): Receipts {
  const { deliveries, registry } = store;
  const parts = {
    noticeWriter,
    deliveries,
    registry,
    clock,
    log,
    messageParts: (id: MessageId) => store.messageParts(id),
  };
  return { receiptsFor: (collected) => receiptsFor(parts, collected) };
}

/** Counts where mailboxes are fetched from, and tells an owner whose mailbox two places empty. */
export const startClientNetworks = (
  store: Store,
  { noticeWriter }: GatewayNotices,
  { clock, log }: GatewayEffects,
): ClientNetworks =>
  new ClientNetworks({
    deliveries: store.deliveries,
    clock,
    log,
    warn: (account, networks) => warnOfTwoReaders({ noticeWriter, store, clock }, account, networks),
  });

/** Sees messages at which mail programs end again and again. */
export const startStuck = (
  store: Store,
  { noticeWriter }: GatewayNotices,
  { clock, log }: GatewayEffects,
): StuckMessages =>
  new StuckMessages({ clock, log, act: (stuck, what) => actOnStuck({ noticeWriter, store }, stuck, what) });

/** Tells owners whose mailboxes are nearly full. */
export const startFullness = (
  store: Store,
  { noticeWriter }: GatewayNotices,
  { clock, log }: GatewayEffects,
): Fullness => new Fullness({ noticeWriter, store, clock, log });

/**
 * Writes down which accounts and addresses have ended by the clock; that they have, holds without it. What was issued to them is revoked with
 * that, and the lists are published.
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

/** Once a day: what was held and nobody decided about. */
export const startHeldTooLong = (
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

/** Once a day: mailboxes that nobody empties, whom to tell, and what ends; and whose observation is over. */
export const startUncollected = (
  store: Store,
  { noticeWriter }: GatewayNotices,
  { clock, log }: GatewayEffects,
): Daily =>
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

/** Once a day: tells the operator of certificates that end and are no account's. */
export const startCertificateEnds = (
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
