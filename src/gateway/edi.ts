/** The steps that look at interchanges, connected with the desk that tells of what they hold. */
import type { Desk } from '../delivery/desk.ts';
import { type Held, heldNotices } from '../delivery/held.ts';
import type { Log } from '../domain/effects.ts';
import { ediBoxes } from '../middleware/edi-boxes.ts';
import { ediContrl } from '../middleware/edi-contrl.ts';
import { type HeldCopy, ediGuard } from '../middleware/edi-guard.ts';
import type { Middleware } from '../middleware/middleware.ts';
import type { Store } from '../store/store.ts';

export interface EdiParts {
  readonly store: Store;
  readonly log: Log;
  readonly desk: Desk;
}

export const ediSteps = ({ store, log, desk }: EdiParts): readonly Middleware[] => [
  ediGuard({ store, log, heldNotices: (held) => heldNotices(desk, heldOf(held)) }),
  ediBoxes({ store, log }),
  ediContrl,
];

function heldOf({ message, held, findings }: HeldCopy): Held {
  const { body, messageId, receivedAt, sender, submitter } = message;
  return {
    id: body.id,
    messageIdField: messageId,
    receivedAt,
    sender,
    submitter: submitter.account,
    recipients: held.map(({ to }) => to.substituteFor ?? to.address),
    reasons: findings.map(({ text }) => text),
  };
}
