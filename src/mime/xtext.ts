/**
 * Text as SMTP's DSN parameters and reports write it: xtext (RFC 3461 section 4) and the typed
 * addresses of RFC 3464 and RFC 6533.
 *
 * Decoded octets travel as a string of U+0000 to U+00FF, one character an octet, as they came in
 * the parameter.
 */

/**
 * Decodes xtext: `+2B` is a plus sign. Undefined for text that is not xtext or hides a control
 * character.
 */
export function fromXtext(text: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(text)) return undefined;
  const plain = text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /^[\x20-\x7e\x80-\xff]*$/.test(plain) ? plain : undefined;
}

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

/** Writes octets so that `fromXtext` reads the same ones back. */
export const toXtext = (plain: string): string =>
  plain.replace(/[^!-*,-<>-~]/g, (c) => `+${hex(c.charCodeAt(0) & 0xff)}`);

/** utf-8-addr-xtext of RFC 6533 section 3: an address in ASCII alone. */
export const toUtf8AddressXtext = (address: string): string =>
  Array.from(address, (c) => (/^[!-*,-<>-[\]-~]$/.test(c) ? c : `\\x{${hex(c.codePointAt(0) ?? 0)}}`)).join('');

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/**
 * The value of Final-Recipient (RFC 3464 section 2.3.2). `utf8`: the report may hold letters
 * outside ASCII as they are.
 */
export const typedAddress = (address: string, utf8: boolean): string =>
  isAscii(address) ? `rfc822; ${address}` : `utf-8; ${utf8 ? address : toUtf8AddressXtext(address)}`;

/**
 * The value of Original-Recipient from a decoded ORCPT, `type;address`; an address outside ASCII is
 * encoded again, unless it is UTF-8 and `utf8` lets it stand.
 */
export function originalRecipientValue(orcpt: string, utf8: boolean): string {
  const at = orcpt.indexOf(';');
  const type = orcpt.slice(0, at);
  const value = orcpt.slice(at + 1);
  if (isAscii(value)) return `${type}; ${value}`;
  const unicode = Buffer.from(value, 'latin1').toString('utf8');
  if (type.toLowerCase() !== 'utf-8' || unicode.includes('\ufffd')) return `${type}; ${toXtext(value)}`;
  return `${type}; ${utf8 ? unicode : toUtf8AddressXtext(unicode)}`;
}
