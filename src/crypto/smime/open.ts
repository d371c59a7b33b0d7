/**
 * Takes the layers off a message: decrypts, verifies, unwraps a header that travelled inside.
 *
 * Each layer that has content of its own is staged anew, sealed, before anything is believed of it: a tag comes last, and CBC has none
 * (EFAIL). Only the root of a message is ever opened, as a whole entity; what lies in one of several parts stays as it is, since whoever
 * mixes encrypted with plain parts wants the one to leak through the other.
 */
import { type Address, addressKey, parseAddress } from '../../domain/address.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { readMailboxes } from '../../mime/address-list.ts';
import { contentFields } from '../../mime/content-fields.ts';
import { fieldText, fieldsNamed } from '../../mime/header.ts';
import { addressesBeside } from '../../mime/shown-addresses.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { type DecryptionKey, decrypt } from '../cms/decrypt.ts';
import type { CmsLimits } from '../cms/limits.ts';
import type { CmsProblem } from '../cms/problem.ts';
import type { Sink } from '../cms/slices.ts';
import { type Verification, isValid } from '../cms/verdict.ts';
import { type TrustOptions, verifyDetached, verifyOpaque } from '../cms/verify.ts';
import { readClearSigned } from './clear-signed.ts';
import { type Layer, decodedBody, layerOf } from './layer.ts';
import { type Message, type Source, fieldOctets, outerFields, readMessage } from './message.ts';

/** Where a layer's content is put while nobody knows yet what it is worth. */
export interface Staging {
  readonly write: Sink;
  /** The content is whole. */
  seal(): Promise<Source>;
  /** Gives it up. */
  abort(): Promise<void>;
}

export interface OpenOptions {
  /** Keys to decrypt with, the present one first. Empty: only signatures are looked at. */
  readonly keys: readonly DecryptionKey[];
  /** All but the address, which is the message's From. */
  readonly trust: Omit<TrustOptions, 'address'>;
  readonly stage: () => Staging;
  readonly limits?: CmsLimits;
}

/** More layers than encrypted, signed, and a message inside that is both again: nobody means that. */
export const MAX_LAYERS = 6;

export type LayerSeen =
  | { readonly kind: 'encrypted'; readonly cipher: string; readonly authenticated: boolean; readonly weak: boolean }
  | { readonly kind: 'signed'; readonly form: 'clear' | 'opaque'; readonly verification: Verification }
  /** The whole message was inside. `differs`: fields that say something else outside. */
  | { readonly kind: 'message'; readonly differs: readonly string[] };

export interface OpenedMessage {
  /** From the outside in. */
  readonly layers: readonly LayerSeen[];
  /** The message without its encryption; signatures in the clear stay on it. The source of the given message where nothing was taken off. */
  readonly message: Message;
}

/** Why a message could not be opened; `layers`: what came before. */
export interface NotOpened {
  readonly problem: CmsProblem;
  readonly layers: readonly LayerSeen[];
}

/** One address in From, or nobody: a signature of one of several authors proves nothing of the others. */
export function fromOf({ header }: Message): Address | undefined {
  const fields = fieldsNamed(header, 'from');
  const [field] = fields;
  if (field === undefined || fields.length !== 1) return undefined;
  const mailboxes = readMailboxes(fieldText(header, field));
  const [only] = mailboxes.ok && mailboxes.value.length === 1 ? mailboxes.value : [];
  const address = only === undefined ? undefined : parseAddress(only);
  return address?.ok === true ? address.value : undefined;
}

const malformed = (text: string): CmsProblem => ({ kind: 'malformed', text });

/** Takes off every layer that can be. What was staged and is not in the answer was given up. */
export async function openMessage(given: Message, options: OpenOptions): Promise<Result<OpenedMessage, NotOpened>> {
  const layers: LayerSeen[] = [];
  let message = given;
  for (let depth = 0; depth < MAX_LAYERS; depth += 1) {
    const layer = await layerOf(message);
    const next = await step(message, layer, options, layers);
    if (!next.ok) return fail({ problem: next.error, layers });
    if (next.value === undefined) return ok({ layers, message });
    message = next.value;
  }
  return fail({
    problem: { kind: 'limit', text: `Cannot open the message: it has over ${MAX_LAYERS} layers` },
    layers,
  });
}

/** One layer; undefined where there is nothing more to take off. */
async function step(
  message: Message,
  layer: Layer,
  options: OpenOptions,
  layers: LayerSeen[],
): Promise<Result<Message | undefined, CmsProblem>> {
  switch (layer.kind) {
    case 'encrypted':
      return options.keys.length === 0 ? ok(undefined) : await takeEncryption(message, layer, options, layers);
    case 'opaque-signed':
      return await takeOpaque(message, layer, options, layers);
    case 'clear-signed':
      return await lookAtClear(message, layer, options, layers);
    case 'unreadable':
      return layers.length === 0
        ? ok(undefined)
        : fail(malformed('Cannot read what was encrypted: it says that it is S/MIME, and is not'));
    case 'plain':
      return layers.some((l) => l.kind !== 'message') ? await unwrap(message, layers) : ok(undefined);
    case 'pgp-signed':
    case 'pgp-encrypted':
      return ok(undefined);
  }
}

async function takeEncryption(
  message: Message,
  { fields }: Extract<Layer, { kind: 'encrypted' }>,
  options: OpenOptions,
  layers: LayerSeen[],
): Promise<Result<Message, CmsProblem>> {
  return await staged(message, options, async (into) => {
    const opened = await decrypt(decodedBody(message, fields), into, {
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
  { fields }: Extract<Layer, { kind: 'opaque-signed' }>,
  options: OpenOptions,
  layers: LayerSeen[],
): Promise<Result<Message, CmsProblem>> {
  return await staged(message, options, async (into) => {
    const verified = await verifyOpaque(() => decodedBody(message, fields), into, trustOf(message, options));
    if (!verified.ok) return verified;
    layers.push({ kind: 'signed', form: 'opaque', verification: verified.value });
    return ok(undefined);
  });
}

async function lookAtClear(
  message: Message,
  { fields }: Extract<Layer, { kind: 'clear-signed' }>,
  options: OpenOptions,
  layers: LayerSeen[],
): Promise<Result<Message | undefined, CmsProblem>> {
  const parts = await readClearSigned(message, fields);
  if (!parts.ok) return fail(malformed(`Cannot read the signed message: ${parts.error}`));
  const { signature, content } = parts.value;
  const verified = await verifyDetached([signature], content, trustOf(message, options));
  if (!verified.ok) return verified;
  layers.push({ kind: 'signed', form: 'clear', verification: verified.value });
  return ok(undefined);
}

const trustOf = (message: Message, { trust, limits }: OpenOptions): TrustOptions => ({
  ...trust,
  address: fromOf(message),
  ...(limits && { limits }),
});

/** Runs `fill` into a new staging, behind the letter's own header; gives it up unless all went well. */
async function staged(
  message: Message,
  options: OpenOptions,
  fill: (into: Sink) => Promise<Result<undefined, CmsProblem>>,
): Promise<Result<Message, CmsProblem>> {
  const staging = options.stage();
  let kept = false;
  try {
    await staging.write(joinSmall([outerFields(message.header), MIME_VERSION]));
    let last = 0;
    const filled = await fill((slice) => {
      last = slice.at(-1) ?? last;
      return staging.write(slice);
    });
    if (!filled.ok) return filled;
    // A content that was encrypted elsewhere may lack the last line end; what is filed ends in one.
    if (last !== LF) await staging.write(CRLF);
    const next = await readMessage(await staging.seal());
    if (!next.ok) return fail(malformed(`Cannot read what was inside: ${next.error}`));
    kept = true;
    return next;
  } finally {
    if (!kept) await staging.abort();
  }
}

const MIME_VERSION = Buffer.from('MIME-Version: 1.0\r\n');
const CRLF = Buffer.from('\r\n');
const LF = 10;

/** Fields that must say the same inside and outside: who wrote it, to whom, when, which message it is. */
const BOUND = ['from', 'sender', 'to', 'cc', 'date', 'message-id'] as const;

/** The message inside a message (RFC 8551 section 3.1): only where it is the whole content, and only below a signature or encryption. */
async function unwrap(message: Message, layers: LayerSeen[]): Promise<Result<Message | undefined, CmsProblem>> {
  const fields = contentFields(message.header.octets);
  const below = layers.at(-1);
  if (fields.type !== 'message/rfc822' || below?.kind === 'message') return ok(undefined);
  const inside: Source = {
    octets: message.source.octets - message.bodyAt,
    slices: () => decodedBody(message, fields),
  };
  const inner = await readMessage(inside);
  if (!inner.ok) return fail(malformed(`Cannot read the message inside: ${inner.error}`));
  layers.push({ kind: 'message', differs: [...differing(message, inner.value), ...lyingNames(inner.value)] });
  const journey = fieldOctets(message.header, (field) => TRACE.has(field.name));
  const opened = await readMessage(prefixed(journey, inside));
  return opened.ok ? opened : fail(malformed(`Cannot read the message inside: ${opened.error}`));
}

const TRACE: ReadonlySet<string> = new Set(['return-path', 'received', 'authentication-results']);

/** `first`, then all of `source`. */
const prefixed = (first: Buffer, source: Source): Source => ({
  octets: first.length + source.octets,
  slices: async function* () {
    if (first.length > 0) yield first;
    yield* source.slices();
  },
});

/**
 * Fields inside whose name shows an address that is not theirs. What was encrypted did not pass the edge, where such a name is refused; a
 * reader takes it for another sender, and so do we.
 */
const lyingNames = ({ header }: Message): string[] =>
  ['from', 'sender', 'reply-to'].filter((name) =>
    fieldsNamed(header, name).some((field) => {
      const mailboxes = readMailboxes(fieldText(header, field));
      const beside = addressesBeside(fieldText(header, field), mailboxes.ok ? mailboxes.value : []);
      return !beside.ok || beside.value.length > 0;
    }),
  );

/** Bound fields that say something else outside than inside. */
export const differing = (outer: Message, inner: Message): string[] =>
  BOUND.filter((name) => !sameField(outer, inner, name));

/** Addresses are compared by meaning, everything else by its words. */
function sameField(outer: Message, inner: Message, name: (typeof BOUND)[number]): boolean {
  const read = (message: Message): string =>
    fieldsNamed(message.header, name)
      .map((field) => meaning(fieldText(message.header, field), name))
      .join('\n');
  return read(outer) === read(inner);
}

function meaning(text: string, name: string): string {
  if (name === 'date' || name === 'message-id') return text.replace(/\s+/g, ' ').toLowerCase();
  const mailboxes = readMailboxes(text);
  if (!mailboxes.ok) return text.trim();
  return mailboxes.value
    .map((mailbox) => {
      const address = parseAddress(mailbox);
      return address.ok ? addressKey(address.value) : mailbox;
    })
    .sort()
    .join(' ');
}

/** What the layers come to: the one word for Authentication-Results and for people. */
export type Standing =
  /** Signed, and every check passed. */
  | 'valid'
  /** Signed, and something did not pass. */
  | 'invalid'
  /** Nobody signed. */
  | 'unsigned';

/** `flagged`: decrypted from CBC without a valid signature inside, so nobody knows who wrote it and what was changed (EFAIL). */
export function standingOf(layers: readonly LayerSeen[]): { readonly standing: Standing; readonly flagged: boolean } {
  const signatures = layers.flatMap((layer) => (layer.kind === 'signed' ? [layer.verification] : []));
  const bound = layers.every((layer) => layer.kind !== 'message' || layer.differs.length === 0);
  const standing = signatures.length === 0 ? 'unsigned' : bound && signatures.every(isValid) ? 'valid' : 'invalid';
  const malleable = layers.findIndex((layer) => layer.kind === 'encrypted' && !layer.authenticated);
  const proven = layers.slice(malleable + 1).some((layer) => layer.kind === 'signed' && isValid(layer.verification));
  return { standing, flagged: malleable >= 0 && !(proven && bound) };
}
