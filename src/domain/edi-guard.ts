/**
 * Guards over what an interchange says of itself: is it this sender's, is it for this addressee, is it of a kind that the addressee takes,
 * is it whole, is it new, is it a test.
 *
 * Each guard is off, warns, holds or refuses. Where nothing is registered to compare with, nothing is found: a guard never guesses. What is
 * found is told with the values of the envelope, never with content.
 */
import type { Address } from './address.ts';
import type { EdiParty, Interchange } from './interchange.ts';
import type { Refusal } from './refusal.ts';

export type GuardMode = 'off' | 'warn' | 'hold' | 'refuse';
export const GUARDS = ['sender', 'recipient', 'type', 'controls', 'reference', 'test'] as const;
export type Guard = (typeof GUARDS)[number];
export type GuardModes = Readonly<Record<Guard, GuardMode>>;

/** A strict validator would stop real laboratory results: warn. */
export const DEFAULT_GUARDS: GuardModes = {
  sender: 'warn',
  recipient: 'warn',
  type: 'warn',
  controls: 'warn',
  reference: 'warn',
  test: 'warn',
};

export interface GuardedRecipient {
  readonly address: Address;
  /** EDI identities of the addressee's organisation, `id` or `id:qualifier`; empty: none are registered. */
  readonly identities: readonly string[];
  /** `MEDLAB`, `MEDLAB:1` (a version that begins so), `ORU^R01`, `ORU^*`; empty: every kind. */
  readonly accepts: readonly string[];
}

/** What was seen of an interchange before, from the same sender to the same recipient. */
export interface Earlier {
  /** Its reference (UNB 0020) was used. */
  readonly reference: boolean;
  /** Its messages were carried. */
  readonly messages: boolean;
}

/** `repeated`: sent again as it was. `repackaged`: old messages under a new reference. `reused`: an old reference for new messages, an error. */
export type Repetition = 'new' | 'repeated' | 'repackaged' | 'reused';

/** The rule of four cases that Danish VANS has: a repetition is answered as the original was, only a reused reference is an error. */
export function repetitionOf({ reference, messages }: Earlier): Repetition {
  if (reference) return messages ? 'repeated' : 'reused';
  return messages ? 'repackaged' : 'new';
}

export interface GuardFinding {
  readonly guard: Guard;
  readonly mode: Exclude<GuardMode, 'off'>;
  /** Path of the part that holds the interchange. */
  readonly part: string;
  /** Whom it concerns, where it is one addressee. */
  readonly recipient?: Address;
  /** One line for the sender, the operator and the trace. */
  readonly text: string;
}

export interface GuardFacts {
  /** EDI identities of the submitting account's organisation. */
  readonly identities: readonly string[];
  readonly recipients: readonly GuardedRecipient[];
  /** By interchange, in their order; absent where nothing is known. */
  readonly earlier?: readonly Earlier[];
}

export function judgeInterchanges(
  interchanges: readonly Interchange[],
  facts: GuardFacts,
  modes: GuardModes,
): readonly GuardFinding[] {
  return interchanges.flatMap((interchange, n) => {
    const found: GuardFinding[] = [];
    const add = (guard: Guard, text: string, recipient?: Address): void => {
      const mode = modes[guard];
      if (mode === 'off') return;
      found.push({ guard, mode, part: interchange.part, text, ...(recipient === undefined ? {} : { recipient }) });
    };
    judgeParties(interchange, facts, add);
    for (const { address, accepts } of facts.recipients)
      for (const { type, version } of interchange.messages)
        if (accepts.length > 0 && !accepts.some((kind) => takes(kind, type, version)))
          add('type', `<${address}> does not take messages of the kind ${named(type, version)}`, address);
    if (interchange.controls === 'wrong')
      add('controls', `The control totals are wrong: ${interchange.remarks.map(({ kind }) => kind).join(', ')}`);
    const earlier = facts.earlier?.[n];
    if (earlier !== undefined && repetitionOf(earlier) === 'reused')
      add('reference', `The reference "${interchange.reference}" was used for other messages before`);
    if (interchange.test) add('test', 'The interchange says that it is a test');
    return found;
  });
}

type Add = (guard: Guard, text: string, recipient?: Address) => void;

function judgeParties({ sender, recipient }: Interchange, facts: GuardFacts, add: Add): void {
  // An XML document names its parties where no envelope is.
  if (sender.id !== '' && facts.identities.length > 0 && !isOneOf(sender, facts.identities))
    add('sender', `The interchange says it is from "${sender.id}", which is not the sender's organisation`);
  if (recipient.id === '') return;
  for (const { address, identities } of facts.recipients)
    if (identities.length > 0 && !isOneOf(recipient, identities))
      add('recipient', `The interchange says it is for "${recipient.id}", which is not <${address}>`, address);
}

const fold = (text: string): string => text.trim().toUpperCase();

/** A registered qualifier must be there; without one, any will do. */
const isOneOf = ({ id, qualifier }: EdiParty, identities: readonly string[]): boolean =>
  identities.some((identity) => {
    const [registered = '', wanted] = identity.split(':', 2);
    return fold(registered) === fold(id) && (wanted === undefined || fold(wanted) === fold(qualifier));
  });

function takes(kind: string, type: string, version: string): boolean {
  const [wanted = '', ...release] = fold(kind).split(':');
  const name = fold(type);
  const fits = wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
  const begin = release.join(':');
  return fits && (begin === '' || `${fold(version)}:`.startsWith(`${begin}:`));
}

const named = (type: string, version: string): string => (version === '' ? type : `${type} (${version})`);

export type GuardVerdict =
  | { readonly kind: 'pass'; readonly warnings: readonly GuardFinding[] }
  | { readonly kind: 'hold'; readonly findings: readonly GuardFinding[] }
  | { readonly kind: 'refuse'; readonly refusal: Refusal; readonly findings: readonly GuardFinding[] };

/** The strictest finding decides for the whole message: DATA has one reply. */
export function verdictOf(findings: readonly GuardFinding[]): GuardVerdict {
  const refused = findings.find(({ mode }) => mode === 'refuse');
  if (refused !== undefined) return { kind: 'refuse', refusal: refusalOf(refused), findings };
  return findings.some(({ mode }) => mode === 'hold')
    ? { kind: 'hold', findings }
    : { kind: 'pass', warnings: findings };
}

/** RFC 5248: 5.7.1 for what a policy forbids, 5.6.0 for content that is not whole. */
const refusalOf = ({ guard, text }: GuardFinding): Refusal => ({
  reply: 554,
  status: guard === 'controls' ? '5.6.0' : '5.7.1',
  // Envelope fields and addresses may have letters outside ASCII, which a reply cannot carry.
  text: `${text.replace(/[^\x20-\x7e]/g, '?')}; nothing was sent`,
});
