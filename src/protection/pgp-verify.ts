/**
 * Judges the OpenPGP signature of what was submitted signed (RFC 3156 section 5), by the keys that
 * are registered for the address in From.
 *
 * Keys that come along, in the message or in an Autocrypt field, prove nothing: whoever forges a
 * message chooses them.
 */
import type { Pgp } from '../crypto/pgp/pgp.ts';
import { openPgp } from '../crypto/pgp/unwrap.ts';
import { layerOf, maybeProtected } from '../crypto/smime/layer.ts';
import { readMessage } from '../crypto/smime/message.ts';
import type { PgpKeyring } from './pgp-keyring.ts';
import type { Copy, Middleware, StepOutcome, Submitted, BodyWriters } from '../middleware/middleware.ts';
import { doubtFacts, doubtOf, withDoubt } from './one-reading.ts';
import { isValidPgp, judged, pgpResults, pgpSignatureFacts, unreadablePgp } from './pgp-outcome.ts';
import { pgpBusy, pgpFor } from './pgp-protect.ts';
import { withDiffering, withFields } from './opening.ts';
import { tellVerified } from './verified-copies.ts';

export interface PgpVerifyParts {
  readonly keys: Pick<PgpKeyring, 'publicKeys'>;
  readonly thread: Pick<Pgp, 'run'>;
  /** The host name that stands in our fields. */
  readonly authserv: string;
}

export const pgpVerify = (parts: PgpVerifyParts): Middleware => ({
  name: 'pgp-verify',
  wants: ({ content }) => content.type === 'multipart/signed' && maybeProtected(content),
  run: (message, copies, bodies) => run(parts, message, copies, bodies),
});

/** Nothing is decrypted here, so this is never called. */
const stage = (): never => {
  throw new Error('Cannot stage decrypted content while a signature is judged');
};

async function run(
  { keys, thread, authserv }: PgpVerifyParts,
  submitted: Submitted,
  copies: readonly Copy[],
  bodies: BodyWriters,
): Promise<StepOutcome> {
  const read = await readMessage(submitted.body);
  if (!read.ok || (await layerOf(read.value, submitted.content)).kind !== 'pgp-signed')
    return { kind: 'passed', copies };
  const registered = await keys.publicKeys(submitted.from);
  const publicKeys = registered.map(({ packets }) => packets);
  const opened = await openPgp(read.value, {
    pgp: pgpFor(thread, submitted),
    secretKeys: [],
    publicKeys,
    stage,
    maxContent: 0,
  });
  if (!opened.ok && opened.error.kind === 'busy') return { kind: 'refused', refusal: pgpBusy(opened.error.text) };
  const signatures = judged(opened.ok ? (opened.value?.signatures ?? []) : [], registered);
  const differs = opened.ok ? (opened.value?.differs ?? []) : [];
  const doubt = doubtOf(submitted.parts, submitted.from, read.value.header);
  return await tellVerified(authserv, submitted, copies, bodies, {
    given: read.value,
    by: 'pgp',
    valid: isValidPgp(signatures) && differs.length === 0 && doubt === undefined,
    results: opened.ok
      ? withDoubt(withDiffering(pgpResults(signatures, submitted.from), differs), doubt)
      : [unreadablePgp(opened.error.text)],
    facts: opened.ok
      ? { ...withFields(pgpSignatureFacts(signatures), differs), ...doubtFacts(doubt) }
      : { signature: 'unreadable', why: opened.error.text },
  });
}
