/**
 * What a CONTRL says below its UCI: a UCM for each message of the interchange, within groups below
 * the UCF of the group.
 *
 * Each of them has action 7 (acknowledged), since every message was handed over as it is: a sender
 * that reads "rejected" about a message in a mailbox sends it once more. If the envelope
 * contradicts itself, the error (0085) stands behind the action, which an acknowledgement may have;
 * the recipient's own system judges how grave it is. A message is known by its reference (0062) and
 * its type (S009): two with the same are one UCM with error 26.
 *
 * UN/EDIFACT CONTRL D.3 section 1.3, ISO 9735-4 section 5.3: groups and single messages never stand
 * side by side, and the action 7 above covers what is not named.
 */
import type { EdiFault, EdiInside, EdiSingle, Interchange } from '../domain/interchange.ts';
import { escaped, partyElement } from './contrl-elements.ts';

const ACKNOWLEDGED = '7';

/**
 * Codes of 0085: missing, references do not match, count does not match, duplicate detected, groups
 * and messages mixed.
 */
const ERRORS = { 'end-missing': '13', reference: '28', count: '29', twice: '26' } as const satisfies Record<
  EdiFault,
  string
>;
const MIXED = '30';
const DUPLICATE = [ERRORS.twice, 'UNB'];

/**
 * The error of a UCI that rejects: 0085 and, with a duplicate, 0013. A repetition that reached
 * nobody is rejected as a duplicate: that takes back nothing that was said of the original.
 */
export const rejection = ({ seen }: Interchange): readonly string[] => (seen === undefined ? ['18'] : DUPLICATE);

/**
 * The error of a UCI that acknowledges: 0085 and 0013, empty if there is none. It is the gravest,
 * since there is space for one. A repetition is answered as the original was, so it is not an
 * error. A reference that was used before for other messages is one.
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
 * The UCF and UCM segments. If there are groups, messages outside of them cannot be named (segment
 * groups 1 and 3 exclude each other): the action 7 of the interchange covers these.
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
  // As it stands in the UNH, even if that has less than the standard asks for: the sender knows its
  // message by this.
  [type, ...(version === '' ? [] : version.split(':'))].map(escaped).join(':'),
  ACKNOWLEDGED,
  ...errorOf(fault, fault === 'twice' ? 'UNH' : 'UNT'),
];

const errorOf = (fault: EdiFault | undefined, segment: string): string[] =>
  fault === undefined ? [] : [ERRORS[fault], segment];
