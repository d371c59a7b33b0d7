/**
 * Opens messages for addressees who let the gateway do so, because the program behind their mailbox cannot.
 *
 * Only with the keys of the addressee who gets the copy. What cannot be opened is handed out all the same, with a text that explains;
 * the sender hears of neither, since the answer would tell about the key. Content whose header names another sender inside than outside
 * counts as not opened: the sender outside is the one who logged in.
 */
import type { DecryptionKey } from '../crypto/cms/decrypt.ts';
import type { CmsProblem } from '../crypto/cms/problem.ts';
import type { TrustOptions } from '../crypto/cms/verify.ts';
import { layerOf, maybeProtected } from '../crypto/smime/layer.ts';
import { type Message, readMessage } from '../crypto/smime/message.ts';
import { type NotOpened, type OpenedMessage, openMessage, standingOf } from '../crypto/smime/open.ts';
import { addressKey } from '../domain/address.ts';
import type { Log, RandomBytes } from '../domain/effects.ts';
import type { Language } from '../domain/registry.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import { KiB, type Octets, octets } from '../domain/units.ts';
import { type AuthenticationResult, authenticationResults } from '../mime/authentication-results.ts';
import { NulFound } from '../mime/canonical.ts';
import type { AuditEvent } from '../store/audit.ts';
import { MAX_COPIES, type SealedBody } from '../store/store.ts';
import { stagingIn, writeBody } from './bodies.ts';
import { tooManyCopies } from './chain.ts';
import type { MailKeys } from './mail-keys.ts';
import type { Addressee, Copy, Middleware, StepOutcome, Submitted, Workshop } from './middleware.ts';
import { type Opening, openedField } from './opened-field.ts';
import { openedMessage } from './opened-message.ts';
import { ciphersOf, openedResults, openingOf, problemOf, verificationsOf } from './opening.ts';
import { type IsOwn, capabilitiesOf, problemFacts, verificationFacts } from './smime-outcome.ts';
import { unopenedMessage } from './unopened-message.ts';

export interface OpenParts {
  readonly keys: Pick<MailKeys, 'decryptionKeys' | 'trust' | 'isOwn' | 'noteCapabilities'>;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Who says it: our host name. */
  readonly authserv: string;
  /** Whom an addressee may ask. */
  readonly contact: string;
}

export const smimeOpen = (parts: OpenParts): Middleware => ({
  name: 'smime-open',
  wants: ({ content, recipients }) => maybeProtected(content) && recipients.some(letsOpen),
  run: (message, copies, workshop) => run(parts, message, copies, workshop),
});

const letsOpen = ({ registered: { address, account, organisation } }: Addressee): boolean =>
  settingOf('open', address.settings, account.settings, organisation.settings);

/** What the steps below share of one message. */
interface Work {
  readonly parts: OpenParts;
  readonly submitted: Submitted;
  readonly given: Message;
  readonly trust: Omit<TrustOptions, 'address'>;
  readonly workshop: Workshop;
}

async function run(
  parts: OpenParts,
  submitted: Submitted,
  copies: readonly Copy[],
  workshop: Workshop,
): Promise<StepOutcome> {
  const read = await readMessage(submitted.body);
  if (!read.ok) return { kind: 'passed', copies };
  const layer = await layerOf(read.value, submitted.content);
  if (layer.kind !== 'encrypted' && layer.kind !== 'opaque-signed') return { kind: 'passed', copies };
  const groups = await groupsOf(parts, copies);
  if (groups.length > MAX_COPIES) return { kind: 'refused', refusal: tooManyCopies(groups.length) };
  const work = { parts, submitted, given: read.value, trust: await parts.keys.trust(), workshop };
  const made: Made[] = [];
  const failed = new Map<Language, { recipients: Addressee[]; problems: CmsProblem[] }>();
  for (const group of groups) {
    const opened = await openFor(work, group);
    if (opened.ok) made.push(opened.value);
    else
      for (const addressee of group.recipients) {
        const { language } = addressee.registered.organisation;
        const held = failed.get(language) ?? { recipients: [], problems: [] };
        held.recipients.push(addressee);
        held.problems.push(opened.error.problem);
        failed.set(language, held);
      }
  }
  for (const [language, { recipients, problems }] of failed)
    made.push(await explained(work, language, recipients, problems));
  const audit = made.map(({ copy, facts, outcome }) => auditOf(submitted, copy, facts, outcome));
  return { kind: 'passed', copies: [...without(copies), ...made.map(({ copy }) => copy)], audit };
}

interface Made {
  readonly copy: Copy;
  /** What was found, for the operator alone. */
  readonly facts: Facts;
  readonly outcome: AuditEvent['outcome'];
}
type Facts = NonNullable<AuditEvent['facts']>;

const auditOf = ({ body }: Submitted, copy: Copy, facts: Facts, outcome: AuditEvent['outcome']): AuditEvent => ({
  ...{ event: 'smime.opened', outcome, message: body.id },
  facts: { protection: copy.protection, copy: copy.body.id, ...facts },
  personal: { recipients: copy.recipients.map(({ to }) => to.address) },
});

/** The copies of those for whom nothing is opened. */
const without = (copies: readonly Copy[]): readonly Copy[] =>
  copies
    .map((copy) => ({ ...copy, recipients: copy.recipients.filter((each) => !letsOpen(each)) }))
    .filter((copy) => copy.recipients.length > 0);

interface OpenGroup {
  readonly keys: readonly DecryptionKey[];
  readonly recipients: Addressee[];
}

/** Addresses with the same keys share what they open. */
async function groupsOf({ keys }: OpenParts, copies: readonly Copy[]): Promise<readonly OpenGroup[]> {
  const groups = new Map<string, OpenGroup>();
  for (const addressee of copies.flatMap((copy) => copy.recipients).filter(letsOpen)) {
    const held = await keys.decryptionKeys(addressee.to.address);
    const name =
      held.length === 0
        ? addressKey(addressee.to.address)
        : held.map(({ certificate }) => certificate.fingerprint).join(' ');
    const group = groups.get(name) ?? { keys: held, recipients: [] };
    group.recipients.push(addressee);
    groups.set(name, group);
  }
  return [...groups.values()];
}

async function openFor(work: Work, { keys, recipients }: OpenGroup): Promise<Result<Made, NotOpened>> {
  const { parts, submitted, given, trust, workshop } = work;
  const read = await openMessage(given, { keys, trust, stage: () => stagingIn(workshop, room(submitted)) });
  if (!read.ok) return read;
  const { layers } = read.value;
  const problem = problemOf(layers);
  if (problem !== undefined) return fail({ problem, layers });
  const opening = await openingOf(layers, isOwn(parts));
  const body = await handedOut(work, read.value, opening);
  if (body === undefined) return fail({ problem: { kind: 'malformed', text: 'it has a NUL octet' }, layers });
  const shown = standingOf(layers).standing === 'valid' ? capabilitiesOf(verificationsOf(layers)) : undefined;
  if (shown !== undefined) await parts.keys.noteCapabilities(submitted.from, shown);
  const copy: Copy = { body, recipients, protection: `smime opened ${opening}`, opened: true };
  const signature = verificationsOf(layers).map(verificationFacts).at(-1) ?? { signature: 'none' };
  return ok({ copy, facts: { cipher: ciphersOf(layers), ...signature }, outcome: 'success' });
}

const isOwn =
  ({ keys }: OpenParts): IsOwn =>
  (certificate) =>
    keys.isOwn(certificate);

const room = ({ body }: Submitted): Octets => octets(body.octets + 64 * KiB);

/** Undefined where the content cannot be handed out at all. */
async function handedOut(
  { parts, submitted, given, workshop }: Work,
  { layers, message }: OpenedMessage,
  opening: Opening,
): Promise<SealedBody | undefined> {
  const results = await openedResults(layers, submitted.from, isOwn(parts));
  const slices = openedMessage({
    ...{ given, opened: message, authserv: parts.authserv },
    whole: layers.some((layer) => layer.kind === 'message'),
    fields: authenticationResults(parts.authserv, results) + openedField(opening, ciphersOf(layers)),
  });
  try {
    return await writeBody(workshop, room(submitted), slices);
  } catch (error) {
    if (error instanceof NulFound) return undefined;
    throw error;
  }
}

async function explained(
  work: Work,
  language: Language,
  recipients: readonly Addressee[],
  problems: readonly CmsProblem[],
): Promise<Made> {
  const { parts, submitted, given, workshop } = work;
  const { authserv, contact, random } = parts;
  const results: AuthenticationResult[] = [
    { method: 'smime', result: 'permerror', reason: 'the message could not be opened' },
  ];
  const slices = unopenedMessage({
    ...{ given, language, contact },
    eightBit: submitted.eightBit,
    fields: authenticationResults(authserv, results) + openedField('failed'),
    boundary: `sluis-${Buffer.from(random(16)).toString('hex')}`,
  });
  const body = await writeBody(workshop, room(submitted), slices);
  parts.log.warn('smime.not-opened', { message: submitted.body.id, recipients: recipients.length });
  const copy: Copy = { body, recipients, protection: 'smime opened failed', opened: true };
  const [first] = problems;
  return { copy, facts: first === undefined ? {} : problemFacts(first), outcome: 'failure' };
}
