/**
 * The notice of a settlement: failure, delay, or that a server without DSN took the message.
 *
 * RFC 3461 sections 5 and 6. One notice for each delivery and final state: its key is in
 * `Acceptance.once`, and the two final states share one, so that none contradicts another.
 */
import { defined } from '../domain/defined.ts';
import { type DeliveryEnd, delayedLetters, failedLetters, relayedLetters } from '../letters/delivery.ts';
import type { Letters } from '../letters/letter.ts';
import type { DsnAction, DsnRecipient } from '../mime/dsn.ts';
import type { Claim, Outcome } from '../store/deliveries.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import { type ContrlParts, contrlFor, wantsContrl } from './contrl.ts';
import type { NoticeWriter, NoticeWriterParts } from './notice-writer.ts';
import { actionOwed, codesOf, statusOf } from './notice-rules.ts';
import type { Attempt, DeliveryNoticeWriter } from './delivery-notices.ts';
import { type Original, aboutOf, idForSender, readOriginal } from './original.ts';

type ReportedEnd = Extract<DsnAction, 'failed' | 'delayed' | 'relayed'>;

const LETTERS: Readonly<Record<ReportedEnd, (end: DeliveryEnd) => Letters>> = {
  failed: failedLetters,
  delayed: delayedLetters,
  relayed: relayedLetters,
};

const keyOf = (action: ReportedEnd, { id }: Claim): string => `${action === 'delayed' ? 'delayed' : 'final'}:${id}`;

export function createNoticeWriter(
  noticeWriter: NoticeWriter,
  store: Pick<NoticeWriterParts['store'], 'deliveries'>,
  contrl?: ContrlParts,
): DeliveryNoticeWriter {
  return {
    noticeFor: (claim, outcome, attempt) => noticeFor(noticeWriter, store, claim, outcome, attempt),
    contrlFor: async ({ message, recipient }, { kind }) =>
      contrl === undefined ||
      kind === 'retry' ||
      !wantsContrl(message.recipients.filter((r) => r.address === recipient))
        ? undefined
        : await contrlFor(contrl, message, kind === 'relayed' ? 'received' : 'rejected'),
  };
}

async function noticeFor(
  noticeWriter: NoticeWriter,
  { deliveries }: Pick<NoticeWriterParts['store'], 'deliveries'>,
  claim: Claim,
  outcome: Outcome,
  attempt: Attempt,
): Promise<PreparedNotice | undefined> {
  const { message } = claim;
  const action = actionOwed({
    kind: outcome.kind,
    delayed: outcome.kind === 'retry' && outcome.delayed === true,
    dsn: attempt.dsn === true,
    sender: message.sender,
    ...defined({ notify: claim.notify }),
  }) as ReportedEnd | undefined;
  if (action === undefined || message.sender === '') return undefined;
  const place = await noticeWriter.places.ofSender(message.sender, message.submitter);
  const original = await readOriginal(deliveries, message);
  const reply = toldReply(outcome, attempt, original);
  const status = statusOf(action, reply, attempt.status);
  return await noticeWriter.report(place, {
    kind: action,
    once: keyOf(action, claim),
    about: { id: idForSender(message), messageIdField: message.messageIdField },
    message,
    letters: LETTERS[action](endOf(claim, { ...outcome, reply }, attempt, status, original)),
    recipients: [recipientOf(claim, { ...outcome, reply }, attempt, action, status)],
    whole: action === 'failed',
    ...defined({ original }),
  });
}

/**
 * What the partner's server said after it had read the content: of a message that its sender may
 * have encrypted the codes alone. A server may quote a subject or tell a size, and what it read may
 * be what was opened for it. The operator reads all of it in the trace.
 */
function toldReply({ reply }: Outcome, { theirs, content }: Attempt, original: Original | undefined): string {
  return theirs !== true || content !== true || original?.closed === false ? reply : codesOf(reply);
}

function endOf(
  claim: Claim,
  { reply }: Outcome,
  { at, remote, until, reason, held }: Attempt,
  status: string,
  original: Original | undefined,
): DeliveryEnd {
  const { message } = claim;
  return {
    message: aboutOf(message, original),
    recipients: [writtenAddress(claim)],
    status,
    reply,
    at,
    ...defined({ remote, until, reason, held }),
  };
}

const absenteeOf = ({ message, recipient }: Claim): string | undefined =>
  message.recipients.find((r) => r.address === recipient)?.substituteFor;

/** The one that the sender knows: with a substitute, the absentee's. */
function writtenAddress(claim: Claim): string {
  const absentee = absenteeOf(claim);
  return absentee === undefined ? claim.recipient : `${absentee} (${claim.recipient})`;
}

function recipientOf(
  claim: Claim,
  { reply }: Outcome,
  attempt: Attempt,
  action: ReportedEnd,
  status: string,
): DsnRecipient {
  const absentee = absenteeOf(claim);
  const originalRecipient = claim.originalRecipient ?? (absentee === undefined ? undefined : `rfc822;${absentee}`);
  return {
    recipient: claim.recipient,
    ...defined({ originalRecipient }),
    action,
    status,
    ...defined({ remoteMta: attempt.remote }),
    ...(reply === '' ? {} : { diagnostic: { type: attempt.theirs === true ? 'smtp' : 'x-sluis', text: reply } }),
    lastAttempt: attempt.at,
    ...(action === 'delayed' && attempt.until !== undefined ? { retryUntil: attempt.until } : {}),
  };
}
