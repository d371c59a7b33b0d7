/**
 * Opens PGP/MIME (RFC 3156) for addressees who let the gateway do so. Content is decrypted only if
 * it proves to be unchanged. Content that names another sender inside than outside counts as not
 * opened: the sender outside is the one who logged in.
 */
import type { Pgp } from '../crypto/pgp/pgp.ts';
import { openPgp } from '../crypto/pgp/unwrap.ts';
import type { Seen } from '../crypto/smime/look-through.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { stagingIn } from '../middleware/bodies.ts';
import type { Middleware } from '../middleware/middleware.ts';
import { doubtFacts, doubtIn, withDoubt } from './one-reading.ts';
import { type NotOpenedBecause, type OpenEffects, type OpenWork, type OpenedBody, room } from './open-copies.ts';
import { openStep } from './open-step.ts';
import { placed, withDiffering } from './opening.ts';
import type { PgpKeyring } from './pgp-keyring.ts';
import { isValidPgp, judged, pgpResults, pgpSignatureFacts } from './pgp-outcome.ts';
import { pgpBusy, pgpFor } from './pgp-protect.ts';

export interface PgpOpenParts extends OpenEffects {
  readonly keys: Pick<PgpKeyring, 'secretKeys' | 'publicKeys'>;
  readonly thread: Pick<Pgp, 'run'>;
}

const OURS: ReadonlySet<string> = new Set(['multipart/encrypted', 'multipart/signed', 'application/pgp-encrypted']);

export const pgpOpen = (parts: PgpOpenParts): Middleware =>
  openStep(parts, {
    name: 'pgp-open',
    wants: ({ type }) => OURS.has(type),
    isOurs,
    signature: 'pgp-signed',
    opener: {
      by: 'pgp',
      keysOf: async (address) =>
        (await parts.keys.secretKeys(address)).map(({ fingerprint, secret }) => ({ name: fingerprint, key: secret })),
      open: (work, secrets) => open(parts, work, secrets),
    },
  });

/**
 * A multipart/encrypted of a protocol that we do not know cannot be read by anybody as it is, and
 * needs an explanation too; so does a part of PGP/MIME alone.
 */
const isOurs = ({ below }: Seen): boolean =>
  below.kind === 'pgp-encrypted' || (below.kind === 'unreadable' && below.by === 'pgp' && below.closed);

async function open(
  { keys, thread, maxContent }: PgpOpenParts,
  { submitted, root, bodies }: OpenWork,
  secretKeys: readonly Uint8Array[],
): Promise<Result<OpenedBody, NotOpenedBecause>> {
  const registered = await keys.publicKeys(submitted.from);
  if (!root.ok) return fail({ kind: 'malformed', text: root.error });
  const opened = await openPgp(root.value, {
    pgp: pgpFor(thread, submitted),
    secretKeys,
    maxContent,
    publicKeys: registered.map(({ packets }) => packets),
    stage: () => stagingIn(bodies, room(submitted)),
  });
  if (!opened.ok)
    return fail(opened.error.kind === 'busy' ? { ...opened.error, refusal: pgpBusy(opened.error.text) } : opened.error);
  if (opened.value?.encrypted !== true)
    return fail({ kind: 'no-key', text: 'no key is held for the addressee, or it is no PGP' });
  const { message, differs, subject } = opened.value;
  if (differs.includes('from') || differs.includes('sender'))
    return fail({ kind: 'malformed', text: `the content inside names another sender: ${differs.join(', ')}` });
  const signatures = judged(opened.value.signatures ?? [], registered);
  const outside = judged(opened.value.outside ?? [], registered);
  const inner =
    signatures.length === 0
      ? [{ method: 'x-pgp', result: 'none', reason: 'encrypted, and signed by nobody' } as const]
      : pgpResults(signatures, submitted.from);
  const doubt = isValidPgp(signatures) || isValidPgp(outside) ? await doubtIn(message, submitted.from) : undefined;
  return ok({
    message,
    // Its header is the one outside, with the subject and the content's own fields from inside:
    // openPgp put them together.
    whole: subject === undefined,
    ...(subject !== undefined && { subject }),
    opening: 'whole',
    how: 'OpenPGP',
    results: withDoubt(
      withDiffering(
        outside.length === 0
          ? inner
          : [...placed(pgpResults(outside, submitted.from), 'outside'), ...placed(inner, 'inside')],
        differs,
      ),
      doubt,
    ),
    facts: { ...pgpSignatureFacts(signatures), ...doubtFacts(doubt) },
  });
}
