/**
 * Settles one attempt: outcome, notice and audit rows in one transaction of the store.
 *
 * A partner that took a message must not get it again because our disk was full for a moment, or
 * the database was away. Then the settlement is tried again every few seconds, as long as the
 * gateway runs. Meanwhile its claim counts as in work, so that no more is claimed than can be
 * settled.
 */
import { defined } from '../domain/defined.ts';
import type { Milliseconds } from '../domain/units.ts';
import { seconds } from '../domain/units.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { Claim } from '../store/deliveries.ts';
import { StoreFull, StoreUnavailable } from '../store/store.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Answer } from './courier.ts';
import { NoticeWaits } from '../notices/protect-notice.ts';
import { codesOf } from '../notices/notice-rules.ts';
import type { Ending } from './outcome.ts';
import type { PushParts } from './parts.ts';

const AGAIN = seconds(5);

export interface Settling {
  readonly claim: Claim;
  readonly ending: Ending;
  /** Name of the partner, for the log. */
  readonly partner: string;
  /** Host of the partner's server, if one was asked. */
  readonly remote?: string;
  readonly answer?: Answer;
  readonly took?: Milliseconds;
}

export type SettleParts = Pick<PushParts, 'deliveries' | 'notices' | 'clock' | 'log' | 'ended'>;

/**
 * `kept`: another claim or an operator was faster, or the store is gone; the claim's lease ends by
 * itself. Never rejects.
 */
export async function settle(parts: SettleParts, settling: Settling, signal: AbortSignal): Promise<'settled' | 'kept'> {
  for (;;) {
    try {
      return await settleOnce(parts, settling);
    } catch (error) {
      // It may be unknown whether the settlement was stored: repeating it finds the claim gone and
      // changes nothing.
      const again = error instanceof StoreFull || error instanceof StoreUnavailable || error instanceof NoticeWaits;
      parts.log[again ? 'warn' : 'error']('delivery.unsettled', {
        delivery: settling.claim.id,
        message: settling.claim.message.id,
        outcome: settling.ending.outcome.kind,
        why: error instanceof Error ? error.message : String(error),
      });
      if (!again || signal.aborted) return 'kept';
      await pause(parts, AGAIN, signal);
    }
  }
}

async function settleOnce(parts: SettleParts, settling: Settling): Promise<'settled' | 'kept'> {
  const { claim, ending, remote } = settling;
  const told = { ...ending.told, ...defined({ remote }) };
  const notice = await parts.notices.noticeFor(claim, ending.outcome, told);
  let contrl: PreparedNotice | undefined;
  try {
    contrl = await parts.notices.contrlFor?.(claim, ending.outcome);
    const done = await parts.deliveries.settle({
      claim: { id: claim.id, fence: claim.fence },
      outcome: ending.outcome,
      ...defined({ notice: notice?.acceptance, also: contrl?.acceptance }),
      audit: auditOf(settling),
    });
    report(parts, settling, done);
    return done === 'settled' ? 'settled' : 'kept';
  } finally {
    // `discard` does nothing to a notice that was filed.
    await notice?.discard();
    await contrl?.discard();
  }
}

/** A retry changes nothing that has to be proved later, unless it told the sender of the delay. */
function auditOf({ claim, ending, partner, answer }: Settling): AuditEvent[] {
  const { outcome } = ending;
  if (outcome.kind === 'retry' && outcome.delayed !== true) return [];
  const event = outcome.kind === 'retry' ? 'delivery.delayed' : `delivery.${outcome.kind}`;
  const session =
    answer?.kind === 'taken'
      ? {
          tls: answer.session.tlsVersion,
          cipher: answer.session.cipher,
          ...defined({ tlsa: answer.session.tlsa, dkim: answer.session.dkim }),
        }
      : {};
  return [
    {
      event,
      outcome: outcome.kind === 'relayed' ? 'success' : 'failure',
      message: claim.message.id,
      account: claim.message.submitter,
      facts: { delivery: claim.id, partner, attempts: claim.attempts, ...session },
      personal: { recipient: claim.recipient, reply: replyFor(claim, ending) },
    },
  ];
}

/**
 * The row is about the sender as well and goes into an export of its organisation, so after a
 * decryption the reply is shortened to its codes; the delivery keeps all of it.
 */
const replyFor = ({ message }: Claim, { outcome, told }: Ending): string =>
  message.opened === true && told.content === true ? codesOf(outcome.reply) : outcome.reply;

function report({ log, ended }: SettleParts, settling: Settling, done: 'settled' | 'lost'): void {
  const { claim, ending, partner, answer, took } = settling;
  const { outcome } = ending;
  ended?.add([partner, done === 'lost' ? 'overtaken' : outcome.kind]);
  const fields = {
    delivery: claim.id,
    message: claim.message.id,
    partner,
    attempts: claim.attempts,
    reply: outcome.reply,
    ms: took === undefined ? undefined : Math.round(took),
  };
  if (done === 'lost') log.warn('delivery.overtaken', { ...fields, outcome: outcome.kind });
  else if (outcome.kind === 'relayed') log.info('delivery.relayed', fields);
  else if (outcome.kind === 'failed') log.warn('delivery.failed', fields);
  else if (outcome.delayed) log.warn('delivery.delayed', fields);
  else log.info('delivery.deferred', { ...fields, at: new Date(outcome.at).toISOString() });
  if (answer?.kind === 'lost' && answer.at === 'in-doubt')
    log.warn('delivery.in-doubt', { delivery: claim.id, message: claim.message.id, partner });
}

const pause = (parts: SettleParts, time: Milliseconds, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = parts.clock.after(time, done);
    signal.addEventListener('abort', done, { once: true });
  });
