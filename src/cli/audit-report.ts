/** What `sluis audit report` and `audit verify` say. */
import type { VerifyView } from '../admin/audit.ts';
import type { ActKind, AuditSummary } from '../admin/audit-scan.ts';
import { agree, many } from '../domain/counted.ts';
import { facts, readableTime, table } from './output.ts';

export const anchorsText = (n: number): string => `${many(n, 'anchor')} ${agree(n, 'stands', 'stand')}`;

export interface Proof extends VerifyView {
  /** Nothing contradicts the trail, and an anchor stands for it. */
  readonly proven: boolean;
  /** Where anchors were looked for. */
  readonly places: readonly string[];
}

export const isProven = ({ report: found, anchors, missing }: VerifyView): boolean =>
  found.kind === 'intact' && found.vanished === undefined && missing === undefined && anchors > 0;

export function verifyText({ report: found, anchors, missing, behind, places }: Proof): string {
  if (found.kind === 'broken') return `Row ${found.seq}: ${found.why}.`;
  const { vanished } = found;
  return [
    `${many(found.rows, 'row')}, the chain holds. Head: ${found.head}`,
    ...(vanished === undefined
      ? []
      : [`Who and where of ${many(vanished, 'row')} are gone, and no row tells that they were erased.`]),
    missing !== undefined
      ? `Anchor of row ${missing.seq}: ${missing.why}.`
      : anchors === 0
        ? `NOT PROVEN: there is no anchor in ${places.join(', ')}.`
        : `${anchorsText(anchors)} in the trail, of ${places.join(', ')}.`,
    ...(behind === undefined || behind === 0
      ? []
      : [`Behind the newest anchor: ${many(behind, 'row')}, not proven yet.`]),
  ].join('\n');
}

/** In the order of the report: head of its table, and what is said where there is none. */
const ACTS: readonly (readonly [kind: ActKind, head: string, none: string])[] = [
  ['command', 'COMMANDS', 'Nobody gave a command.'],
  ['look', 'LOOKS AT THE TRAIL', 'Nobody looked at the trail.'],
  ['export', 'GIVEN OUT', 'Nothing was given out.'],
  ['approval', 'SECOND PERSON', 'Nothing was asked of a second person.'],
];

/** `verified`: what a check of the chain found; undefined where none was asked for. */
export const reportText = (s: AuditSummary, verified: Proof | undefined): string =>
  [
    facts([
      ['From', readableTime(s.since)],
      ['Until', readableTime(s.until)],
      ['Rows', s.rows],
    ]),
    verified === undefined ? 'The chain was not checked: add --verify, or --anchors PATH.' : verifyText(verified),
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
