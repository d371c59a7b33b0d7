/**
 * What clients send in a login or a command, as text: one reading for both protocols, so that a
 * password cannot have two spellings.
 */
import { isUtf8 } from 'node:buffer';

/** Old clients send Latin-1 where they mean it; RFC 6856 section 2.2 and RFC 6531 allow UTF-8. */
export const decodeText = (octets: Buffer): string => octets.toString(isUtf8(octets) ? 'utf8' : 'latin1');

/** Strict base64 (RFC 4648 section 4): what Buffer.from would skip silently is refused. */
export const decodeBase64 = (text: string): Buffer | undefined =>
  text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
