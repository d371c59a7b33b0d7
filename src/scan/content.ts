/**
 * What a scanner for mail does not see by itself: content in S/MIME that is signed or compressed
 * and not encrypted, which the gateway takes out for it, and content that is encrypted for somebody
 * else, which nobody can look into.
 */
import { lookThrough } from '../crypto/smime/look-through.ts';
import { maybeProtected } from '../crypto/smime/layer.ts';
import { type Source, readMessage } from '../crypto/smime/message.ts';
import { openMessage } from '../crypto/smime/open.ts';
import type { MessagePart } from '../domain/message-part.ts';
import type { Octets } from '../domain/units.ts';
import { MimeWalk } from '../mime/walk.ts';
import { asBuffer } from '../platform/bytes.ts';
import { stagingIn } from '../middleware/bodies.ts';
import type { MailKeys } from '../protection/mail-keys.ts';
import type { Submitted, BodyWriters } from '../middleware/middleware.ts';
import { room } from '../protection/open-copies.ts';

const SMIME: ReadonlySet<string> = new Set(['application/pkcs7-mime', 'application/x-pkcs7-mime']);
const ENCRYPTED_NAME = /\.(p7m|pgp|gpg|age)$/i;

/** A part that is encrypted, as its label says. S/MIME that is only signed has the same label. */
export const isClosed = ({ type, name }: Pick<MessagePart, 'type' | 'name'>): boolean =>
  SMIME.has(type) || type === 'application/pgp-encrypted' || ENCRYPTED_NAME.test(name);

const ARMOUR = Buffer.from('-----BEGIN PGP MESSAGE-----');

/** Looks for PGP in text (RFC 9580 section 6.2) while octets pass. */
export class ArmourWatch {
  found = false;
  #tail = Buffer.alloc(0);

  async *of(slices: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const slice of slices) {
      this.#look(asBuffer(slice));
      yield slice;
    }
  }

  #look(slice: Buffer): void {
    if (this.found) return;
    const most = ARMOUR.length - 1;
    // Armour may begin in one slice and end in the next.
    const seam = Buffer.alloc(this.#tail.length + Math.min(most, slice.length));
    this.#tail.copy(seam);
    slice.copy(seam, this.#tail.length, 0, most);
    this.found = seam.includes(ARMOUR) || slice.includes(ARMOUR);
    this.#tail = Buffer.from(slice.length >= most ? slice.subarray(slice.length - most) : seam.subarray(-most));
  }
}

/** What is below S/MIME without a key. `closed`: something there is encrypted all the same. */
export interface Inside {
  readonly source: Source;
  readonly closed: () => boolean;
}

/**
 * Undefined if the message is not of that kind, or cannot be taken apart: then it is what its label
 * says.
 */
export async function insideSigned(
  message: Submitted,
  keys: Pick<MailKeys, 'trust'>,
  bodies: BodyWriters,
  maxContent: Octets,
): Promise<Inside | undefined> {
  if (!maybeProtected(message.content)) return undefined;
  const read = await readMessage(message.body);
  if (!read.ok) return undefined;
  const { below } = await lookThrough(read.value, message.content);
  if (below.kind !== 'opaque-signed' && below.kind !== 'compressed') return undefined;
  const opened = await openMessage(read.value, {
    keys: [],
    trust: await keys.trust(),
    maxContent,
    stage: () => stagingIn(bodies, room(message)),
  });
  if (!opened.ok) return undefined;
  const { source } = opened.value.message;
  const walk = new MimeWalk();
  const slices = async function* (): AsyncGenerator<Uint8Array, void, void> {
    for await (const slice of source.slices()) {
      walk.write(asBuffer(slice));
      yield slice;
    }
  };
  return { source: { ...source, slices }, closed: () => walk.end().leaves.some(isClosed) };
}
