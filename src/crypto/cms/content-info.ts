/** ContentInfo (RFC 5652 section 3): the frame around every message of CMS, and what is in it. */
import { BerError } from '../certificates/ber.ts';
import { oidValue } from '../certificates/ber-values.ts';
import { Tag, context } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { BerStream } from './ber-stream.ts';
import { CMS_LIMITS } from './limits.ts';
import type { Slices } from './slices.ts';

/**
 * Goes into the frame and into the structure in it, which must be of one of the wanted types; the
 * answer is that type.
 */
export async function enterContentInfo(stream: BerStream, wanted: readonly string[], what: string): Promise<string> {
  await stream.enter('message', Tag.sequence);
  const found = oidValue(await stream.element('kind of message', Tag.oid), 'kind of message');
  if (!wanted.includes(found))
    throw new BerError('unsupported', 0, `the message is of kind ${found}, expected ${what}`);
  await stream.enter('message content', context(0));
  await stream.enter(what, Tag.sequence);
  return found;
}

export async function leaveContentInfo(stream: BerStream, what: string): Promise<void> {
  await stream.leave(what);
  await stream.leave('message content');
  await stream.leave('message');
  await stream.finish('message');
}

/** `other`: something else in CMS. `none`: no CMS at all. */
export type MessageKind = 'signed' | 'enveloped' | 'auth-enveloped' | 'compressed' | 'other' | 'none';
const KINDS: Readonly<Record<string, MessageKind>> = {
  [Oid.signedData]: 'signed',
  [Oid.envelopedData]: 'enveloped',
  [Oid.authEnvelopedData]: 'auth-enveloped',
  [Oid.compressedData]: 'compressed',
};

/**
 * What a message is by its first octets: mail programs do not always say so in `smime-type`. Never
 * throws `BerError`.
 */
export async function kindOf(source: Slices): Promise<MessageKind> {
  const stream = new BerStream(source, CMS_LIMITS);
  try {
    await stream.enter('message', Tag.sequence);
    return KINDS[oidValue(await stream.element('kind of message', Tag.oid), 'kind of message')] ?? 'other';
  } catch (error) {
    if (error instanceof BerError) return 'none';
    throw error;
  } finally {
    await stream.close();
  }
}
