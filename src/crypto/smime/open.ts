/**
 * Takes the layers off a message: decrypts, verifies, unwraps a header that travelled inside.
 *
 * Each layer that has content of its own is staged again, sealed, before anything is believed of
 * it: a tag comes last, and CBC has none (EFAIL). Only the root of a message is ever opened, as a
 * whole entity; what lies in one of several parts stays as it is, since whoever mixes encrypted
 * with plain parts wants the one to leak through the other.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { LineEnds } from '../../mime/canonical.ts';
import { inflate } from '../cms/compressed.ts';
import { type DecryptionKey, decrypt } from '../cms/decrypt.ts';
import { CMS_LIMITS, type CmsLimits } from '../cms/limits.ts';
import type { CmsProblem } from '../cms/problem.ts';
import type { Sink } from '../cms/slices.ts';
import { type Verification, isValid } from '../cms/verdict.ts';
import { type TrustOptions, verifyDetached, verifyOpaque } from '../cms/verify.ts';
import { readClearSigned } from './clear-signed.ts';
import { type Layer, layerOf } from './layer.ts';
import {
  type Message,
  type Source,
  decodedBody,
  fieldOctets,
  letterFields,
  messageInside,
  readAsCame,
  withFieldsOnTop,
} from './message.ts';
import { carriedBy, contentHeader, differing, fromOf, letterHeader } from './protected-header.ts';

/** Where a layer's content is put until it is known what it is worth. */
export interface Staging {
  readonly write: Sink;
  /** Ends the content; resolves to it. */
  seal(): Promise<Source>;
  /** Gives the content up. */
  abort(): Promise<void>;
}

export interface OpenOptions {
  /** Keys to decrypt with, the present one first. Empty: only signatures are looked at. */
  readonly keys: readonly DecryptionKey[];
  /** All but the address, which is the message's From. */
  readonly trust: Omit<TrustOptions, 'address'>;
  readonly stage: () => Staging;
  /** Most octets that compressed content may become. */
  readonly maxContent: number;
  readonly limits?: CmsLimits;
}

/**
 * Most layers: signed, encrypted and signed again (RFC 2634 section 1.1), a compression or two, and
 * the message inside. Nobody means more.
 */
export const MAX_LAYERS = 8;

export type LayerSeen =
  | { readonly kind: 'encrypted'; readonly cipher: string; readonly authenticated: boolean; readonly weak: boolean }
  | { readonly kind: 'signed'; readonly form: 'clear' | 'opaque'; readonly verification: Verification }
  | { readonly kind: 'compressed' }
  /** The whole message was inside. `differs`: fields that say something else outside. */
  | { readonly kind: 'message'; readonly differs: readonly string[] }
  /** The content carries a header of the letter, and was left as it is. */
  | { readonly kind: 'header'; readonly differs: readonly string[] };

export interface OpenedMessage {
  /** Layers from the outside in. */
  readonly layers: readonly LayerSeen[];
  /**
   * The message without its encryption; clear signatures stay on it. Its source is that of the
   * given message if nothing was taken off.
   */
  readonly message: Message;
  /**
   * What the innermost content is. `encrypted`: for none of the keys at hand, or by another
   * protocol.
   */
  readonly innermost: Layer['kind'];
  /** The subject on a content inside; octets of the field. */
  readonly subject?: Buffer;
}

/** Why a message could not be opened; `layers`: those that were taken off before. */
export interface NotOpened {
  readonly problem: CmsProblem;
  readonly layers: readonly LayerSeen[];
}

const malformed = (text: string): CmsProblem => ({ kind: 'malformed', text });

/**
 * What is below a layer. `through`: nothing was taken off, the content below a signature in the
 * clear was looked at.
 */
interface Below {
  readonly message: Message;
  readonly through: boolean;
}
type Step = Promise<Result<Below | undefined, CmsProblem>>;

/** Takes off every layer that it can. Staged content that is not in the result was given up. */
export async function openMessage(given: Message, options: OpenOptions): Promise<Result<OpenedMessage, NotOpened>> {
  const layers: LayerSeen[] = [];
  let message = given;
  /** The message as it is to be handed out, with the clear signatures that were looked through. */
  let whole = given;
  let subject: Buffer | undefined;
  for (let depth = 0; depth < MAX_LAYERS; depth += 1) {
    const layer = await layerOf(message);
    const below = await step(message, layer, options, layers);
    if (!below.ok) return fail({ problem: below.error, layers });
    if (below.value === undefined)
      return ok({ layers, message: whole, innermost: layer.kind, ...(subject !== undefined && { subject }) });
    message = below.value.message;
    if (!below.value.through) whole = message;
    subject = subjectOn(message) ?? subject;
  }
  return fail({
    problem: { kind: 'limit', text: `Cannot open the message: it has over ${MAX_LAYERS} layers` },
    layers,
  });
}

/** The subject of a content that stands behind the header of its letter. */
function subjectOn(message: Message): Buffer | undefined {
  if (message.outside === undefined) return undefined;
  const subject = contentHeader(message).fields.find(({ name }) => name === 'subject');
  return subject === undefined ? undefined : message.header.octets.subarray(subject.start, subject.end);
}

/** Takes off one layer; undefined if there is nothing more to take off. */
async function step(message: Message, layer: Layer, options: OpenOptions, layers: LayerSeen[]): Step {
  switch (layer.kind) {
    case 'encrypted':
      return options.keys.length === 0 ? ok(undefined) : await takeEncryption(message, layer, options, layers);
    case 'opaque-signed':
      return await takeOpaque(message, layer, options, layers);
    case 'compressed':
      return await takeCompression(message, layer, options, layers);
    case 'clear-signed':
      return await lookAtClear(message, layer, options, layers);
    case 'unreadable':
      return layers.length === 0 || !layer.closed
        ? ok(undefined)
        : fail(malformed('Cannot read what was inside: it says that it is S/MIME, and is not'));
    case 'plain':
      return layers.some((l) => l.kind !== 'message') ? await carried(message, layers, true) : ok(undefined);
    case 'pgp-signed':
    case 'pgp-encrypted':
      return ok(undefined);
  }
}

type Protected<K extends Layer['kind']> = Extract<Layer, { kind: K; fields: unknown }>;

async function takeEncryption(
  message: Message,
  { fields }: Protected<'encrypted'>,
  options: OpenOptions,
  layers: LayerSeen[],
): Step {
  return await staged(message, options, async (into) => {
    const opened = await decrypt(() => decodedBody(message, fields), into, {
      keys: options.keys,
      ...(options.limits && { limits: options.limits }),
    });
    if (!opened.ok) return opened;
    const { cipher, authenticated, weak } = opened.value;
    layers.push({ kind: 'encrypted', cipher, authenticated, weak });
    return ok(undefined);
  });
}

async function takeOpaque(
  message: Message,
  { fields }: Protected<'opaque-signed'>,
  options: OpenOptions,
  layers: LayerSeen[],
): Step {
  return await staged(message, options, async (into) => {
    const verified = await verifyOpaque(() => decodedBody(message, fields), into, trustOf(message, options));
    if (!verified.ok) return verified;
    layers.push({ kind: 'signed', form: 'opaque', verification: verified.value });
    return ok(undefined);
  });
}

async function takeCompression(
  message: Message,
  { fields }: Protected<'compressed'>,
  options: OpenOptions,
  layers: LayerSeen[],
): Step {
  return await staged(message, options, async (into) => {
    const { limits = CMS_LIMITS, maxContent } = options;
    const inflated = await inflate(decodedBody(message, fields), into, { ...limits, maxContent });
    if (!inflated.ok) return inflated;
    layers.push({ kind: 'compressed' });
    return ok(undefined);
  });
}

/** Contents that are looked at below a signature in the clear. */
const BELOW: ReadonlySet<Layer['kind']> = new Set([
  ...(['encrypted', 'opaque-signed', 'clear-signed', 'compressed', 'unreadable'] as const),
  ...(['pgp-encrypted', 'pgp-signed'] as const),
]);

async function lookAtClear(
  message: Message,
  { fields }: Protected<'clear-signed'>,
  options: OpenOptions,
  layers: LayerSeen[],
): Step {
  const parts = await readClearSigned(message, fields);
  if (!parts.ok) return fail(malformed(`Cannot read the signed message: ${parts.error}`));
  const { signature, content, inside } = parts.value;
  const verified = await verifyDetached([signature], content, trustOf(message, options));
  if (!verified.ok) return verified;
  layers.push({ kind: 'signed', form: 'clear', verification: verified.value });
  const below = await inside();
  if (!below.ok) return fail(malformed(`Cannot read the header of what was signed: ${below.error}`));
  const { kind } = await layerOf(below.value);
  if (BELOW.has(kind)) return ok({ message: below.value, through: true });
  // A header that travelled inside replaces the outer one only if it was hidden: a message that is
  // only signed keeps its signature.
  return await carried(below.value, layers, layers.some(isEncryption));
}

const isEncryption = ({ kind }: LayerSeen): boolean => kind === 'encrypted';

const trustOf = (message: Message, { trust, limits }: OpenOptions): TrustOptions => ({
  ...trust,
  address: fromOf(letterHeader(message)),
  ...(limits && { limits }),
});

/**
 * Runs `fill` into a new staging, behind the letter's own header; gives it up unless all went well.
 */
async function staged(
  message: Message,
  options: OpenOptions,
  fill: (into: Sink) => Promise<Result<undefined, CmsProblem>>,
): Step {
  const staging = options.stage();
  let kept = false;
  try {
    const { octets, count } = letterFields(message);
    await staging.write(octets);
    const ends = new LineEnds();
    const filled = await fill((slice) => {
      ends.take(slice);
      return staging.write(slice);
    });
    if (!filled.ok) return filled;
    // A content that was encrypted elsewhere may lack the last line end; what is filed ends in one.
    if (!ends.ended) {
      ends.take(CRLF);
      await staging.write(CRLF);
    }
    const next = await readAsCame(await staging.seal(), ends);
    if (!next.ok) return fail(malformed(`Cannot read what was inside: ${next.error}`));
    kept = true;
    return ok({ message: { ...next.value, outside: count }, through: false });
  } finally {
    if (!kept) await staging.abort();
  }
}

const CRLF = Buffer.from('\r\n');

/**
 * The header that travelled with the content: in a message inside (RFC 8551 section 3.1), which
 * takes the place of the one around it where `take` says so, or as a copy (RFC 9788). Only where it
 * is the whole content, and only below a signature or encryption.
 */
async function carried(content: Message, layers: LayerSeen[], take: boolean): Step {
  const inside = contentHeader(content);
  const how = carriedBy(inside);
  if (how === undefined || layers.at(-1)?.kind === 'message') return ok(undefined);
  const letter = letterHeader(content);
  const hidden = layers.some(isEncryption);
  if (how === 'copy') {
    layers.push({ kind: 'header', differs: differing(letter, inside, how, hidden) });
    return ok(undefined);
  }
  const inner = await messageInside(content);
  if (!inner.ok) return fail(malformed(`Cannot read the message inside: ${inner.error}`));
  const differs = differing(letter, inner.value.header, how, hidden);
  layers.push({ kind: take ? 'message' : 'header', differs });
  if (!take) return ok(undefined);
  const journey = fieldOctets(letter, (field) => TRACE.has(field.name));
  const opened = await withFieldsOnTop(journey, inner.value);
  if (!opened.ok) return fail(malformed(`Cannot read the message inside: ${opened.error}`));
  return ok({ message: opened.value, through: false });
}

const TRACE: ReadonlySet<string> = new Set(['return-path', 'received', 'authentication-results']);

/** True if a layer has fields that differ. */
export const differingIn = (layers: readonly LayerSeen[]): readonly string[] => [
  ...new Set(layers.flatMap((layer) => (layer.kind === 'message' || layer.kind === 'header' ? layer.differs : []))),
];

/** What the layers mean together: one word for Authentication-Results and for people. */
export type Standing =
  /** Signed, and every check passed. */
  | 'valid'
  /** Signed, and something did not pass. */
  | 'invalid'
  /** Nobody signed. */
  | 'unsigned';

/**
 * `flagged`: decrypted from CBC without a valid signature inside, so nobody knows who wrote it and
 * what was changed (EFAIL).
 */
export function standingOf(layers: readonly LayerSeen[]): { readonly standing: Standing; readonly flagged: boolean } {
  const signatures = layers.flatMap((layer) => (layer.kind === 'signed' ? [layer.verification] : []));
  const bound = differingIn(layers).length === 0;
  const standing = signatures.length === 0 ? 'unsigned' : bound && signatures.every(isValid) ? 'valid' : 'invalid';
  const malleable = layers.findIndex((layer) => layer.kind === 'encrypted' && !layer.authenticated);
  const proven = layers.slice(malleable + 1).some((layer) => layer.kind === 'signed' && isValid(layer.verification));
  return { standing, flagged: malleable >= 0 && !(proven && bound) };
}
