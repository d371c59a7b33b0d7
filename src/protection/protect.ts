/**
 * Signs and encrypts, as settings and keys of sender and recipients demand: one body for all
 * recipients with the same protection.
 *
 * S/MIME and PGP are two makers behind one decision, taken once for each recipient
 * (choose-protection.ts). What the sender encrypted stays as it is. What the sender signed keeps
 * that signature: it is never signed again in the clear, and where a recipient gets encrypted mail,
 * the signed content is what is encrypted.
 */
import { PgpFailure } from '../crypto/pgp/failure.ts';
import { type InlinePgp, inlinePgp } from '../crypto/pgp/inline.ts';
import { type Layer, maybeProtected } from '../crypto/smime/layer.ts';
import { lookThrough } from '../crypto/smime/look-through.ts';
import { type Message, readMessage } from '../crypto/smime/message.ts';
import { type Wanted, wantedFor } from '../crypto/smime/plan.ts';
import type { Entity } from '../crypto/smime/protect.ts';
import { largestFor, quoted } from '../domain/policy.ts';
import { type Refusal, type RefusalRow, refusing, row } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { formatOctets } from '../domain/octets-text.ts';
import { settingOf } from '../domain/settings.ts';
import { KiB, type Octets, octets } from '../domain/units.ts';
import type { Log, RandomBytes } from '../domain/effects.ts';
import { JOIN_LIMIT } from '../platform/bytes.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { Recipient } from '../store/registry.ts';
import { MAX_COPIES } from '../store/acceptance.ts';
import type { SealedBody } from '../store/body.ts';
import { writeBody } from '../middleware/bodies.ts';
import { tooManyCopies } from '../middleware/chain.ts';
import { type ChosenPlan, chooseProtection } from './choose-protection.ts';
import type { MailKeys, MailSender } from './mail-keys.ts';
import type {
  Addressee,
  AskedRecipient,
  Copy,
  Middleware,
  Sending,
  StepOutcome,
  Submitted,
  BodyWriters,
} from '../middleware/middleware.ts';
import { missedProtection } from './missed-protection.ts';
import { pgpBusy, pgpEntity, pgpFacts, pgpWords } from './pgp-protect.ts';
import type { PgpMakerParts } from './pgp-protect.ts';
import { type Group, type LayerKind, type Planned, type ToProtect, groupsOf, namedIn } from './protect-groups.ts';
import { smimeEntity, smimeFacts, smimeWords } from './smime-protect.ts';

export interface ProtectParts {
  readonly keys: Pick<MailKeys, 'plan' | 'signing'>;
  readonly pgp: PgpMakerParts;
  readonly random: RandomBytes;
  readonly log: Log;
}

export const protect = (parts: ProtectParts): Middleware => ({
  name: 'protect',
  recipient: (asked) => atRcpt(parts, asked),
  wants: (message, copies) => copies.some((copy) => copy.recipients.some((each) => mayWant(message, each))),
  run: (message, copies, bodies) => run(parts, message, copies, bodies),
});

const settingsOf = ({ address, account, organisation }: Recipient) =>
  [address.settings, account.settings, organisation.settings] as const;

/** The protection that the settings alone ask for. */
const wanted = ({ account, organisation }: Sending, recipient: Recipient): Wanted =>
  wantedFor(
    { kind: account.kind, settings: [account.settings, organisation.settings] },
    { settings: settingsOf(recipient) },
  );

function mayWant({ submitter }: Submitted, { registered }: Addressee): boolean {
  const { sign, encrypt } = wanted(submitter, registered);
  return sign !== 'never' || encrypt !== 'never';
}

/** Plans how the copy of a recipient is signed and encrypted. */
export async function planFor(
  {
    keys,
    pgp,
  }: { readonly keys: Pick<MailKeys, 'plan'>; readonly pgp: { readonly keys: Pick<PgpMakerParts['keys'], 'plan'> } },
  sender: MailSender,
  recipient: Recipient,
): Promise<ChosenPlan> {
  const preferred = settingOf('protection-by', ...settingsOf(recipient));
  return chooseProtection(preferred, await keys.plan(sender, recipient), await pgp.keys.plan(sender, recipient));
}

/** Plans at RCPT: the sender's own key depends on the header From, which has not come yet. */
async function atRcpt(
  parts: ProtectParts,
  { submitter, sender, registered }: AskedRecipient,
): Promise<Refusal | undefined> {
  if (wanted(submitter, registered).encrypt !== 'required') return undefined;
  const { account, organisation } = submitter;
  const from = sender === '' ? undefined : sender;
  const { plan } = await planFor(parts, { account, organisation, from }, registered);
  if (plan.kind !== 'refused' || plan.about === 'sender') return undefined;
  // Neither sender nor addressee is at fault: without a line in the log such mail would be tried
  // again for days unnoticed.
  if (plan.about === 'gateway') parts.log.error('smime.no-signing-key', { why: plan.refusal.detail ?? '' });
  return plan.refusal;
}

async function run(
  parts: ProtectParts,
  submitted: Submitted,
  copies: readonly Copy[],
  bodies: BodyWriters,
): Promise<StepOutcome> {
  const outer = await layerIn(submitted);
  if (isEncrypted(outer)) return { kind: 'passed', copies };
  const planned = await planAll(parts, submitted, copies);
  if (!planned.ok) {
    // The sender encrypted the text itself, so what the addressee requires is done.
    return (await inlineIn(submitted, outer)) === 'encrypted'
      ? { kind: 'passed', copies }
      : { kind: 'refused', refusal: planned.error };
  }
  const missed = (): AuditEvent[] =>
    missedProtection(
      parts.log,
      submitted,
      planned.value.filter(({ addressee }) => wanted(submitted.submitter, addressee.registered).encrypt !== 'never'),
    );
  if (planned.value.every(({ plan }) => plan.by === 'none')) return { kind: 'passed', copies, audit: missed() };
  const inline = await inlineIn(submitted, outer);
  if (inline === 'encrypted') return { kind: 'passed', copies };
  const layer = inline === 'signed' ? 'inline-signed' : outer;
  const wanting = planned.value.filter(({ plan }) => wants(plan, layer));
  if (wanting.length === 0) return { kind: 'passed', copies, audit: missed() };
  const message = await messageIn(submitted.body);
  if (!message.ok) return { kind: 'refused', refusal: message.error };
  const groups = groupsOf(wanting, namedIn(message.value.header));
  if (groups.length > MAX_COPIES) return { kind: 'refused', refusal: tooManyCopies(groups.length) };
  const made = await make(parts, submitted, copies, { groups, layer, bodies });
  return made.kind === 'refused' ? made : { ...made, audit: [...(made.audit ?? []), ...missed()] };
}

const isEncrypted = (layer: LayerKind): boolean => layer === 'encrypted' || layer === 'pgp-encrypted';
const isSigned = (layer: LayerKind): boolean =>
  layer === 'clear-signed' || layer === 'opaque-signed' || layer === 'pgp-signed' || layer === 'inline-signed';

/** A null sender writes reports, which nobody signs as an author. */
const senderOf = ({ submitter: { account, organisation }, sender, from }: Submitted): MailSender => ({
  account,
  organisation,
  from: sender === '' ? undefined : from,
});

async function planAll(
  parts: ProtectParts,
  submitted: Submitted,
  copies: readonly Copy[],
): Promise<Result<readonly Planned[], Refusal>> {
  const sender = senderOf(submitted);
  const planned: Planned[] = [];
  for (const copy of copies) {
    if (copy.opened === true) continue;
    for (const addressee of copy.recipients) {
      const plan = await planFor(parts, sender, addressee.registered);
      if (plan.plan.kind === 'refused') return fail(plan.plan.refusal);
      planned.push({ copy, addressee, plan });
    }
  }
  return ok(planned);
}

/**
 * Leaves out what the sender did already. Content that says it is protected and is not is protected
 * like any other.
 */
const wants = ({ plan: { kind } }: ChosenPlan, layer: LayerKind): boolean =>
  kind !== 'plain' && !(kind === 'signed' && isSigned(layer));

/**
 * Content that was encrypted and then clear-signed counts as encrypted, though its header shows the
 * signature alone.
 */
async function layerIn({ body, content }: Submitted): Promise<Layer['kind']> {
  const read = maybeProtected(content) ? await readMessage(body) : undefined;
  if (read?.ok !== true) return 'plain';
  const { signed, below } = await lookThrough(read.value, content);
  return isEncrypted(below.kind) ? below.kind : (signed[0] ?? below).kind;
}

async function inlineIn({ body, content }: Submitted, outer: LayerKind): Promise<InlinePgp | undefined> {
  const read = outer === 'plain' ? await readMessage(body) : undefined;
  return read?.ok === true ? await inlinePgp(read.value, content) : undefined;
}

/**
 * Its header was read before; the fields that the gateway put on top may have made it too large to
 * be read again.
 */
async function messageIn(body: SealedBody): Promise<Result<Message, Refusal>> {
  const read = await readMessage(body);
  return read.ok && read.value.bodyAt <= JOIN_LIMIT - KiB ? read : fail(refusals.protectedHeaderTooLarge);
}

interface Work {
  readonly groups: readonly Group[];
  readonly layer: LayerKind;
  readonly bodies: BodyWriters;
}

async function make(
  parts: ProtectParts,
  submitted: Submitted,
  copies: readonly Copy[],
  { groups, layer, bodies }: Work,
): Promise<StepOutcome> {
  const made: Copy[] = [];
  for (const group of groups) {
    const message = await messageIn(group.copy.body);
    if (!message.ok) return { kind: 'refused', refusal: message.error };
    const unprotected = { submitted, sender: senderOf(submitted), message: message.value, layer };
    const copy = await protectedCopy(parts, unprotected, group, bodies);
    if (!copy.ok) return { kind: 'refused', refusal: copy.error };
    made.push(copy.value);
  }
  const served = new Set(groups.flatMap((group) => group.recipients.map(({ addressee }) => addressee)));
  const left = copies
    .map((copy) => ({ ...copy, recipients: copy.recipients.filter((each) => !served.has(each)) }))
    .filter((copy) => copy.recipients.length > 0);
  return {
    kind: 'passed',
    copies: [...left, ...made],
    audit: groups.map((group, i) => ({
      event: 'message.protected',
      outcome: 'success',
      message: submitted.body.id,
      facts: { ...factsOf(group), copy: made[i]?.body.id ?? '', octets: made[i]?.body.octets ?? 0 },
      personal: { recipients: group.recipients.map(({ addressee }) => addressee.to.address), ...keysOf(group) },
    })),
  };
}

const factsOf = (group: Group): Record<string, string | number> => ({
  protection: wordsOf(group),
  why: group.plan.reason,
  ...(group.by === 'smime' ? smimeFacts(group) : pgpFacts(group)),
  recipients: group.recipients.length,
});

/**
 * Fingerprints of what the body was encrypted to, in the order of the recipients; kept as personal
 * data, since they lead to people as addresses do.
 */
function keysOf(group: Group): Readonly<Record<string, readonly string[]>> {
  if (group.plan.kind === 'signed') return {};
  return group.by === 'smime'
    ? {
        certificates: group.recipients.flatMap(({ plan }) =>
          plan.kind === 'signed' ? [] : [plan.recipient.certificate.fingerprint],
        ),
      }
    : { keys: group.recipients.flatMap(({ plan }) => (plan.kind === 'signed' ? [] : [plan.recipient.fingerprint])) };
}

const wordsOf = (group: Group): string => (group.by === 'smime' ? smimeWords(group) : pgpWords(group));

async function protectedCopy(
  parts: ProtectParts,
  unprotected: ToProtect,
  group: Group,
  bodies: BodyWriters,
): Promise<Result<Copy, Refusal>> {
  const slices = await entityFor(parts, unprotected, group);
  if (!slices.ok) return slices;
  const body = await written(bodies, grown(group.copy.body.octets), slices.value);
  if (!body.ok) {
    parts.log.warn('pgp.not-protected', { message: unprotected.submitted.body.id, why: body.error.detail ?? '' });
    return body;
  }
  const tooLarge = group.recipients.find(({ addressee }) => mostOf(addressee) < body.value.octets);
  if (tooLarge !== undefined) return fail(tooLargeFor(tooLarge.addressee));
  const recipients = group.recipients.map(({ addressee }) => addressee);
  return ok({ body: body.value, recipients, protection: wordsOf(group) });
}

/** The log says why a key cannot be used; the sender hears that it may try again. */
async function entityFor(parts: ProtectParts, unprotected: ToProtect, group: Group): Promise<Result<Entity, Refusal>> {
  const made =
    group.by === 'smime' ? await smimeEntity(parts, unprotected, group) : await pgpEntity(parts, unprotected, group);
  if (made.ok) return made;
  const facts = { message: unprotected.submitted.body.id, why: made.error };
  if (group.by === 'smime') parts.log.error('smime.no-signing-key', facts);
  else parts.log.error('pgp.no-signing-key', facts);
  return fail({ ...refusals.noProtectionKey, detail: made.error });
}

async function written(
  bodies: BodyWriters,
  promised: Octets,
  slices: AsyncIterable<Uint8Array>,
): Promise<Result<SealedBody, Refusal>> {
  try {
    return ok(await writeBody(bodies, promised, slices));
  } catch (error) {
    if (!(error instanceof PgpFailure)) throw error;
    return fail(
      error.kind === 'busy' ? pgpBusy(error.message) : { ...refusals.noProtectionKey, detail: error.message },
    );
  }
}

/** Octets after base64 once around everything, plus certificates, keys and signatures. */
const grown = (size: Octets): Octets => octets(Math.ceil(size * 1.4) + 64 * KiB);

const mostOf = ({ registered }: Addressee): Octets => largestFor(registered);

export const protectRows = {
  protectedTooLarge: row(
    552,
    '5.2.3',
    'With encryption the message is larger than {address} accepts ({limit}) and nothing was sent; send the files in several messages',
    'Encryption makes a message about 40 % larger, which brings it above the setting `max-message` of the addressee.',
  ),
  protectedHeaderTooLarge: row(
    554,
    '5.6.0',
    'The header is too large for a message that must be signed or encrypted; shorten it',
    'With the fields of signature and encryption the header would exceed the limit of 256 KB.',
  ),
  noProtectionKey: row(
    451,
    '4.3.5',
    'The message must be signed or encrypted and the gateway cannot use its key at present; try again later',
    'The gateway cannot open its own key; the log says why (`smime.no-signing-key`, `pgp.no-signing-key`).',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(protectRows);
const tooLargeFor = (addressee: Addressee): Refusal =>
  refusals.protectedTooLarge({ address: quoted(addressee.to.address), limit: formatOctets(mostOf(addressee)) });
