/**
 * Guards over what an interchange says of itself: is it this sender's, is it for this addressee, is
 * it of a kind that the addressee takes, is it whole, is it new, is it a test.
 *
 * Each guard is off, warns, holds or refuses. Where nothing is registered to compare with, nothing
 * is found: a guard never guesses. What is found is told with the values of the envelope, never
 * with content.
 */
import type { Address } from './address.ts';
import { defined } from './defined.ts';
import type { Interchange } from './interchange.ts';
import { isStranger, party, unwantedIn } from './edi-match.ts';

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
  /**
   * EDI identities of the addressee's organisation, `id` or `id:qualifier`; empty: none are
   * registered.
   */
  readonly identities: readonly string[];
  /** `MEDLAB`, `MEDLAB:1` (a version that begins so), `ORU^R01`, `ORU^*`; empty: every kind. */
  readonly accepts: readonly string[];
  /** The addressee's own, for what reaches it; the sender's where there is none. */
  readonly modes?: Readonly<Partial<Record<AddresseeGuard, GuardMode>>>;
}

/**
 * Guards over what reaches an addressee, who decides of them; the others are over what a sender
 * sends.
 */
export const ADDRESSEE_GUARDS = ['recipient', 'type', 'test'] as const satisfies readonly Guard[];
export type AddresseeGuard = (typeof ADDRESSEE_GUARDS)[number];

/** What was seen of an interchange before, from the same sender to the same recipient. */
export interface Earlier {
  /** True: its reference (UNB 0020) was used before. */
  readonly reference: boolean;
  /**
   * Its messages were carried: where the reference was used, under this reference; else under any.
   */
  readonly messages: boolean;
}

/**
 * `repeated`: sent again as it was. `repackaged`: old messages under a new reference. `reused`: an
 * old reference for new messages, an error.
 */
export type Repetition = 'new' | 'repeated' | 'repackaged' | 'reused';

/**
 * The rule of four cases that Danish VANS has: a repetition is answered as the original was, only a
 * reused reference is an error.
 */
export function repetitionOf({ reference, messages }: Earlier): Repetition {
  if (reference) return messages ? 'repeated' : 'reused';
  return messages ? 'repackaged' : 'new';
}

export interface GuardFinding {
  readonly guard: Guard;
  readonly mode: Exclude<GuardMode, 'off'>;
  /** Path of the part that holds the interchange. */
  readonly part: string;
  /** The addressee, if the finding is about one. */
  readonly recipient?: Address;
  /** One line for the sender, the operator and the trace. */
  readonly text: string;
  /** The interchange as its envelope names it, for the log. */
  readonly interchange: Pick<Interchange, 'sender' | 'recipient' | 'reference'>;
}

export interface GuardFacts {
  /** EDI identities of the submitting account's organisation. */
  readonly identities: readonly string[];
  readonly recipients: readonly GuardedRecipient[];
  /** Earlier interchanges, for each interchange in order; absent if nothing is known. */
  readonly earlier?: readonly Earlier[];
}

/**
 * One finding for each guard, and each addressee that it concerns: the first that there is. A
 * message of a hundred interchanges with one fault has one finding, and a finding is never left out
 * for others.
 */
export function judgeInterchanges(
  interchanges: readonly Interchange[],
  facts: GuardFacts,
  modes: GuardModes,
): readonly GuardFinding[] {
  const sender = interchanges.find((i) => isStranger(i.sender, facts.identities));
  const wrong = interchanges.find(({ controls }) => controls === 'wrong');
  const reused = interchanges.find((_, n) => {
    const earlier = facts.earlier?.[n];
    return earlier !== undefined && repetitionOf(earlier) === 'reused';
  });
  return [
    ...found(
      'sender',
      modes,
      sender,
      (i) => `The interchange names as its sender ${party(i.sender)}, which is not the sender's organisation`,
    ),
    ...judgeRecipients(interchanges, facts.recipients, modes),
    ...found(
      'controls',
      modes,
      wrong,
      (i) => `The control totals are wrong: ${i.remarks.map(({ kind }) => kind).join(', ')}`,
    ),
    ...found('reference', modes, reused, (i) => `The reference "${i.reference}" was used for other messages before`),
  ];
}

/**
 * What concerns single addressees. Each is compared with what differs between the interchanges, not
 * with each of them.
 */
export function judgeRecipients(
  interchanges: readonly Interchange[],
  recipients: readonly GuardedRecipient[],
  modes: GuardModes,
): readonly GuardFinding[] {
  const parties = firstOfEach(interchanges, ({ recipient }) => [`${recipient.id}:${recipient.qualifier}`]);
  const kinds = firstOfEach(interchanges, ({ messages }) => messages.map(({ type, version }) => `${type} ${version}`));
  const test = interchanges.find((i) => i.test);
  return recipients.flatMap(({ address, identities, accepts, modes: own }) => {
    const its = { ...modes, ...own };
    const misaddressed = parties.find((i) => isStranger(i.recipient, identities));
    const unwanted = kinds.find((i) => unwantedIn(i, accepts) !== undefined);
    return [
      ...found(
        'recipient',
        its,
        misaddressed,
        (i) => `The interchange names as its recipient ${party(i.recipient)}, which is not <${address}>`,
        address,
      ),
      ...found(
        'type',
        its,
        unwanted,
        (i) => `<${address}> does not accept messages of the kind ${unwantedIn(i, accepts) ?? ''}`,
        address,
      ),
      ...found('test', its, test, () => 'The interchange is marked as a test', address),
    ];
  });
}

function found(
  guard: Guard,
  modes: GuardModes,
  interchange: Interchange | undefined,
  text: (interchange: Interchange) => string,
  recipient?: Address,
): GuardFinding[] {
  const mode = modes[guard];
  if (interchange === undefined || mode === 'off') return [];
  const { part, sender, recipient: to, reference } = interchange;
  return [
    {
      guard,
      mode,
      part,
      text: text(interchange),
      interchange: { sender, recipient: to, reference },
      ...defined({ recipient }),
    },
  ];
}

/** The interchanges that show something which none before them did. */
function firstOfEach(
  interchanges: readonly Interchange[],
  shown: (i: Interchange) => readonly string[],
): Interchange[] {
  const seen = new Set<string>();
  return interchanges.filter((interchange) => {
    const before = seen.size;
    for (const what of shown(interchange)) seen.add(what);
    return seen.size > before;
  });
}
