/**
 * Signs and encrypts, as settings and certificates of sender and recipients demand: one body for all recipients with the same protection.
 *
 * What the sender encrypted stays as it is. What the sender signed keeps that signature: it is never signed again in the clear, and where a
 * recipient gets encrypted mail, the signed content is what is encrypted.
 */
import type { Recipient as CmsRecipient } from '../crypto/cms/encrypt.ts';
import type { SigningOptions } from '../crypto/cms/sign.ts';
import { type Layer, layerOf, maybeProtected } from '../crypto/smime/layer.ts';
import { type Message, entityOf, readMessage } from '../crypto/smime/message.ts';
import { type ProtectionPlan, type Wanted, wantedFor } from '../crypto/smime/plan.ts';
import { type Entity, encrypted, protect, withHeader } from '../crypto/smime/protect.ts';
import type { Log, RandomBytes } from '../domain/effects.ts';
import { quoted } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { formatOctets, settingOf } from '../domain/settings.ts';
import { KiB, type Octets, octets } from '../domain/units.ts';
import { JOIN_LIMIT } from '../platform/bytes.ts';
import type { Recipient } from '../store/registry.ts';
import { MAX_COPIES, type SealedBody } from '../store/store.ts';
import { writeBody } from './bodies.ts';
import { tooManyCopies } from './chain.ts';
import type { MailKeys, MailSender } from './mail-keys.ts';
import type {
  Addressee,
  AskedRecipient,
  Copy,
  Middleware,
  Sending,
  StepOutcome,
  Submitted,
  Workshop,
} from './middleware.ts';
import { type Group, type Planned, groupsOf, namedIn } from './protect-groups.ts';

export interface ProtectParts {
  readonly keys: Pick<MailKeys, 'plan' | 'signing'>;
  readonly random: RandomBytes;
  readonly log: Log;
}

export const smimeProtect = (parts: ProtectParts): Middleware => ({
  name: 'smime-protect',
  recipient: (asked) => atRcpt(parts, asked),
  wants: (message, copies) => copies.some((copy) => copy.recipients.some((each) => mayWant(message, each))),
  run: (message, copies, workshop) => run(parts, message, copies, workshop),
});

/** By the settings alone. */
const wanted = (
  { account, organisation }: Sending,
  { address, account: its, organisation: theirs }: Recipient,
): Wanted =>
  wantedFor(
    { kind: account.kind, settings: [account.settings, organisation.settings] },
    { settings: [address.settings, its.settings, theirs.settings] },
  );

function mayWant({ submitter }: Submitted, { registered }: Addressee): boolean {
  const { sign, encrypt } = wanted(submitter, registered);
  return sign !== 'never' || encrypt !== 'never';
}

/** The sender's own certificate is judged by the header From, which has not come yet. */
async function atRcpt(
  { keys }: ProtectParts,
  { submitter, sender, registered }: AskedRecipient,
): Promise<Refusal | undefined> {
  if (wanted(submitter, registered).encrypt !== 'required') return undefined;
  const { account, organisation } = submitter;
  const plan = await keys.plan({ account, organisation, from: sender === '' ? undefined : sender }, registered);
  return plan.kind === 'refused' && plan.about !== 'sender' ? plan.refusal : undefined;
}

async function run(
  parts: ProtectParts,
  submitted: Submitted,
  copies: readonly Copy[],
  workshop: Workshop,
): Promise<StepOutcome> {
  const layer = await layerIn(submitted);
  if (layer === 'encrypted' || layer === 'pgp-encrypted') return { kind: 'passed', copies };
  const planned = await planAll(parts, submitted, copies);
  if (!planned.ok) return { kind: 'refused', refusal: planned.error };
  const wanting = planned.value.filter(({ plan }) => wants(plan, layer));
  if (wanting.length === 0) return { kind: 'passed', copies };
  const message = await messageIn(submitted.body);
  if (!message.ok) return { kind: 'refused', refusal: message.error };
  const groups = groupsOf(wanting, namedIn(message.value.header));
  if (groups.length > MAX_COPIES) return { kind: 'refused', refusal: tooManyCopies(groups.length) };
  return await make(parts, submitted, copies, groups, workshop);
}

/** A null sender writes reports, which nobody signs as an author. */
const senderOf = ({ submitter: { account, organisation }, sender, from }: Submitted): MailSender => ({
  ...{ account, organisation },
  from: sender === '' ? undefined : from,
});

async function planAll(
  { keys }: ProtectParts,
  submitted: Submitted,
  copies: readonly Copy[],
): Promise<Result<readonly Planned[], Refusal>> {
  const sender = senderOf(submitted);
  const planned: Planned[] = [];
  for (const copy of copies) {
    if (copy.opened === true) continue;
    for (const addressee of copy.recipients) {
      const plan: ProtectionPlan = await keys.plan(sender, addressee.registered);
      if (plan.kind === 'refused') return fail(plan.refusal);
      planned.push({ copy, addressee, plan });
    }
  }
  return ok(planned);
}

/** What the sender did already is left out. What says that it is protected and is not is protected like anything else. */
function wants({ kind }: Planned['plan'], layer: Layer['kind']): boolean {
  const signed = layer === 'clear-signed' || layer === 'opaque-signed' || layer === 'pgp-signed';
  return kind !== 'plain' && !(kind === 'signed' && signed);
}

async function layerIn({ body, content }: Submitted): Promise<Layer['kind']> {
  const read = maybeProtected(content) ? await readMessage(body) : undefined;
  return read?.ok === true ? (await layerOf(read.value, content)).kind : 'plain';
}

/** Its header was read once; what the gateway put on top may have made it too large for more. */
async function messageIn(body: SealedBody): Promise<Result<Message, Refusal>> {
  const read = await readMessage(body);
  return read.ok && read.value.bodyAt <= JOIN_LIMIT - KiB ? read : fail(headerTooLarge);
}

async function make(
  parts: ProtectParts,
  submitted: Submitted,
  copies: readonly Copy[],
  groups: readonly Group[],
  workshop: Workshop,
): Promise<StepOutcome> {
  const made: Copy[] = [];
  for (const group of groups) {
    const copy = await protectedCopy(parts, submitted, group, workshop);
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
      personal: { recipients: group.recipients.map(({ addressee }) => addressee.to.address) },
    })),
  };
}

function factsOf({ plan, recipients }: Group): Record<string, string | number> {
  return {
    protection: wordsOf(plan),
    why: plan.reason,
    signer: plan.signer.whose,
    certificate: plan.signer.certificate.fingerprint,
    recipients: recipients.length,
  };
}

const wordsOf = (plan: Group['plan']): string =>
  plan.kind === 'signed' ? 'smime signed' : `smime ${plan.kind} ${plan.cipher}`;

async function protectedCopy(
  parts: ProtectParts,
  submitted: Submitted,
  group: Group,
  workshop: Workshop,
): Promise<Result<Copy, Refusal>> {
  const { plan, copy } = group;
  const keyed = await parts.keys.signing(plan, senderOf(submitted));
  if (!keyed.ok) {
    parts.log.error('smime.no-signing-key', { message: submitted.body.id, why: keyed.error });
    return fail({ ...noKey, detail: keyed.error });
  }
  const message = await messageIn(copy.body);
  if (!message.ok) return message;
  const signing = { ...keyed.value, signingTime: submitted.receivedAt };
  const slices = entityFor(parts, submitted, group, message.value, signing);
  const body = await writeBody(workshop, grown(copy.body.octets), slices);
  const tooLarge = group.recipients.find(({ addressee }) => mostOf(addressee) < body.octets);
  if (tooLarge !== undefined) return fail(tooLargeFor(tooLarge.addressee));
  return ok({ body, recipients: group.recipients.map(({ addressee }) => addressee), protection: wordsOf(plan) });
}

function entityFor(
  { random }: ProtectParts,
  { eightBit }: Submitted,
  { plan, copy, recipients }: Group,
  message: Message,
  signing: SigningOptions,
): Entity {
  const wrap = { random, eightBit };
  if (plan.kind === 'signed') return protect(message, { kind: 'signed', signing }, wrap);
  const encryption = {
    recipients: [
      ...recipients.flatMap((each): CmsRecipient[] => (each.plan.kind === 'signed' ? [] : [each.plan.recipient])),
      ...(plan.self === undefined ? [] : [plan.self]),
    ],
    cipher: plan.cipher,
    random,
  };
  // A signature that holds is the inner one; around any other one, ours says at least what came in.
  if (plan.kind === 'interop' && copy.signature === 'valid')
    return withHeader(message, encrypted(entityOf(message), encryption));
  return protect(message, { kind: plan.kind, signing, encryption }, wrap);
}

/** Base64 once around everything, certificates, keys and signatures. */
const grown = (size: Octets): Octets => octets(Math.ceil(size * 1.4) + 64 * KiB);

function mostOf({ registered: { address, account, organisation, partner } }: Addressee): number {
  const set = settingOf('max-message', address.settings, account.settings, organisation.settings);
  return Math.min(set, partner?.maxMessage ?? set);
}

const tooLargeFor = (addressee: Addressee): Refusal => ({
  reply: 552,
  status: '5.2.3',
  text: `Protected, the message is larger than ${quoted(addressee.to.address)} takes (${formatOctets(mostOf(addressee))}); nothing was sent, send less in one message`,
});

const headerTooLarge: Refusal = {
  reply: 552,
  status: '5.3.4',
  text: 'The header is too large for a message that has to be protected; shorten it',
};

const noKey: Refusal = {
  reply: 451,
  status: '4.3.5',
  text: 'The message must be protected and the gateway cannot use the key for it now; try again later',
};
