/** The parts that pushing works with, and its limits. */
import type { Counts } from '../domain/counts.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { PartnerId } from '../domain/ids.ts';
import type { Milliseconds } from '../domain/units.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Courier, Destination } from './courier.ts';
import type { DkimSigner } from './dkim.ts';
import type { DeliveryNoticeWriter } from '../notices/delivery-notices.ts';
import type { Fraction, RetrySchedule } from './retry.ts';

export interface PushLimits extends RetrySchedule {
  /** How long a claim holds. One attempt may take half of it at most. */
  readonly lease: Milliseconds;
  /** Most attempts at the same time, over all partners. */
  readonly connections: number;
}

/** `paused`: nothing is pushed now; `why` is for notice and operator. */
export type PartnerDestination =
  | { readonly kind: 'push'; readonly name: string; readonly destination: Destination }
  | { readonly kind: 'paused'; readonly name: string; readonly why: string };

export interface PushParts {
  readonly deliveries: Pick<
    Deliveries,
    'claim' | 'claimOne' | 'settle' | 'queues' | 'onDue' | 'list' | 'openMessage' | 'findMessage'
  >;
  readonly courier: Courier;
  /** Signs mail for partners who want it. */
  readonly dkim?: Pick<DkimSigner, 'sign'>;
  /** Asked once for each batch, so that a change of the record holds from the next one. */
  readonly findDestination: (partner: PartnerId) => Promise<PartnerDestination>;
  readonly notices: DeliveryNoticeWriter;
  readonly clock: Clock;
  readonly log: Log;
  /** Random fraction for the jitter; nothing secret depends on it. */
  readonly random: Fraction;
  readonly limits: PushLimits;
  /** How attempts ended; for metrics. */
  readonly ended?: Counts<'partner' | 'outcome'>;
}
