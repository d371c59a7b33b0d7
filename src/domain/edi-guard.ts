/**
 * Guards over what an interchange says of itself: is it this sender's, is it for this addressee, is it of a kind that the addressee takes,
 * is it whole, is it new, is it a test.
 *
 * Each guard is off, warns, holds or refuses. Where nothing is registered to compare with, nothing is found: a guard never guesses. What is
 * found is told with the values of the envelope, never with content.
 */
import type { Address } from './address.ts';
import { defined } from './defined.ts';
import type { EdiParty, Interchange } from './interchange.ts';
import { type Refusal, type RefusalRow, refusing, row } from './refusal.ts';

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
  /** The addressee's own, for what reaches it; the sender's where there is none. */
  readonly modes?: Readonly<Partial<Record<AddresseeGuard, GuardMode>>>;
}

/** Guards over what reaches an addressee, who decides of them; the others are over what a sender sends. */
export const ADDRESSEE_GUARDS = ['recipient', 'type', 'test'] as const satisfies readonly Guard[];
export type AddresseeGuard = (typeof ADDRESSEE_GUARDS)[number];

/** What was seen of an interchange before, from the same sender to the same recipient. */
export interface Earlier {
  /** Its reference (UNB 0020) was used. */
  readonly reference: boolean;
  /** Its messages were carried: where the reference was used, under this reference; else under any. */
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
  /** The interchange as its envelope names it, for the log. */
  readonly interchange: Pick<Interchange, 'sender' | 'recipient' | 'reference'>;
}

export interface GuardFacts {
  /** EDI identities of the submitting account's organisation. */
  readonly identities: readonly string[];
  readonly recipients: readonly GuardedRecipient[];
  /** By interchange, in their order; absent where nothing is known. */
  readonly earlier?: readonly Earlier[];
}

/**
 * One finding for each guard, and each addressee that it concerns: the first that there is. A message of a hundred interchanges with one fault
 * has one finding, and a finding is never left out for others.
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

/** What concerns single addressees. Each is compared with what differs between the interchanges, not with each of them. */
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

/** Nothing registered, or nothing said (an XML document names its parties where no envelope is): nobody can tell. */
const isStranger = (party: EdiParty, identities: readonly string[]): boolean =>
  party.id !== '' && identities.length > 0 && !isOneOf(party, identities);

const party = ({ id, qualifier }: EdiParty): string => `"${qualifier === '' ? id : `${id}:${qualifier}`}"`;

function unwantedIn({ messages }: Interchange, accepts: readonly string[]): string | undefined {
  if (accepts.length === 0) return undefined;
  const unwanted = messages.find(({ type, version }) => !accepts.some((kind) => takes(kind, type, version)));
  return unwanted === undefined ? undefined : named(unwanted.type, unwanted.version);
}

const fold = (text: string): string => text.trim().toUpperCase();

/** A registered qualifier must be there; without one, any will do. */
export const isOneOf = ({ id, qualifier }: EdiParty, identities: readonly string[]): boolean =>
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
const refusalOf = ({ guard, text }: GuardFinding): Refusal => {
  // Envelope fields and addresses may have letters outside ASCII, which a reply cannot carry.
  const finding = text.replace(/[^\x20-\x7e]/g, '?');
  return guard === 'controls' ? refusals.interchangeNotWhole({ finding }) : refusals.interchangeRefused({ finding });
};

export const guardRows = {
  interchangeNotWhole: row(
    554,
    '5.6.0',
    '{finding}; nothing was sent',
    'Counts, references or the end of an interchange are wrong, and `edi-controls` is `refuse`.',
    'The text names the interchange and what is wrong: correct the system that wrote it',
  ),
  interchangeRefused: row(
    554,
    '5.7.1',
    '{finding}; nothing was sent',
    'Sender, recipient, kind, reference or test mark of an interchange is not allowed by the `edi-` settings, one of which is `refuse`.',
    'The text says what was found and what was expected; the operator registers identities with `organisation edi add`',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(guardRows);
