/**
 * One attempt: gives a message from the store to the courier. Whatever happens becomes an answer.
 */
import { defined } from '../domain/defined.ts';
import { type Log } from '../domain/effects.ts';
import type { Octets } from '../domain/units.ts';
import type { Claim } from '../store/deliveries.ts';
import { type Answer, type Destination, type Parcel, TOO_LONG } from './courier.ts';
import { type SignedCopy, SigningEnded } from './dkim.ts';
import type { PushParts } from './parts.ts';

function parcelOf(
  { message, recipient, notify, originalRecipient }: Claim,
  content: Pick<Parcel, 'octets' | 'slices'>,
  submitted: Octets | undefined,
): Parcel {
  const { body, smtpUtf8, requireTls, ret, envid } = message.envelope;
  return {
    sender: message.sender,
    recipient,
    octets: content.octets,
    body,
    smtpUtf8,
    requireTls: requireTls ?? false,
    slices: () => content.slices(),
    ...defined({ notify, originalRecipient, ret }),
    // The decrypted content may be anything, and a report of the partner's server must not tell its
    // sender about it.
    ...(submitted === undefined ? {} : { submitted, body: '8BITMIME' as const, ret: 'HDRS' as const }),
    ...defined({ envid }),
  };
}

/**
 * The answer for a failure on our side: the content is damaged or gone, or a key cannot be used.
 * The delivery waits by its own schedule, so that the operator has time, and the alarm is in the
 * log.
 */
function ours(claim: Claim, why: string, log: Log): Answer {
  log.error('delivery.unreadable', { delivery: claim.id, message: claim.message.id, why });
  return {
    kind: 'lost',
    why: 'closed',
    text: 'the gateway cannot read the message; its helpdesk knows',
    at: 'message',
  };
}

/** Makes the attempt. Never rejects. */
export async function attempt(
  { deliveries, courier, log, dkim }: Pick<PushParts, 'deliveries' | 'courier' | 'log' | 'dkim'>,
  destination: Destination,
  claim: Claim,
  signal: AbortSignal,
): Promise<{ readonly answer: Answer; readonly ours: boolean }> {
  try {
    const content = await deliveries.openMessage(claim.message.id);
    if (content === undefined) return { answer: ours(claim, 'its content is gone', log), ours: true };
    const { copyOf, opened } = claim.message;
    const submitted =
      copyOf === undefined || opened !== true
        ? undefined
        : ((await deliveries.findMessage(copyOf))?.octets ?? content.octets);
    const signed = destination.dkim === true ? await signedBy(dkim, content, signal) : undefined;
    const answer = await courier.deliver(destination, parcelOf(claim, signed ?? content, submitted), signal);
    return { answer: signed === undefined ? answer : withDomain(answer, signed.domain), ours: false };
  } catch (error) {
    if (error instanceof SigningEnded) return { answer: ended(signal), ours: false };
    return { answer: ours(claim, error instanceof Error ? error.message : String(error), log), ours: true };
  }
}

/**
 * A partner who wants signatures is sent nothing unsigned: without a signer its destination is
 * paused (partner-destinations.ts).
 */
async function signedBy(
  dkim: PushParts['dkim'],
  content: Pick<Parcel, 'octets' | 'slices'>,
  signal: AbortSignal,
): Promise<SignedCopy> {
  if (dkim === undefined) throw new Error('there is no DKIM key');
  return await dkim.sign(content, signal);
}

const withDomain = (answer: Answer, dkim: string): Answer =>
  answer.kind === 'taken' ? { ...answer, session: { ...answer.session, dkim } } : answer;

const ended = (signal: AbortSignal): Answer =>
  signal.reason === TOO_LONG
    ? { kind: 'lost', why: 'timeout', text: 'signing the message took too long', at: 'message' }
    : { kind: 'lost', why: 'stopped', text: 'the gateway is stopping', at: 'session' };
