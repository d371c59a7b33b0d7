/**
 * The acknowledgement that a sender's system asked for in its interchange: CONTRL, in a message to
 * the mailbox of the account that submitted it.
 *
 * Received: the addressee fetched it, or its partner's server took it. Rejected: it was given up,
 * taken back, or never fetched. One for each message, whatever comes first: the key in
 * `Acceptance.once` holds that, and no answer contradicts another.
 */
import { createHash } from 'node:crypto';
import { type Address, addressKey } from '../domain/address.ts';
import type { Clock } from '../domain/effects.ts';
import type { Interchange } from '../domain/interchange.ts';
import { type Acknowledgement, writeContrl } from '../edi/contrl.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import type { Registry } from '../store/port/registry.ts';
import type { AcceptedRecipient, PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';
import type { NoticeDestination } from './notice-destination.ts';

export interface ContrlParts {
  readonly noticeWriter: NoticeWriter;
  readonly registry: Pick<Registry, 'findAccountById' | 'findRecipient'>;
  readonly messageParts: Store['messageParts'];
  readonly clock: Pick<Clock, 'now'>;
}

export const contrlParts = ({
  store,
  noticeWriter,
  clock,
}: Pick<ContrlParts, 'noticeWriter' | 'clock'> & {
  readonly store: Pick<Store, 'messageParts'> & Pick<ContrlParts, 'registry'>;
}): ContrlParts => ({ noticeWriter, clock, registry: store.registry, messageParts: (id) => store.messageParts(id) });

/** 0020 has 14 characters. */
const REFERENCE = 13;

/** Key of an answer; for a protected copy that of the message as submitted. */
export const contrlKey = ({ id, copyOf }: Pick<MessageRecord, 'id' | 'copyOf'>): string => `contrl:${copyOf ?? id}`;

export const wantsContrl = (recipients: readonly AcceptedRecipient[]): boolean =>
  recipients.some(({ contrl }) => contrl === true);

/** True if an interchange is to be answered; an answer never is. */
export const asksForContrl = ({ format, acknowledge, messages }: Interchange): boolean =>
  format === 'edifact' && acknowledge && !messages.some(({ type }) => type.toUpperCase() === 'CONTRL');

/**
 * Undefined if nothing is owed, or the account is closed. Rejects with StoreFull or StoreFailed.
 */
export async function contrlFor(
  { noticeWriter, messageParts, clock, registry }: ContrlParts,
  message: MessageRecord,
  answer: Acknowledgement['answer'],
): Promise<PreparedNotice | undefined> {
  if (!wantsContrl(message.recipients) || message.sender === '') return undefined;
  const id = message.copyOf ?? message.id;
  const asking = ((await messageParts(id))?.interchanges ?? []).filter(asksForContrl);
  const place = asking.length === 0 ? undefined : await placeOf(registry, message, message.sender);
  if (place === undefined) return undefined;
  const written = asking.map((interchange) =>
    writeContrl({ interchange, answer, reference: referenceOf(id, interchange), at: clock.now() }),
  );
  return await noticeWriter.file(place, {
    kind: 'contrl',
    once: contrlKey(message),
    about: { id, messageIdField: message.messageIdField },
    subject: `CONTRL ${asking.map(({ reference }) => reference).join(' ')}`.slice(0, 120),
    type: 'application/EDIFACT; name="contrl.edi"',
    content: written.map((octets) => octets.toString('latin1')).join(''),
  });
}

/** The same whenever it is asked for, so that an answer that is written twice is one. */
const referenceOf = (id: string, { part, reference }: Interchange): string =>
  `C${createHash('sha256').update(`${id} ${part} ${reference}`).digest('hex').toUpperCase()}`.slice(0, REFERENCE);

/**
 * The mailbox of the system that sent the interchange, not of the people behind its address; a
 * partner gets it at the reverse path.
 */
async function placeOf(
  registry: ContrlParts['registry'],
  { submitter }: MessageRecord,
  sender: Address,
): Promise<NoticeDestination | undefined> {
  const summary = await registry.findAccountById(submitter);
  if (summary?.account.state !== 'active') return undefined;
  const common = { address: sender, language: 'nl', as: 'mailbox' } as const;
  if (summary.account.kind !== 'partner') return { ...common, mailbox: submitter };
  const partner = (await registry.findRecipient(addressKey(sender)))?.partner;
  return partner === undefined || partner.state === 'ended' ? undefined : { ...common, partner: partner.id };
}
