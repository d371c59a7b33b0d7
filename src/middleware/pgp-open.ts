/**
 * Opens PGP/MIME (RFC 3156) for addressees who let the gateway do so. Nothing is decrypted but what proves to be unchanged. Content that names
 * another sender inside than outside counts as not opened: the sender outside is the one who logged in.
 */
import type { Pgp } from '../crypto/pgp/pgp.ts';
import { openPgp } from '../crypto/pgp/unwrap.ts';
import { layerOf } from '../crypto/smime/layer.ts';
import { readMessage } from '../crypto/smime/message.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { Octets } from '../domain/units.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';
import { stagingIn } from './bodies.ts';
import type { Copy, Middleware, StepOutcome, Submitted, Workshop } from './middleware.ts';
import {
  type NotOpenedBecause,
  type OpenEffects,
  type OpenWork,
  type OpenedBody,
  letsOpen,
  openCopies,
  room,
} from './open-copies.ts';
import type { PgpKeyring } from './pgp-keyring.ts';
import { judged, pgpResults, pgpSignatureFacts } from './pgp-outcome.ts';
import { pgpBusy } from './pgp-protect.ts';

export interface PgpOpenParts extends OpenEffects {
  readonly keys: Pick<PgpKeyring, 'secretKeys' | 'publicKeys'>;
  readonly thread: Pick<Pgp, 'run'>;
  /** Most that a compressed message may become. */
  readonly maxContent: Octets;
}

export const pgpOpen = (parts: PgpOpenParts): Middleware => ({
  name: 'pgp-open',
  wants: ({ content, recipients }) => content.type === 'multipart/encrypted' && recipients.some(letsOpen),
  run: (message, copies, workshop) => run(parts, message, copies, workshop),
});

async function run(
  parts: PgpOpenParts,
  submitted: Submitted,
  copies: readonly Copy[],
  workshop: Workshop,
): Promise<StepOutcome> {
  const read = await readMessage(submitted.body);
  if (!read.ok) return { kind: 'passed', copies };
  if ((await layerOf(read.value, submitted.content)).kind !== 'pgp-encrypted') return { kind: 'passed', copies };
  return await openCopies(
    {
      by: 'pgp',
      keysOf: async (address) =>
        (await parts.keys.secretKeys(address)).map(({ fingerprint, secret }) => ({ name: fingerprint, key: secret })),
      open: (work, secrets) => open(parts, work, secrets),
    },
    { effects: parts, submitted, given: read.value, workshop },
    copies,
  );
}

async function open(
  { keys, thread, maxContent }: PgpOpenParts,
  { submitted, given, workshop }: OpenWork,
  secretKeys: readonly Uint8Array[],
): Promise<Result<OpenedBody, NotOpenedBecause>> {
  const registered = await keys.publicKeys(submitted.from);
  const opened = await openPgp(given, {
    ...{ pgp: thread, secretKeys, maxContent },
    publicKeys: registered.map(({ packets }) => packets),
    stage: () => stagingIn(workshop, room(submitted)),
  });
  if (!opened.ok)
    return fail(opened.error.kind === 'busy' ? { ...opened.error, later: pgpBusy(opened.error.text) } : opened.error);
  if (opened.value === undefined) return fail({ kind: 'no-key', text: 'no key is held for the addressee' });
  const { message, differs } = opened.value;
  if (differs.includes('from') || differs.includes('sender'))
    return fail({ kind: 'malformed', text: `the content inside names another sender: ${differs.join(', ')}` });
  const signatures = judged(opened.value.signatures ?? [], registered);
  return ok({
    message,
    // Its header is the one outside, with the subject and the content's own fields from inside: openPgp put them together.
    whole: true,
    opening: 'whole',
    how: 'OpenPGP',
    results: withDiffering(
      signatures.length === 0
        ? [{ method: 'x-pgp', result: 'none', reason: 'encrypted, and signed by nobody' }]
        : pgpResults(signatures, submitted.from),
      differs,
    ),
    facts: pgpSignatureFacts(signatures),
  });
}

function withDiffering(
  results: readonly AuthenticationResult[],
  differs: readonly string[],
): readonly AuthenticationResult[] {
  if (differs.length === 0) return results;
  const reason = `fields differ inside and outside: ${differs.join(', ')}`;
  return results.map((each) => (each.result === 'pass' ? { ...each, result: 'policy', reason } : each));
}
