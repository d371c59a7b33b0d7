/** What `sluis audit report` and `audit verify` say. */
import type { VerifyView } from '../admin/audit.ts';
import type { ActKind, AuditSummary } from '../admin/audit-scan.ts';
import { agree, many } from '../domain/counted.ts';
import { facts, table } from './output.ts';

export const anchorsText = (n: number): string => `${many(n, 'anchor')} ${agree(n, 'stands', 'stand')}`;

export function verifyText({ report: found, anchors, missing }: VerifyView): string {
  if (found.kind === 'broken') return `Row ${found.seq}: ${found.why}.`;
  const held = `${many(found.rows, 'row')}, the chain holds. Head: ${found.head}`;
  return missing === undefined
    ? `${held}\n${anchorsText(anchors)} in the trail.`
    : `${held}\nAnchor of row ${missing.seq}: ${missing.why}.`;
}

/** In the order of the report: head of its table, and what is said where there is none. */
const ACTS: readonly (readonly [kind: ActKind, head: string, none: string])[] = [
  ['command', 'COMMANDS', 'Nobody gave a command.'],
  ['look', 'LOOKS AT THE TRAIL', 'Nobody looked at the trail.'],
  ['export', 'GIVEN OUT', 'Nothing was given out.'],
  ['approval', 'SECOND PERSON', 'Nothing was asked of a second person.'],
];

/** `verified`: what a check of the chain found; undefined where none was asked for. */
export const reportText = (s: AuditSummary, verified: VerifyView | undefined): string =>
  [
    facts([
      ['From', s.since],
      ['Until', s.until],
      ['Rows', s.rows],
    ]),
    verified === undefined
      ? 'The chain was not checked: add --verify, or --anchors PATH.'
      : `${verifyText(verified)}${verified.anchors === 0 ? ' Whether its end was cut off only --anchors PATH can tell.' : ''}`,
    table(
      ['LOG', 'SUCCESS', 'FAILURE'],
      s.logs.map((l) => [l.log, l.success, l.failure]),
    ),
    table(
      ['EVENT', 'OUTCOME', 'ROWS'],
      s.events.map((e) => [e.event, e.outcome, e.rows]),
    ),
    s.failedLogins.length === 0
      ? 'No login failed.'
      : table(
          ['FAILED LOGINS', 'FROM', 'TRIES'],
          s.failedLogins.map((f) => [f.account, f.network, f.tries]),
        ),
    ...ACTS.map(([kind, head, none]) => actsText(s.acts, kind, head) ?? none),
    ...(s.moreActs ? ['There are more acts than are shown: "sluis audit list" has them all.'] : []),
  ].join('\n\n');

function actsText(acts: AuditSummary['acts'], kind: ActKind, head: string): string | undefined {
  const rows = acts.filter((act) => act.kind === kind);
  return rows.length === 0
    ? undefined
    : table(
        [head, 'WHO', 'EVENT', 'WHAT', 'OUTCOME', 'WHY'],
        rows.map((a) => [a.at.replace('T', ' '), a.actor, a.event, a.what, a.outcome, a.reason]),
      );
}
