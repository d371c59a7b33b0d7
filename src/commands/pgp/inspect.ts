/**
 * Inspects a PGP/MIME message that an operator has. Its content is stored sealed meanwhile, as that
 * of any message, and is shown to nobody.
 */
import { unarmoured } from '../../crypto/pgp/armour.ts';
import { PgpFailure } from '../../crypto/pgp/failure.ts';
import { inlinePgp } from '../../crypto/pgp/inline.ts';
import { openPgp } from '../../crypto/pgp/unwrap.ts';
import { layerOf } from '../../crypto/smime/layer.ts';
import { type Message, part, readMessage } from '../../crypto/smime/message.ts';
import { fromOf } from '../../crypto/smime/protected-header.ts';
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import { isValidPgp, judged } from '../../protection/pgp-outcome.ts';
import { StoreFull } from '../../store/store.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { Bench } from '../smime/inspect.ts';
import type { PgpInspectView } from './views.ts';

const MOST = 100;
/** Most octets of a message to inspect: more than the gateway accepts as mail. */
const MAX_CONTENT = 1024 * 1024 * 1024;

export async function inspectPgp(
  context: AdminContext,
  as: Address | undefined,
  { upload }: Call,
): Promise<PgpInspectView> {
  const bench = new Bench(context.store);
  try {
    const message = await readMessage(await bench.take(upload));
    if (!message.ok) throw new AdminError('invalid', `Cannot inspect the message: ${message.error}`);
    return await look(context, message.value, as, bench);
  } catch (error) {
    if (!(error instanceof StoreFull)) throw error;
    throw new AdminError('unavailable', `Cannot inspect the message, or what is in it: ${error.message}`);
  } finally {
    await bench.clear();
  }
}

async function look(
  context: AdminContext,
  message: Message,
  as: Address | undefined,
  bench: Bench,
): Promise<PgpInspectView> {
  const { pgp } = context.mail;
  const layer = await layerOf(message);
  const inline = layer.kind === 'plain' ? await inlinePgp(message) : undefined;
  const from = fromOf(message.header);
  const registered = from === undefined ? [] : await pgp.keys.publicKeys(from);
  const secretKeys = as === undefined ? [] : await secretsOf(context, as);
  const read = await openPgp(message, {
    pgp: pgp.thread,
    secretKeys,
    stage: bench.stage,
    maxContent: MAX_CONTENT,
    publicKeys: registered.map(({ packets }) => packets),
  });
  const opened = read.ok ? read.value : undefined;
  const signatures = judged(opened?.signatures ?? [], registered);
  return {
    octets: message.source.octets,
    ...defined({ from }),
    form: inline === undefined ? layer.kind : `inline-${inline}`,
    readers: layer.kind === 'pgp-encrypted' ? await readersOf(context, message) : [],
    opened: opened?.encrypted === true,
    differs: opened?.differs ?? [],
    signatures: signatures.map(({ state, keyId, fingerprint, hash, createdAt }) => ({
      state,
      keyId,
      hash,
      ...defined({ fingerprint, signed: iso(createdAt) }),
    })),
    standing: signatures.length === 0 ? 'unsigned' : isValidPgp(signatures) ? 'valid' : 'invalid',
    ...(read.ok ? {} : { problem: read.error.text }),
  };
}

async function secretsOf({ store, mail }: AdminContext, as: Address): Promise<readonly Uint8Array[]> {
  await recipientOf(store.registry, as);
  const held = await mail.pgp.keys.secretKeys(as);
  if (held.length === 0)
    throw new AdminError(
      'unknown',
      `Cannot open as "${as}": no private key is held for it; "sluis pgp key list" shows`,
    );
  return held.map(({ secret }) => secret);
}

/**
 * The ids of the keys that can open the message. Empty if they cannot be read: `problem` then says
 * why, unless nobody asked to open the message.
 */
async function readersOf({ mail }: AdminContext, message: Message): Promise<readonly string[]> {
  try {
    const input = unarmoured('MESSAGE', part(message.source, message.bodyAt));
    const ids = await mail.pgp.thread.run({ kind: 'readers' }, { input });
    return ids.ok ? ids.value.slice(0, MOST) : [];
  } catch (error) {
    if (error instanceof PgpFailure) return [];
    throw error;
  }
}
