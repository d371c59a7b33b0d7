/**
 * The guards over interchanges, as a step: is an interchange the sender's, is it for this
 * addressee, of a kind that it takes, whole, new, a test.
 *
 * What domain/edi-guard.ts finds is a remark, holds copies, or refuses the message. Before the
 * first protection: the parts are those that were submitted. Log and trace name guard, parties and
 * reference; nothing of what a message says is known here.
 */
import { hash } from 'node:crypto';
import { type AddressKey, addressKey } from '../domain/address.ts';
import {
  type Earlier,
  type GuardFinding,
  type GuardModes,
  type GuardedRecipient,
  judgeInterchanges,
  judgeRecipients,
  repetitionOf,
} from '../domain/edi-guard.ts';
import { type GuardVerdict, verdictOf } from '../domain/edi-verdict.ts';
import { parseEdiKinds } from '../domain/edi-kinds.ts';
import type { Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { EdiParty, Interchange } from '../domain/interchange.ts';
import { settingOf } from '../domain/settings.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { SeenInterchange } from '../store/interchanges.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import type { Addressee, Copy, Middleware, StepPassed, StepOutcome, Submitted } from './middleware.ts';

/** Findings of one message that the log and the trace name one by one. */
const MAX_TOLD = 20;
/** Addressees that are judged in one go: a few milliseconds at the most. */
const AT_ONCE = 25;

export interface HeldCopy {
  readonly message: Submitted;
  readonly held: readonly Addressee[];
  /** Findings because of which the message is held; others are left out. */
  readonly findings: readonly GuardFinding[];
}

export interface EdiGuardParts {
  readonly store: Pick<Store, 'interchanges'> & { readonly registry: Pick<Store['registry'], 'identitiesOf'> };
  readonly log: Log;
  /**
   * What sender and operator are told of copies that are held. Rejects with StoreFull or
   * StoreFailed.
   */
  readonly heldNotices: (held: HeldCopy) => Promise<readonly PreparedNotice[]>;
}

export const ediGuard = (parts: EdiGuardParts): Middleware => ({
  name: 'edi-guard',
  wants: ({ parts: { interchanges } }) => interchanges.length > 0,
  run: (message, copies) => run(parts, message, copies),
});

async function run(parts: EdiGuardParts, message: Submitted, copies: readonly Copy[]): Promise<StepOutcome> {
  const { interchanges } = message.parts;
  const { organisation } = message.submitter;
  const keys = interchanges.map((interchange) => keysOf(organisation.id, interchange));
  const seen = keys.filter((key) => key !== undefined);
  const modes = modesOf(message);
  const earlier = modes.reference === 'off' ? [] : await parts.store.interchanges.earlier(seen);
  const identities = await parts.store.registry.identitiesOf(message.submitter.account.id);
  const facts = { identities, recipients: [], earlier: spread(keys, earlier) };
  const findings = [
    ...judgeInterchanges(interchanges, facts, modes),
    ...(await judgeAll(parts, interchanges, message.recipients, modes)),
  ];
  const verdict = verdictOf(findings);
  tellLog(parts.log, message, verdict, findings);
  if (verdict.kind === 'refuse') return { kind: 'refused', refusal: verdict.refusal };
  const audit = [
    ...repetitionsOf(message, facts.earlier).slice(0, MAX_TOLD),
    ...findings.slice(0, MAX_TOLD).map((finding) => eventOf(message, finding)),
  ];
  const passed: StepPassed = {
    kind: 'passed',
    copies,
    audit,
    interchanges: remembered(keys, facts.earlier, modes),
    ...seenBefore(message.parts, facts.earlier),
  };
  return verdict.kind === 'hold' ? await hold(parts, message, passed, findings) : passed;
}

/**
 * One whose reference was used for other messages is remembered as held: to send it once more must
 * not let it through.
 */
const remembered = (
  keys: readonly (SeenInterchange | undefined)[],
  earlier: readonly Earlier[],
  { reference }: GuardModes,
): SeenInterchange[] =>
  keys.flatMap((key, n) => {
    if (key === undefined) return [];
    const held = reference === 'hold' && repetitionOf(earlier[n] ?? UNSEEN) === 'reused';
    return held ? [{ ...key, held }] : [key];
  });

/**
 * For an answer about each message, which is written when the memory may be another: it says that
 * something came before (0085, code 26).
 */
function seenBefore(parts: Submitted['parts'], earlier: readonly Earlier[]): Pick<StepPassed, 'parts'> {
  const seen = parts.interchanges.map(({ inside }, n) => {
    const repetition = inside === undefined ? 'new' : repetitionOf(earlier[n] ?? UNSEEN);
    return repetition === 'new' ? {} : { seen: repetition };
  });
  if (!seen.some((one) => one.seen !== undefined)) return {};
  return { parts: { ...parts, interchanges: parts.interchanges.map((one, n) => ({ ...one, ...seen[n] })) } };
}

/**
 * Copies that a finding is about wait for the operator; one that is about no single addressee is
 * about all of them.
 */
async function hold(
  { heldNotices }: EdiGuardParts,
  message: Submitted,
  passed: StepPassed,
  findings: readonly GuardFinding[],
): Promise<StepPassed> {
  const holding = findings.filter(({ mode }) => mode === 'hold');
  const all = holding.some(({ recipient }) => recipient === undefined);
  const named = new Set<AddressKey>(holding.flatMap(({ recipient }) => recipient ?? []).map(addressKey));
  const isHeld = ({ to }: Addressee): boolean => all || named.has(addressKey(to.address));
  const copies = passed.copies.map((copy) => ({
    ...copy,
    recipients: copy.recipients.map((each) =>
      isHeld(each) ? { ...each, to: { ...each.to, held: true as const } } : each,
    ),
  }));
  const held = message.recipients.filter(isHeld);
  const notices = await heldNotices({ message, held, findings: holding });
  const many = held.length === 1 ? 'one addressee' : `${held.length} addressees`;
  const note = `held for ${many} until the helpdesk has looked at it, a notice tells why`;
  return { ...passed, copies, notices, note };
}

/** Judged in portions: a thousand addressees must not hold the event loop. */
async function judgeAll(
  { store }: EdiGuardParts,
  interchanges: readonly Interchange[],
  recipients: readonly Addressee[],
  modes: GuardModes,
): Promise<GuardFinding[]> {
  const findings: GuardFinding[] = [];
  for (let at = 0; at < recipients.length; at += AT_ONCE) {
    if (at > 0) await new Promise<void>((turn) => setImmediate(turn));
    const guarded: GuardedRecipient[] = [];
    for (const each of recipients.slice(at, at + AT_ONCE))
      guarded.push(guardedOf(each, await store.registry.identitiesOf(each.registered.account.id)));
    findings.push(...judgeRecipients(interchanges, guarded, modes));
  }
  return findings;
}

function guardedOf({ to, registered }: Addressee, identities: readonly string[]): GuardedRecipient {
  const chain = [registered.address.settings, registered.account.settings, registered.organisation.settings];
  return {
    address: to.address,
    identities,
    accepts: parseEdiKinds(settingOf('edi-accepts', ...chain)) ?? [],
    modes: {
      recipient: settingOf('edi-recipient', ...chain),
      type: settingOf('edi-type', ...chain),
      test: settingOf('edi-test', ...chain),
    },
  };
}

/** Modes of the sender; those of addressees are their own. */
function modesOf({ submitter: { account, organisation } }: Submitted): GuardModes {
  const chain = [account.settings, organisation.settings];
  return {
    sender: settingOf('edi-sender', ...chain),
    controls: settingOf('edi-controls', ...chain),
    reference: settingOf('edi-reference', ...chain),
    recipient: 'off',
    type: 'off',
    test: 'off',
  };
}

/**
 * By what a reference and messages are known again: from the same organisation, of the same
 * parties. What a stranger sends under somebody's name does not use up his references.
 */
function keysOf(organisation: number, interchange: Interchange): SeenInterchange | undefined {
  const { format, sender, recipient, reference, digest } = interchange;
  if (reference === '' || digest === '') return undefined;
  const parties = [format, String(organisation), sender.id, sender.qualifier, recipient.id, recipient.qualifier];
  return {
    reference: hashOf('reference', ...parties, reference),
    messages: hashOf('messages', ...parties, digest),
  };
}

const hashOf = (...words: readonly string[]): Uint8Array =>
  hash('sha256', words.map((word) => `${word.length}:${word}`).join(''), 'buffer').subarray(0, 16);

const UNSEEN: Earlier = { reference: false, messages: false };

/** One answer for each interchange; those without a reference have none of their own. */
function spread(keys: readonly (SeenInterchange | undefined)[], earlier: readonly Earlier[]): readonly Earlier[] {
  const answers = earlier.values();
  return keys.map((key) => (key === undefined ? UNSEEN : (answers.next().value ?? UNSEEN)));
}

const partyText = ({ id, qualifier }: EdiParty): string => (qualifier === '' ? id : `${id}:${qualifier}`);

/** Parties and reference, as the envelope has them. */
const envelopeOf = ({ interchange, part }: GuardFinding): Record<'part' | 'from' | 'to' | 'reference', string> => ({
  part,
  from: partyText(interchange.sender),
  to: partyText(interchange.recipient),
  reference: interchange.reference,
});

function tellLog(log: Log, message: Submitted, { kind }: GuardVerdict, findings: readonly GuardFinding[]): void {
  const { session, submitter, body } = message;
  const about = { session, account: submitter.account.login, message: body.id };
  for (const finding of findings.slice(0, MAX_TOLD))
    log.warn('edi.guard', {
      ...about,
      guard: finding.guard,
      mode: finding.mode,
      verdict: kind,
      ...envelopeOf(finding),
    });
  if (findings.length > MAX_TOLD) log.warn('edi.guard-more', { ...about, findings: findings.length, told: MAX_TOLD });
}

/** What came before is no error, but answers the question where the second copy came from. */
function repetitionsOf({ body, submitter, parts }: Submitted, earlier: readonly Earlier[]): AuditEvent[] {
  return parts.interchanges.flatMap(({ part, reference }, n): AuditEvent[] => {
    const repetition = repetitionOf(earlier[n] ?? UNSEEN);
    if (repetition !== 'repeated' && repetition !== 'repackaged') return [];
    const about = { message: body.id, account: submitter.account.id };
    return [{ event: `edi.${repetition}`, outcome: 'success', ...about, facts: { part, reference } }];
  });
}

function eventOf({ body, submitter }: Submitted, finding: GuardFinding): AuditEvent {
  const account: AccountId = submitter.account.id;
  return {
    event: finding.mode === 'hold' ? 'edi.held' : 'edi.warned',
    outcome: 'failure',
    message: body.id,
    account,
    facts: { guard: finding.guard, ...envelopeOf(finding) },
    personal: { why: finding.text },
  };
}
