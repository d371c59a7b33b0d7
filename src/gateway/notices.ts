/** Assembles what the gateway writes itself: the notice writer, and the parts that use it. */
import { randomBytes } from 'node:crypto';
import { operatorOf } from '../config/helpdesk.ts';
import type { Config } from '../config/schema.ts';
import { absenceNotice } from '../notices/absence.ts';
import { warnOfTwoReaders } from '../notices/two-readers-warning.ts';
import { contrlParts } from '../notices/contrl.ts';
import { NoticeWriter } from '../notices/notice-writer.ts';
import { Fullness } from '../notices/fullness.ts';
import { filedNotice } from '../notices/filed.ts';
import { createNoticeWriter } from '../notices/notice.ts';
import { receiptsFor } from '../notices/receipts.ts';
import { actOnStuck } from '../notices/stuck.ts';
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
  /** Notices for the dispatcher and for operators' commands. */
  readonly settlements: DeliveryNoticeWriter;
  /** Number of held deliveries that the daily round ended since the start. */
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

/** Notices to senders that are filed in the transaction that accepts their message. */
export const submissionNotices = (
  { deliveries }: Store,
  { noticeWriter }: GatewayNotices,
): { readonly absences: AbsenceNotices; readonly filed: FiledNotices } => ({
  absences: { noticeFor: (message, handled) => absenceNotice({ noticeWriter, deliveries }, message, handled) },
  filed: { noticeFor: (message, header) => filedNotice(noticeWriter, message, header) },
});

/** Receipts for senders whose messages are fetched. */
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

/**
 * Counts from which networks mailboxes are fetched, and tells the owner if two places empty one.
 */
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

/** Finds messages at which the sessions of mail programs break off again and again. */
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
