/** All routes of the mailbox. */
import type { Route } from '../core/route.ts';
import { getClaimMessages } from './batch.ts';
import { acknowledgeClaim, createClaim, deleteClaim, getClaim, renewClaim } from './claims.ts';
import { getMailboxMessage, getMailboxMessageContent, getMailboxMessagePart } from './fetch.ts';
import { listMailboxMessages } from './list.ts';
import { deleteMailboxMessage, restoreMailboxMessage } from './removal.ts';

export const mailboxRoutes: readonly Route[] = [
  listMailboxMessages,
  getMailboxMessage,
  deleteMailboxMessage,
  getMailboxMessageContent,
  getMailboxMessagePart,
  restoreMailboxMessage,
  createClaim,
  getClaim,
  getClaimMessages,
  deleteClaim,
  renewClaim,
  acknowledgeClaim,
];
