/**
 * What lies below clear signatures: encryption inside a signature (the triple wrap of RFC 2634
 * section 1.1, or signed after it was encrypted) does not show in the header of a message.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import type { ContentFields } from '../../mime/content-fields.ts';
import { firstPart, twoParts } from './clear-signed.ts';
import { type Layer, layerOf } from './layer.ts';
import { type Message, entityWithin } from './message.ts';
import { MAX_LAYERS } from './open.ts';

type Signed = Extract<Layer, { kind: 'clear-signed' | 'pgp-signed' }>;

export interface Seen {
  /** Signatures in the clear, from the outside in. */
  readonly signed: readonly Signed[];
  /** The layer below the signatures. */
  readonly below: Layer;
}

const isSigned = (layer: Layer): layer is Signed => layer.kind === 'clear-signed' || layer.kind === 'pgp-signed';

/**
 * Reads as far as the header of the content below, and its first octets. `fields`: of the message's
 * header.
 */
export async function lookThrough(message: Message, fields: ContentFields): Promise<Seen> {
  const signed: Signed[] = [];
  let below = await layerOf(message, fields);
  let at = message;
  while (isSigned(below) && signed.length < MAX_LAYERS) {
    const inside = await firstPart(at, below.fields.boundary);
    if (inside === undefined) break;
    signed.push(below);
    at = inside;
    below = await layerOf(inside);
  }
  return { signed, below };
}

/** The content below one signature in the clear, behind the letter's header. */
export async function belowSignature(message: Message, { fields }: Signed): Promise<Result<Message, string>> {
  const parts = await twoParts(message, fields);
  if (!parts.ok) return fail(parts.error);
  const inside = await entityWithin(message, parts.value.first);
  return inside.ok ? ok(inside.value) : inside;
}
