/**
 * Reads what clients send in a login or a command as text. All protocols read it in the same way,
 * so that a password cannot have two spellings.
 */
import { isUtf8 } from 'node:buffer';

/**
 * Text as UTF-8, which RFC 6856 section 2.2 and RFC 6531 allow; else as Latin-1, which old clients
 * send.
 */
export const decodeText = (octets: Buffer): string => octets.toString(isUtf8(octets) ? 'utf8' : 'latin1');

/** Strict base64 (RFC 4648 section 4): what Buffer.from would skip silently is refused. */
export const decodeBase64 = (text: string): Buffer | undefined =>
  text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
