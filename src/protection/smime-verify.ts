/**
 * Judges the signature of a message that was submitted signed, and tells the addressees in a field
 * on top; the signed content stays as it is.
 *
 * A wrong signature refuses nothing: mailing lists, virus scanners and old programs break
 * signatures, and the addressee decides.
 */
import { CMS_LIMITS } from '../crypto/cms/limits.ts';
import { signedContent } from '../crypto/cms/signed-data.ts';
import type { Verification } from '../crypto/cms/verdict.ts';
import { isValid } from '../crypto/cms/verdict.ts';
import { verifyDetached, verifyOpaque } from '../crypto/cms/verify.ts';
import type { TrustOptions } from '../crypto/cms/verify.ts';
import { holdsPackets } from '../crypto/pgp/unwrap.ts';
import { firstPart, readClearSigned } from '../crypto/smime/clear-signed.ts';
import { type Layer, layerOf, maybeProtected } from '../crypto/smime/layer.ts';
import { type Message, decodedBody, letterFields, readMessage } from '../crypto/smime/message.ts';
import { differingBelow } from '../crypto/smime/protected-header.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { canonicalLines } from '../mime/canonical.ts';
import type { ContentFields } from '../mime/content-fields.ts';
import type { MailKeys } from './mail-keys.ts';
import type { Copy, Middleware, StepPassed, Submitted, BodyWriters } from '../middleware/middleware.ts';
import { withDiffering, withFields } from './opening.ts';
import { ContentWalk, doubtFacts, doubtOf, withDoubt } from './one-reading.ts';
import { unreadablePgp } from './pgp-outcome.ts';
import { capabilitiesOf, resultsOf, unreadableResult, verificationFacts } from './smime-outcome.ts';
import { tellVerified } from './verified-copies.ts';

export interface VerifyParts {
  readonly keys: Pick<MailKeys, 'trust' | 'isOwn' | 'noteCapabilities'>;
  /** The host name that stands in our fields. */
  readonly authserv: string;
}

export const smimeVerify = (parts: VerifyParts): Middleware => ({
  name: 'smime-verify',
  wants: ({ content }) => maybeProtected(content),
  run: (message, copies, bodies) => run(parts, message, copies, bodies),
});

async function run(
  parts: VerifyParts,
  submitted: Submitted,
  copies: readonly Copy[],
  bodies: BodyWriters,
): Promise<StepPassed> {
  const unchanged: StepPassed = { kind: 'passed', copies };
  const read = await readMessage(submitted.body);
  if (!read.ok) return unchanged;
  const layer = await layerOf(read.value, submitted.content);
  const problem = await unreadableBy(read.value, layer);
  if (problem !== undefined)
    return await tellUnreadable(parts, { submitted, given: read.value, problem }, copies, bodies);
  if (layer.kind !== 'clear-signed' && layer.kind !== 'opaque-signed') return unchanged;
  const trust = { ...(await parts.keys.trust()), address: submitted.from };
  const walk = new ContentWalk();
  const verified = await verify(read.value, layer, trust, walk.write);
  const doubt =
    doubtOf(submitted.parts, submitted.from, read.value.header) ??
    (layer.kind === 'opaque-signed' ? doubtOf(walk.end(), submitted.from) : undefined);
  const results = verified.ok
    ? withDiffering(
        await resultsOf(verified.value.verification, submitted.from, (certificate) => parts.keys.isOwn(certificate)),
        verified.value.differs,
      )
    : [unreadableResult(verified.error)];
  const valid = verified.ok && isValid(verified.value.verification) && verified.value.differs.length === 0;
  const shown = valid ? capabilitiesOf([verified.value.verification]) : undefined;
  if (shown !== undefined) await parts.keys.noteCapabilities(submitted.from, shown);
  return await tellVerified(parts.authserv, submitted, copies, bodies, {
    given: read.value,
    by: 'smime',
    valid: valid && doubt === undefined,
    results: withDoubt(results, doubt),
    facts: verified.ok
      ? {
          ...withFields(verificationFacts(verified.value.verification), verified.value.differs),
          ...doubtFacts(doubt),
        }
      : { signature: 'unreadable', why: verified.error },
  });
}

interface Unreadable {
  readonly by: 'smime' | 'pgp';
  readonly why: string;
}

/**
 * The label says that the content is protected, and it cannot be read as such: it is empty, no
 * ASN.1, or of a kind that is not read here.
 */
async function unreadableBy(message: Message, layer: Layer): Promise<Unreadable | undefined> {
  if (layer.kind === 'pgp-encrypted') {
    const first = await firstPart(message, layer.fields.boundary);
    if (first === undefined) return { by: 'pgp', why: 'multipart/encrypted without a part' };
    return (await holdsPackets(message, layer.fields)) ? undefined : { by: 'pgp', why: WITHOUT_PACKETS };
  }
  if (layer.kind !== 'unreadable') return undefined;
  const { type } = layer.fields;
  return { by: layer.by, why: WHY[type] ?? 'it says that it is S/MIME, and cannot be read as such' };
}

const WITHOUT_PACKETS = 'multipart/encrypted whose second part is not a whole OpenPGP message';
const WITHOUT_CONTENT = 'a signature without what it signs';
const WHY: Readonly<Record<string, string>> = {
  'multipart/signed': 'multipart/signed with a protocol that is not read here',
  'multipart/encrypted': 'multipart/encrypted with a protocol that is not read here',
  'application/pgp-encrypted': 'a part of an encrypted message without the other one',
  'application/pgp-signature': WITHOUT_CONTENT,
  'application/pkcs7-signature': WITHOUT_CONTENT,
  'application/x-pkcs7-signature': WITHOUT_CONTENT,
};

async function tellUnreadable(
  { authserv }: VerifyParts,
  {
    submitted,
    given,
    problem,
  }: { readonly submitted: Submitted; readonly given: Message; readonly problem: Unreadable },
  copies: readonly Copy[],
  bodies: BodyWriters,
): Promise<StepPassed> {
  const { by, why } = problem;
  return await tellVerified(authserv, submitted, copies, bodies, {
    given,
    by,
    valid: false,
    unreadable: true,
    results: [by === 'smime' ? unreadableResult(why) : unreadablePgp(why)],
    facts: { signature: 'unreadable', why },
  });
}

interface Judged {
  readonly verification: Verification;
  /** Fields of a signed header that say something else outside. */
  readonly differs: readonly string[];
}

/** `look` is given the content that lies in the signature: it is judged, and goes nowhere else. */
async function verify(
  message: Message,
  { kind, fields }: Extract<Layer, { kind: 'clear-signed' | 'opaque-signed' }>,
  trust: TrustOptions,
  look: (slice: Uint8Array) => void,
): Promise<Result<Judged, string>> {
  if (kind === 'opaque-signed') {
    const verified = await verifyOpaque(() => decodedBody(message, fields), look, trust);
    if (!verified.ok) return fail(verified.error.text);
    return await judged(verified.value, await insideOpaque(message, fields));
  }
  const parts = await readClearSigned(message, fields);
  if (!parts.ok) return parts;
  const verified = await verifyDetached([parts.value.signature], parts.value.content, trust);
  if (!verified.ok) return fail(verified.error.text);
  return await judged(verified.value, await parts.value.inside());
}

/**
 * A signed content with an unreadable header carries no copy of the letter's header that a program
 * could show.
 */
async function judged(verification: Verification, inside: Result<Message, string>): Promise<Result<Judged, string>> {
  return ok({ verification, differs: inside.ok ? ((await differingBelow(inside.value)) ?? []) : [] });
}

/**
 * The content of an opaque signature, behind the header of the letter. It was read to its end
 * before: this reads no more than it must.
 */
async function insideOpaque(message: Message, fields: ContentFields): Promise<Result<Message, string>> {
  const { octets, count } = letterFields(message);
  const read = await readMessage({
    // The upper bound: decoded content is smaller, with other line ends at most twice as large.
    octets: octets.length + 2 * message.source.octets,
    slices: async function* () {
      yield octets;
      yield* canonicalLines(signedContent(decodedBody(message, fields), CMS_LIMITS), 'keep');
    },
  });
  return read.ok ? ok({ ...read.value, outside: count }) : read;
}
