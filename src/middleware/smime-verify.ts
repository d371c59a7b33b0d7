/**
 * Judges the signature of what was submitted signed, and tells the addressees on top of the message; what was signed stays as it is.
 *
 * A wrong signature refuses nothing: mailing lists, virus scanners and old programs break signatures, and the addressee decides.
 */
import type { Verification } from '../crypto/cms/verdict.ts';
import { isValid } from '../crypto/cms/verdict.ts';
import { verifyDetached, verifyOpaque } from '../crypto/cms/verify.ts';
import type { TrustOptions } from '../crypto/cms/verify.ts';
import { readClearSigned } from '../crypto/smime/clear-signed.ts';
import { type Layer, decodedBody, layerOf, maybeProtected } from '../crypto/smime/layer.ts';
import { type Message, readMessage } from '../crypto/smime/message.ts';
import { type Result, fail } from '../domain/result.ts';
import type { MailKeys } from './mail-keys.ts';
import type { Copy, Middleware, Passed, Submitted, Workshop } from './middleware.ts';
import { capabilitiesOf, resultsOf, unreadableResult, verificationFacts } from './smime-outcome.ts';
import { tellVerified } from './verified-copies.ts';

export interface VerifyParts {
  readonly keys: Pick<MailKeys, 'trust' | 'isOwn' | 'noteCapabilities'>;
  /** Who says it: our host name. */
  readonly authserv: string;
}

export const smimeVerify = (parts: VerifyParts): Middleware => ({
  name: 'smime-verify',
  wants: ({ content }) => maybeProtected(content),
  run: (message, copies, workshop) => run(parts, message, copies, workshop),
});

async function run(
  parts: VerifyParts,
  submitted: Submitted,
  copies: readonly Copy[],
  workshop: Workshop,
): Promise<Passed> {
  const unchanged: Passed = { kind: 'passed', copies };
  const read = await readMessage(submitted.body);
  if (!read.ok) return unchanged;
  const layer = await layerOf(read.value, submitted.content);
  if (layer.kind !== 'clear-signed' && layer.kind !== 'opaque-signed') return unchanged;
  const trust = { ...(await parts.keys.trust()), address: submitted.from };
  const verified = await verify(read.value, layer, trust);
  const results = verified.ok
    ? await resultsOf(verified.value, submitted.from, (certificate) => parts.keys.isOwn(certificate))
    : [unreadableResult(verified.error)];
  const shown = verified.ok && isValid(verified.value) ? capabilitiesOf([verified.value]) : undefined;
  if (shown !== undefined) await parts.keys.noteCapabilities(submitted.from, shown);
  return await tellVerified(parts.authserv, submitted, copies, workshop, {
    given: read.value,
    by: 'smime',
    valid: verified.ok && isValid(verified.value),
    results,
    facts: verified.ok ? verificationFacts(verified.value) : { signature: 'unreadable', why: verified.error },
  });
}

/** Content goes nowhere: it is judged, not taken out. */
const NOWHERE = (): void => undefined;

async function verify(
  message: Message,
  { kind, fields }: Extract<Layer, { kind: 'clear-signed' | 'opaque-signed' }>,
  trust: TrustOptions,
): Promise<Result<Verification, string>> {
  if (kind === 'opaque-signed') {
    const verified = await verifyOpaque(() => decodedBody(message, fields), NOWHERE, trust);
    return verified.ok ? verified : fail(verified.error.text);
  }
  const parts = await readClearSigned(message, fields);
  if (!parts.ok) return parts;
  const verified = await verifyDetached([parts.value.signature], parts.value.content, trust);
  return verified.ok ? verified : fail(verified.error.text);
}
