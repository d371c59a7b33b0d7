/**
 * Which notice a delivery's end owes its sender. Pure.
 *
 * RFC 3461 section 4.1 (NOTIFY; without it, failure and delay are told), section 5.2.1 (a server
 * that speaks DSN tells of success itself), section 5.2.2 (one that does not: `relayed`), section
 * 6.1 (none for a null reverse path).
 */
import type { DsnAction } from '../mime/dsn.ts';

export type NotifyCase = 'success' | 'failure' | 'delay';

/** True when a sender that gave this NOTIFY wants to hear of it. */
export function asksFor(notify: readonly string[] | undefined, told: NotifyCase): boolean {
  if (notify === undefined || notify.length === 0) return told !== 'success';
  return notify.some((word) => word.toUpperCase() === told.toUpperCase());
}

export interface Ending {
  readonly kind: 'relayed' | 'failed' | 'retry';
  /** With `retry`: the delivery has waited long enough to tell its sender. */
  readonly delayed?: boolean;
  /** The partner's server took NOTIFY along. */
  readonly dsn: boolean;
  /** Empty for a null reverse path. */
  readonly sender: string;
  readonly notify?: readonly string[];
}

/** The action to report, or undefined if nothing is owed. */
export function actionOwed({ kind, delayed, dsn, sender, notify }: Ending): DsnAction | undefined {
  if (sender === '') return undefined;
  switch (kind) {
    case 'relayed':
      return !dsn && asksFor(notify, 'success') ? 'relayed' : undefined;
    case 'failed':
      return asksFor(notify, 'failure') ? 'failed' : undefined;
    case 'retry':
      return delayed === true && asksFor(notify, 'delay') ? 'delayed' : undefined;
  }
}

/** Of an SMTP reply the code, and the enhanced one where it has one (RFC 3463). */
export const codesOf = (reply: string): string =>
  /^\d{3}(?:[ -][245]\.\d{1,3}\.\d{1,3}(?=\s|$))?/.exec(reply)?.[0] ?? '';

const STATUS = /(?:^|[\s-])([245]\.\d{1,3}\.\d{1,3})(?=\s|$)/;

/**
 * The status to write: what the attempt knows, else the one in the peer's reply, else nothing but
 * its class. A failure may have class 4: it was given up after a condition that seemed to pass (RFC
 * 3463 section 2); in a delay and a success the class follows the action.
 */
export function statusOf(action: DsnAction, reply: string, known?: string): string {
  const found = known ?? STATUS.exec(reply.slice(0, 200))?.[1];
  if (action === 'failed') return found === undefined || found.startsWith('2') ? '5.0.0' : found;
  const wanted = action === 'delayed' ? '4' : '2';
  return found === undefined ? `${wanted}.0.0` : `${wanted}${found.slice(1)}`;
}
