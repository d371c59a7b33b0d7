/**
 * Opens S/MIME for addressees who let the gateway do so, also below a signature in the clear.
 * Content whose header names another sender inside than outside counts as not opened: the sender
 * outside is the one who logged in.
 */
import type { DecryptionKey } from '../crypto/cms/decrypt.ts';
import { type Layer, maybeProtected } from '../crypto/smime/layer.ts';
import type { Seen } from '../crypto/smime/look-through.ts';
import { isValid } from '../crypto/cms/verdict.ts';
import { type LayerSeen, openMessage, standingOf } from '../crypto/smime/open.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { stagingIn } from '../middleware/bodies.ts';
import type { MailKeys } from './mail-keys.ts';
import type { Middleware } from '../middleware/middleware.ts';
import { doubtFacts, doubtIn, withDoubt } from './one-reading.ts';
import { type NotOpenedBecause, type OpenEffects, type OpenWork, type OpenedBody, room } from './open-copies.ts';
import { openStep } from './open-step.ts';
import { ciphersOf, openedResults, openingOf, problemOf, verificationsOf } from './opening.ts';
import { type IsOwn, capabilitiesOf, verificationFacts } from './smime-outcome.ts';

export interface OpenParts extends OpenEffects {
  readonly keys: Pick<MailKeys, 'decryptionKeys' | 'trust' | 'isOwn' | 'noteCapabilities'>;
}

export const smimeOpen = (parts: OpenParts): Middleware =>
  openStep(parts, {
    name: 'smime-open',
    wants: maybeProtected,
    isOurs,
    signature: 'clear-signed',
    opener: {
      by: 'smime',
      keysOf: async (address) =>
        (await parts.keys.decryptionKeys(address)).map((key) => ({ name: key.certificate.fingerprint, key })),
      open: (work, held) => open(parts.keys, work, held),
    },
  });

const TAKEN_OFF: ReadonlySet<Layer['kind']> = new Set(['encrypted', 'opaque-signed', 'compressed'] as const);

/**
 * Content that is labelled as S/MIME and is not needs an explanation; content that is only signed
 * in an unknown way can be read as it is.
 */
const isOurs = ({ below }: Seen): boolean =>
  TAKEN_OFF.has(below.kind) || (below.kind === 'unreadable' && below.by === 'smime' && below.closed);

/**
 * True if something encrypted lies below a signature. Then the signer's capabilities are not
 * stored: later mail to the signer would show whether we could decrypt, and the signer may have
 * packed somebody else's ciphertext.
 */
const hidesMore = (layers: readonly LayerSeen[]): boolean => {
  const signed = layers.findIndex(({ kind }) => kind === 'signed');
  return signed >= 0 && layers.slice(signed).some(({ kind }) => kind === 'encrypted');
};

async function open(
  keys: OpenParts['keys'],
  { effects, submitted, root, bodies }: OpenWork,
  held: readonly DecryptionKey[],
): Promise<Result<OpenedBody, NotOpenedBecause>> {
  const isOwn: IsOwn = (certificate) => keys.isOwn(certificate);
  const trust = await keys.trust();
  if (!root.ok) return fail({ kind: 'malformed', text: root.error });
  const read = await openMessage(root.value, {
    keys: held,
    trust,
    maxContent: effects.maxContent,
    stage: () => stagingIn(bodies, room(submitted)),
  });
  if (!read.ok) return fail(read.error.problem);
  const { layers, message, subject } = read.value;
  const problem = problemOf(read.value);
  if (problem !== undefined) return fail(problem);
  const shown =
    standingOf(layers).standing === 'valid' && !hidesMore(layers) ? capabilitiesOf(verificationsOf(layers)) : undefined;
  if (shown !== undefined) await keys.noteCapabilities(submitted.from, shown);
  const doubt = verificationsOf(layers).some(isValid) ? await doubtIn(message, submitted.from) : undefined;
  const signature = verificationsOf(layers).map(verificationFacts).at(-1) ?? { signature: 'none' };
  return ok({
    message,
    whole: layers.some((layer) => layer.kind === 'message'),
    ...(subject !== undefined && { subject }),
    opening: await openingOf(layers, isOwn),
    how: ciphersOf(layers),
    results: withDoubt(await openedResults(layers, submitted.from, isOwn), doubt),
    facts: { cipher: ciphersOf(layers), ...signature, ...doubtFacts(doubt) },
  });
}
