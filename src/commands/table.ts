/** Every subject of the command table, and the operations that come of them. A new one is one line here, in the order of the documents. */
import { backups, drills } from './backup.ts';
import { check } from './check.ts';
import { doctor } from './doctor.ts';
import { gateway, gatewayTops } from './gateway.ts';
import { accounts } from './account.ts';
import { addresses } from './address.ts';
import { approvals, approve } from './approve.ts';
import { audits } from './audit.ts';
import { operationsOfAll } from './core/operations.ts';
import type { AnyRow, AnySubject } from './core/row.ts';
import { type Placed, commandsOf } from './core/walk.ts';
import { mailboxes } from './mailbox.ts';
import { notices } from './notice.ts';
import { operators } from './operator.ts';
import { messages } from './message.ts';
import { queues } from './queue.ts';
import { trace, traces } from './trace.ts';
import { evidence } from './evidence.ts';
import { masterKey } from './key.ts';
import { organisations } from './organisation.ts';
import { partners } from './partner.ts';
import { privacy } from './privacy.ts';
import { sessions } from './session.ts';
import { authority } from './ca.ts';
import { certificates } from './cert.ts';
import { smime } from './smime.ts';
import { pgp } from './pgp.ts';
import { reports } from './report.ts';

const table = {
  gateway,
  backups,
  drills,
  organisations,
  accounts,
  addresses,
  partners,
  sessions,
  notices,
  mailboxes,
  reports,
  privacy,
  queues,
  traces,
  messages,
  audits,
  evidence,
  masterKey,
  operators,
  approvals,
  authority,
  certificates,
  smime,
  pgp,
};

export const subjects: readonly AnySubject[] = Object.values(table);

/** Commands of the top level that are rows. */
export const tops: Readonly<Record<string, AnyRow>> = { check, ...gatewayTops, doctor, trace, approve };

export const rowOperations = operationsOfAll(table);

/** Every command that is a row. */
export const placed = (): readonly Placed[] => [
  ...Object.entries(tops).map(([name, row]) => ({ words: [name], row })),
  ...subjects.flatMap((subject) => [...commandsOf(subject)]),
];
