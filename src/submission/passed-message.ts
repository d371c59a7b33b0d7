/**
 * A message on its way through the steps of middleware/: how they see it, and how the store files
 * what they made of it.
 */
import type { ChainOutcome } from '../middleware/chain.ts';
import type { Addressee, Submitted } from '../middleware/middleware.ts';
import type { Acceptance } from '../store/acceptance.ts';
import type { ReceivedContent } from './incoming.ts';
import type { Submitter } from './submitter.ts';
import type { MailParameters } from './transaction.ts';

export type PassedMessage = Extract<ChainOutcome, { kind: 'passed' }>;

export function submittedOf(
  { body, plan, parts }: ReceivedContent,
  recipients: readonly Addressee[],
  envelope: Pick<MailParameters, 'body'> & Pick<Submitted, 'sender' | 'receivedAt'>,
  submitter: Submitter,
  signal?: AbortSignal,
): Submitted {
  return {
    body,
    content: plan.content,
    eightBit: envelope.body === '8BITMIME' || parts.leaves.some(({ encoding }) => encoding === '8bit'),
    parts,
    sender: envelope.sender,
    from: plan.from,
    messageId: plan.messageId,
    submitter,
    recipients,
    receivedAt: envelope.receivedAt,
    session: submitter.session,
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Who gets the message as it was submitted, and what the others get. */
export function filedAs(
  { body }: ReceivedContent,
  recipients: readonly Addressee[],
  passed: PassedMessage | undefined,
): Pick<Acceptance, 'recipients' | 'copies' | 'header'> {
  const to = (addressees: readonly Addressee[]): Acceptance['recipients'] => addressees.map((each) => each.to);
  if (passed === undefined) return { recipients: to(recipients) };
  const made = passed.copies.filter((copy) => copy.body !== body);
  return {
    recipients: to(passed.copies.filter((copy) => copy.body === body).flatMap((copy) => copy.recipients)),
    ...(made.length === 0
      ? {}
      : {
          ...(passed.header === undefined ? {} : { header: passed.header }),
          copies: made.map(({ body: its, recipients: who, opened = false }) => ({
            body: its,
            recipients: to(who),
            opened,
          })),
        }),
  };
}
