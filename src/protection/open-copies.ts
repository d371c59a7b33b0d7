/**
 * Opens messages for addressees who let the gateway do so, because the program behind their mailbox
 * cannot. S/MIME and PGP alike.
 *
 * Only with the keys of the addressee who gets the copy. What cannot be opened is handed out all
 * the same, with a text that explains; the sender hears of neither, since the answer would tell
 * about the key.
 *
 * Whoever can submit can send somebody else's ciphertext again as a message of its own and watch
 * what happens. So how many copies are made, for whom and in which order follows from the settings
 * of the addressees alone: one for each mailbox and each address of a partner, opened or not. A
 * number that depended on the keys would show in receipts and in refusals.
 */
import type { Layer } from '../crypto/smime/layer.ts';
import { type Seen, belowSignature } from '../crypto/smime/look-through.ts';
import type { Message } from '../crypto/smime/message.ts';
import { type Address, addressKey } from '../domain/address.ts';
import type { Log, RandomBytes } from '../domain/effects.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import { KiB, type Octets, octets } from '../domain/units.ts';
import { type AuthenticationResult, authenticationResults } from '../mime/authentication-results.ts';
import { NulFound } from '../mime/canonical.ts';
import type { AuditEvent } from '../store/audit.ts';
import { MAX_COPIES } from '../store/acceptance.ts';
import type { SealedBody } from '../store/body.ts';
import { writeBody } from '../middleware/bodies.ts';
import { tooManyCopies } from '../middleware/chain.ts';
import type { Addressee, Copy, StepOutcome, Submitted, BodyWriters } from '../middleware/middleware.ts';
import type { Helpdesk } from '../domain/helpdesk.ts';
import { type Opening, openedField } from './opened-field.ts';
import { openedMessage } from './opened-message.ts';
import { placed } from './opening.ts';
import { unopenedMessage } from './unopened-message.ts';

export interface OpenEffects {
  readonly random: RandomBytes;
  readonly log: Log;
  /** The host name that stands in our fields. */
  readonly authserv: string;
  /** The helpdesk that an addressee may ask. */
  readonly helpdesk: Helpdesk;
  /** Most octets of an opened message. */
  readonly maxContent: Octets;
  /** Scans what was opened, before it is filed; absent: nothing is scanned. */
  readonly scan?: ScanOpened;
}

/**
 * What becomes of an opened message: the message with what was found, or why it is not handed out.
 */
export type ScanOpened = (opened: OpenedBody, message: Submitted) => Promise<Result<OpenedBody, NotOpenedBecause>>;

export const letsOpen = ({ registered: { address, account, organisation } }: Addressee): boolean =>
  settingOf('open', address.settings, account.settings, organisation.settings);

/** What the steps below share about one message. */
export interface OpenWork {
  readonly effects: OpenEffects;
  readonly submitted: Submitted;
  /** The message as it was submitted. */
  readonly given: Message;
  /**
   * What is to be opened: `given`, or the content below a signature of the other protocol. The
   * error: the two parts of the signed content cannot be told apart.
   */
  readonly root: Result<Message, string>;
  readonly bodies: BodyWriters;
}

/**
 * The message that an opener begins with. It looks through clear signatures of its own protocol
 * (`own`) by itself; a signature of the other protocol was judged before, and stands aside.
 */
export async function rootOf(given: Message, { signed }: Seen, own: Layer['kind']): Promise<Result<Message, string>> {
  const [outermost, ...more] = signed;
  if (signed.every(({ kind }) => kind === own) || outermost === undefined) return ok(given);
  if (more.some(({ kind }) => kind !== own) || outermost.kind === own)
    return fail('signatures of two protocols are mixed below one another');
  return await belowSignature(given, outermost);
}

type Facts = NonNullable<AuditEvent['facts']>;

export interface OpenedBody {
  readonly message: Message;
  /** A whole message was inside, whose header counts. */
  readonly whole: boolean;
  /** A subject from inside that replaces the one outside; octets of the field. */
  readonly subject?: Buffer;
  readonly opening: Opening;
  /** How it was opened, in words for people, for the field `Sluis-Opened`. */
  readonly how: string;
  readonly results: readonly AuthenticationResult[];
  /** What was found, for the operator alone. */
  readonly facts: Facts;
}

/** Details for the operator: never for the addressee, and never for the sender. */
export interface NotOpenedBecause {
  readonly kind: string;
  readonly text: string;
  /**
   * The message is refused: for a time if nothing is wrong with it, or for something that its
   * sender put into it.
   */
  readonly refusal?: Refusal;
}

export interface Opener<K> {
  readonly by: 'smime' | 'pgp';
  /** Keys that are held for the address, with their names. */
  keysOf(address: Address): Promise<readonly { readonly name: string; readonly key: K }[]>;
  open(work: OpenWork, keys: readonly K[]): Promise<Result<OpenedBody, NotOpenedBecause>>;
}

/** The recipients behind one mailbox, or at one address of a partner. */
interface OpeningGroup<K> {
  readonly keys: Map<string, K>;
  readonly recipients: Addressee[];
  /** What was found about a signature of the other protocol around the encryption. */
  readonly outside: readonly AuthenticationResult[];
}

interface OpenedBodies {
  readonly copy: Copy;
  readonly facts: Facts;
  readonly outcome: AuditEvent['outcome'];
}

export async function openCopies<K>(opener: Opener<K>, work: OpenWork, copies: readonly Copy[]): Promise<StepOutcome> {
  const places = await placesOf(opener, work, copies);
  if (places.length > MAX_COPIES) return { kind: 'refused', refusal: tooManyCopies(places.length) };
  const made: OpenedBodies[] = [];
  const tried = new Map<string, Result<OpenedBody, NotOpenedBecause>>();
  for (const place of places) {
    const name = [...place.keys.keys()].sort().join(' ');
    const opened = tried.get(name) ?? (await openedWith(opener, work, [...place.keys.values()]));
    tried.set(name, opened);
    const copy = opened.ok ? await copyFor(opener, work, opened.value, place) : opened.error;
    if ('copy' in copy) made.push(copy);
    else if (copy.refusal !== undefined) return { kind: 'refused', refusal: copy.refusal };
    else made.push(await explained(opener.by, work, place.recipients, copy));
  }
  const audit = made.map((each) => auditOf(opener.by, work.submitted, each));
  return { kind: 'passed', copies: [...without(copies), ...made.map(({ copy }) => copy)], audit };
}

async function openedWith<K>(
  opener: Opener<K>,
  work: OpenWork,
  keys: readonly K[],
): Promise<Result<OpenedBody, NotOpenedBecause>> {
  const opened = await opener.open(work, keys);
  const { scan } = work.effects;
  return !opened.ok || scan === undefined ? opened : await scan(opened.value, work.submitted);
}

const auditOf = (by: string, { body }: Submitted, { copy, facts, outcome }: OpenedBodies): AuditEvent => ({
  event: `${by}.opened`,
  outcome,
  message: body.id,
  facts: { protection: copy.protection, copy: copy.body.id, ...facts },
  personal: { recipients: copy.recipients.map(({ to }) => to.address) },
});

/** The copies of those for whom nothing is opened. */
const without = (copies: readonly Copy[]): readonly Copy[] =>
  copies
    .map((copy) => ({ ...copy, recipients: copy.recipients.filter((each) => !letsOpen(each)) }))
    .filter((copy) => copy.recipients.length > 0);

/**
 * The groups in the order of RCPT. Addresses that lead into one mailbox share its copy and their
 * keys.
 */
async function placesOf<K>(
  opener: Opener<K>,
  { given, root }: OpenWork,
  copies: readonly Copy[],
): Promise<readonly OpeningGroup<K>[]> {
  const places = new Map<string, OpeningGroup<K>>();
  // The signature was judged once for the message as submitted, so all copies have the same
  // results.
  const apart = !root.ok || root.value !== given;
  const outside = apart ? copies.flatMap(({ results }) => (results === undefined ? [] : [results]))[0] : undefined;
  for (const addressee of copies.flatMap((copy) => copy.recipients).filter(letsOpen)) {
    const { mailbox, address } = addressee.to;
    const name = mailbox === undefined ? `address ${addressKey(address)}` : `mailbox ${mailbox}`;
    const place: OpeningGroup<K> = places.get(name) ?? {
      keys: new Map<string, K>(),
      recipients: [],
      outside: outside ?? [],
    };
    for (const held of await opener.keysOf(address)) place.keys.set(held.name, held.key);
    place.recipients.push(addressee);
    places.set(name, place);
  }
  return [...places.values()];
}

async function copyFor<K>(
  { by }: Opener<K>,
  work: OpenWork,
  opened: OpenedBody,
  { recipients, outside }: OpeningGroup<K>,
): Promise<OpenedBodies | NotOpenedBecause> {
  const { opening, facts, message } = opened;
  const { maxContent } = work.effects;
  if (message.source.octets > maxContent)
    return { kind: 'limit', text: `opened it has ${message.source.octets} octets, more than ${maxContent}` };
  const body = await handedOut(work, opened, outside);
  if (body === undefined) return { kind: 'malformed', text: 'it has a NUL octet' };
  const copy: Copy = { body, recipients, protection: `${by} opened ${opening}`, opened: true };
  return { copy, facts, outcome: 'success' };
}

export const room = ({ body }: Submitted): Octets => octets(body.octets + 64 * KiB);

/** The copy that is handed out; undefined if the content cannot be handed out at all. */
async function handedOut(
  { effects: { authserv }, submitted, given, bodies }: OpenWork,
  { message, whole, subject, opening, how, results }: OpenedBody,
  outside: readonly AuthenticationResult[],
): Promise<SealedBody | undefined> {
  const told = outside.length === 0 ? results : [...placed(outside, 'outside'), ...placed(results, 'inside')];
  const fields = authenticationResults(authserv, told) + openedField(opening, how);
  const slices = openedMessage({ given, opened: message, whole, fields, ...(subject !== undefined && { subject }) });
  try {
    return await writeBody(bodies, octets(message.source.octets + room(submitted)), slices);
  } catch (error) {
    if (error instanceof NulFound) return undefined;
    throw error;
  }
}

async function explained(
  by: 'smime' | 'pgp',
  { effects, submitted, given, bodies }: OpenWork,
  recipients: readonly Addressee[],
  problem: NotOpenedBecause,
): Promise<OpenedBodies> {
  const { authserv, helpdesk, random, log } = effects;
  // A mailbox has one organisation, and so one language.
  const language = recipients[0]?.registered.organisation.language ?? 'nl';
  const method = by === 'smime' ? by : 'x-pgp';
  const results: AuthenticationResult[] = [{ method, result: 'permerror', reason: 'the message could not be opened' }];
  const slices = unopenedMessage({
    given,
    language,
    helpdesk,
    eightBit: submitted.eightBit,
    fields: authenticationResults(authserv, results) + openedField('failed'),
    boundary: `sluis-${Buffer.from(random(16)).toString('hex')}`,
  });
  const body = await writeBody(bodies, room(submitted), slices);
  const told = { message: submitted.body.id, recipients: recipients.length };
  if (by === 'smime') log.warn('smime.not-opened', told);
  else log.warn('pgp.not-opened', told);
  const copy: Copy = { body, recipients, protection: `${by} opened failed`, opened: true };
  return { copy, facts: { problem: problem.kind, why: problem.text }, outcome: 'failure' };
}
