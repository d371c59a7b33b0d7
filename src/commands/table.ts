/** Every subject of the command table, and the operations that come of them. */
import { accounts } from './account.ts';
import { addresses } from './address.ts';
import { approvals, approve } from './approve.ts';
import { operationsOf } from './core/operations.ts';
import type { AnyRow, AnySubject } from './core/row.ts';
import { type Placed, commandsOf } from './core/walk.ts';
import { mailboxes } from './mailbox.ts';
import { organisations } from './organisation.ts';
import { operators } from './operator.ts';

/** In the order of the documents. */
export const subjects: readonly AnySubject[] = [organisations, accounts, addresses, mailboxes, operators, approvals];

/** Commands of the top level that are rows. */
export const tops: Readonly<Record<string, AnyRow>> = { approve };

export const rowOperations = {
  ...operationsOf(organisations),
  ...operationsOf(accounts),
  ...operationsOf(addresses),
  ...operationsOf(mailboxes),
  ...operationsOf(operators),
  ...operationsOf(approvals),
};

/** Every command that is a row. */
export const placed = (): readonly Placed[] => [
  ...Object.entries(tops).map(([name, row]) => ({ words: [name], row })),
  ...subjects.flatMap((subject) => [...commandsOf(subject)]),
];
