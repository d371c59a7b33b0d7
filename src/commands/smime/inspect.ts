/**
 * Inspects a message that an operator has: what protects it, who signed it, and whether the
 * signature is valid or why not. Its content is stored sealed meanwhile, as that of any message,
 * and is shown to nobody.
 */
import { type KeyObject } from 'node:crypto';
import { readCertificate } from '../../crypto/certificates/certificate.ts';
import { type DecryptionKey, describeEnvelope } from '../../crypto/cms/decrypt.ts';
import type { RecipientInfo } from '../../crypto/cms/recipients.ts';
import { failures } from '../../crypto/cms/verdict.ts';
import { layerOf } from '../../crypto/smime/layer.ts';
import { type Message, type Source, decodedBody, readMessage } from '../../crypto/smime/message.ts';
import { type LayerSeen, type Staging, differingIn, openMessage, standingOf } from '../../crypto/smime/open.ts';
import { fromOf } from '../../crypto/smime/protected-header.ts';
import { formatName } from '../../crypto/certificates/distinguished-name.ts';
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { GiB, octets } from '../../domain/units.ts';
import { openingOf, verificationsOf } from '../../protection/opening.ts';
import type { IsOwn } from '../../protection/smime-outcome.ts';
import { StoreFull } from '../../store/store.ts';
import type { BodyWriter } from '../../store/body.ts';
import type { Store } from '../../store/port/store.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { viewLayer } from './layers.ts';
import type { EnvelopeView, InspectView, RecipientView } from './views.ts';

export interface InspectInput {
  /** Opens the message with the keys that the gateway holds for this address. */
  readonly as: Address | undefined;
  /** Opens the message with this key, which is forgotten afterwards. */
  readonly key: KeyObject | undefined;
  /** The certificate of that key, in PEM. */
  readonly certificate: string | undefined;
}

/** The bodies of one inspection. All are discarded at its end. */
export class Bench {
  readonly #store: Store;
  readonly #writers: BodyWriter[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  #open(): BodyWriter {
    const writer = this.#store.openBody(octets(0));
    this.#writers.push(writer);
    return writer;
  }

  async take(upload: AsyncIterable<string> | undefined): Promise<Source> {
    if (upload === undefined) throw new AdminError('invalid', 'Cannot inspect: no message was sent along');
    const writer = this.#open();
    for await (const piece of upload) await writer.write(Buffer.from(piece, 'latin1'));
    return await writer.seal();
  }

  readonly stage = (): Staging => {
    const writer = this.#open();
    return {
      write: (slice) => writer.write(slice),
      seal: () => writer.seal(),
      abort: () => writer.abort(),
    };
  };

  async clear(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.abort()));
  }
}

export async function inspectMessage(
  context: AdminContext,
  input: InspectInput,
  { upload }: Call,
): Promise<InspectView> {
  const bench = new Bench(context.store);
  try {
    const message = await readMessage(await bench.take(upload));
    if (!message.ok) throw new AdminError('invalid', `Cannot inspect the message: ${message.error}`);
    return await look(context, message.value, await keysFor(context, input), bench);
  } catch (error) {
    if (!(error instanceof StoreFull)) throw error;
    throw new AdminError('unavailable', `Cannot inspect the message, or what is in it: ${error.message}`);
  } finally {
    await bench.clear();
  }
}

async function keysFor(
  { store, mail }: AdminContext,
  { as, key, certificate: pem }: InspectInput,
): Promise<readonly DecryptionKey[]> {
  const keys: DecryptionKey[] = [];
  if (key !== undefined) {
    const certificate = readCertificate(pem ?? '');
    if (!certificate.ok) throw new AdminError('invalid', certificate.error.text);
    keys.push({ certificate: certificate.value, privateKey: key });
  }
  if (as !== undefined) {
    await recipientOf(store.registry, as);
    const held = await mail.keys.decryptionKeys(as);
    if (held.length === 0)
      throw new AdminError('unknown', `Cannot open as "${as}": no private key is held for it; "sluis cert list" shows`);
    keys.push(...held);
  }
  return keys;
}

async function look(
  context: AdminContext,
  message: Message,
  keys: readonly DecryptionKey[],
  bench: Bench,
): Promise<InspectView> {
  const trust = await context.mail.keys.trust();
  const outermost = await layerOf(message);
  const envelope =
    outermost.kind === 'encrypted' ? await envelopeOf(context, decodedBody(message, outermost.fields)) : {};
  const opened = await openMessage(message, { keys, trust, stage: bench.stage, maxContent: MAX_INFLATED });
  const layers: readonly LayerSeen[] = opened.ok ? opened.value.layers : opened.error.layers;
  const problem = opened.ok ? undefined : opened.error.problem.text;
  const { standing, flagged } = standingOf(layers);
  const from = fromOf(message.header);
  const isOwn: IsOwn = (certificate) => context.mail.keys.isOwn(certificate);
  const byGateway = standing === 'invalid' && (await signedByGateway(layers, isOwn));
  return {
    octets: message.source.octets,
    ...defined({ from }),
    form: outermost.kind,
    ...envelope,
    layers: await Promise.all(layers.map((layer) => viewLayer(layer, isOwn))),
    closed: opened.ok && opened.value.innermost === 'encrypted',
    standing: byGateway ? 'gateway' : standing,
    // If the gateway itself signed it, that signature shows that nobody changed the message.
    flagged: flagged && (await openingOf(layers, isOwn)) !== 'whole',
    ...defined({ problem }),
  };
}

/**
 * True if every signature is the gateway's own, and right except for the sender's address, for
 * which the gateway's certificate does not stand.
 */
async function signedByGateway(layers: readonly LayerSeen[], isOwn: IsOwn): Promise<boolean> {
  for (const { signers } of verificationsOf(layers))
    for (const signer of signers) {
      const own = signer.certificate !== undefined && (await isOwn(signer.certificate));
      if (!own || failures(signer).some(({ check }) => check !== 'address')) return false;
    }
  return differingIn(layers).length === 0;
}

async function envelopeOf(
  context: AdminContext,
  content: AsyncIterable<Uint8Array>,
): Promise<{ readonly envelope?: EnvelopeView }> {
  const read = await describeEnvelope(content);
  // A message that cannot be read cannot be opened either; `problem` says why.
  if (!read.ok) return {};
  const { cipher, weak, recipients } = read.value;
  const shown = await Promise.all(recipients.slice(0, MOST).map((recipient) => recipientView(context, recipient)));
  return { envelope: { cipher, weak, recipients: shown, more: Math.max(0, recipients.length - MOST) } };
}

/** Most octets that compressed content may become: more than any message may have. */
const MAX_INFLATED = GiB;
/** Most recipients that are shown. */
const MOST = 100;

async function recipientView({ store }: AdminContext, recipient: RecipientInfo): Promise<RecipientView> {
  if (recipient.kind === 'other') return { by: 'other' };
  const how = recipient.kind === 'transport' ? recipient.algorithm.kind : 'agreed';
  const { identifier } = recipient;
  if (identifier.kind === 'key-id') return { by: 'key-id', keyId: identifier.keyId, how };
  const issuer = formatName(identifier.issuer);
  const found = await store.certificates.findCertificates(identifier.serial);
  const known = found.find((certificate) => certificate.issuer === issuer);
  return {
    by: 'issuer',
    serial: identifier.serial,
    issuer,
    how,
    ...defined({ account: known?.login, keyHeld: known?.keyHeld }),
  };
}
