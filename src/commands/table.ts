/**
 * Every subject that has operations, and the operations themselves. `cli/groups.ts` finds the
 * commands.
 */
import { backups, drills } from './backup.ts';
import { gateway } from './gateway.ts';
import { accounts } from './account.ts';
import { addresses } from './address.ts';
import { approvals } from './approve.ts';
import { configuration } from './config.ts';
import { audits } from './audit.ts';
import { operationsOfAll } from './core/operations.ts';
import type { AnyOperation } from './core/row.ts';
import { type AnySubject, operationRows } from './core/subject.ts';
import { mailboxes } from './mailbox.ts';
import { notices } from './notice.ts';
import { operators } from './operator.ts';
import { messages } from './message.ts';
import { queues } from './queue.ts';
import { traces } from './trace.ts';
import { evidence } from './evidence.ts';
import { masterKey } from './key.ts';
import { organisations } from './organisation.ts';
import { directory } from './directory.ts';
import { partners } from './partner.ts';
import { privacy } from './privacy.ts';
import { sessions } from './session.ts';
import { authority } from './ca.ts';
import { certificates } from './cert.ts';
import { smime } from './smime.ts';
import { pgp } from './pgp.ts';
import { probes } from './probe.ts';
import { reports } from './report.ts';
import { scans } from './scan.ts';
import { sites } from './site.ts';
import { statements } from './statement.ts';
import { takeovers } from './takeover.ts';
import { webhooks } from './webhook.ts';

const table = {
  gateway,
  configuration,
  backups,
  drills,
  organisations,
  accounts,
  addresses,
  directory,
  partners,
  sessions,
  notices,
  mailboxes,
  takeovers,
  scans,
  reports,
  probes,
  privacy,
  statements,
  queues,
  traces,
  messages,
  audits,
  evidence,
  masterKey,
  operators,
  webhooks,
  sites,
  approvals,
  authority,
  certificates,
  smime,
  pgp,
};

export const subjects: readonly AnySubject[] = Object.values(table);

export const rowOperations = operationsOfAll(table);

const rows = new Map(subjects.flatMap((subject) => [...operationRows(subject)]));

/** The row of an operation. Throws if there is no operation of that name. */
export function rowNamed(name: string): AnyOperation {
  const row = rows.get(name);
  if (row === undefined) throw new Error(`There is no operation "${name}"`);
  return row;
}
