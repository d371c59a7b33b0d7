/**
 * What a CONTRL says below its UCI: each message of the interchange (UCM), within groups under the
 * UCF of each.
 *
 * Every one has action 7: it was handed over as it is, and whoever is told "rejected" of what is in
 * a mailbox sends it once more. What the envelope says wrong of itself stands behind the action
 * (0085), which an acknowledgement may have; the recipient's own system judges what it is worth. A
 * message is known by 0062 and S009: two with the same are one UCM with error 26.
 *
 * UN/EDIFACT CONTRL D.3 section 1.3, ISO 9735-4 section 5.3: groups and single messages never stand
 * side by side, and what is not named is covered by the 7 above it.
 */
import type { EdiFault, EdiInside, EdiSingle, Interchange } from '../domain/interchange.ts';
import { escaped, partyElement } from './contrl-elements.ts';

const ACKNOWLEDGED = '7';

/**
 * 0085: missing, references do not match, count does not match, duplicate detected, groups and
 * messages mixed.
 */
const ERRORS = { 'end-missing': '13', reference: '28', count: '29', twice: '26' } as const satisfies Record<
  EdiFault,
  string
>;
const MIXED = '30';
const DUPLICATE = [ERRORS.twice, 'UNB'];

/**
 * Of an UCI that rejects. A repetition that reached nobody takes nothing back that was said of the
 * original: it is rejected as a duplicate.
 */
export const rejection = ({ seen }: Interchange): readonly string[] => (seen === undefined ? ['18'] : DUPLICATE);

/**
 * Of an UCI that acknowledges, 0085 and 0013; the gravest where there are several, since there is
 * place for one. A repetition is answered as the original was: no error. That is one reference for
 * other messages alone.
 */
export function interchangeError({ seen, remarks, inside }: Interchange): readonly string[] {
  const has = (kind: string): boolean => remarks.some((remark) => remark.kind === kind);
  if (seen === 'reused') return DUPLICATE;
  if (has('unz-missing')) return [ERRORS['end-missing'], 'UNZ'];
  if (has('unz-reference')) return [ERRORS.reference, 'UNZ'];
  if (has('unz-count')) return [ERRORS.count, 'UNZ'];
  return inside !== undefined && isMixed(inside) ? [MIXED] : [];
}

/**
 * Those outside of groups cannot be named where there are groups (segment groups 1 and 3 exclude
 * each other): the 7 of the interchange is theirs.
 */
export function insideSegments({ groups, messages }: EdiInside): string[][] {
  if (groups.length === 0) return messages.map(ucm);
  const byGroup = groups.map((): EdiSingle[] => []);
  for (const message of messages) if (message.group !== undefined) byGroup[message.group]?.push(message);
  return groups.flatMap(({ reference, sender, recipient, fault }, place) => [
    ['UCF', escaped(reference), partyElement(sender), partyElement(recipient), ACKNOWLEDGED, ...errorOf(fault, 'UNE')],
    ...(byGroup[place] ?? []).map(ucm),
  ]);
}

const isMixed = ({ groups, messages }: EdiInside): boolean =>
  groups.length > 0 && messages.some(({ group }) => group === undefined);

const ucm = ({ reference, type, version, fault }: EdiSingle): string[] => [
  'UCM',
  escaped(reference),
  // As it stands in the UNH, also where that has less than the standard asks for: by this its
  // sender knows it again.
  [type, ...(version === '' ? [] : version.split(':'))].map(escaped).join(':'),
  ACKNOWLEDGED,
  ...errorOf(fault, fault === 'twice' ? 'UNH' : 'UNT'),
];

const errorOf = (fault: EdiFault | undefined, segment: string): string[] =>
  fault === undefined ? [] : [ERRORS[fault], segment];
