/**
 * Mail addresses of the closed group: parsed once at the edge, compared folded, shown as written.
 *
 * RFC 5321 section 4.1.2 (Mailbox), section 4.5.3.1 (sizes), RFC 6531 section 3.3 (UTF-8 in both
 * parts). Quotes around a local part that needs none are taken off: the same section has both
 * spellings name one mailbox. Local parts that need their quotes, and address literals, are left
 * out on purpose: no address of the group has one, and each is a way to write one address twice.
 */
import { type Result, fail, ok } from './result.ts';

declare const brand: unique symbol;
/**
 * A well-formed `local@domain`, in the spelling its owner registered or its sender wrote, without
 * quotes.
 */
export type Address = string & { readonly [brand]: 'address' };
/**
 * The folded form: two addresses are the same exactly when their keys are. Only for comparison and
 * look-up, never shown or sent.
 */
export type AddressKey = string & { readonly [brand]: 'address-key' };

const MAX_ADDRESS = 254; // RFC 5321 section 4.5.3.1.3: a path of 256 octets holds two angle brackets
const MAX_LOCAL = 64;
const MAX_DOMAIN = 255;

// atext of RFC 5322 section 3.2.3 plus, for RFC 6531, everything outside ASCII that is no control,
// separator or formatting character.
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LOCAL_UTF8 =
  /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\p{ASCII}\p{C}\p{Z}])+(?:\.(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\p{ASCII}\p{C}\p{Z}])+)*$/u;
const LABEL = /^(?!-)(?:[A-Za-z0-9-]|[^\p{ASCII}\p{C}\p{Z}]){1,63}(?<!-)$/u;

const isLocal = (text: string): boolean => LOCAL.test(text) || LOCAL_UTF8.test(text);

/** What stands in quotes before the last `@`; no escape, no space and no second quote. */
const QUOTED = /^"([^"\\\s]{1,252})"(?=@[^@"]*$)/;

/**
 * `"name"@domain` as `name@domain`. Any other text stays as it is, so that whoever reads it as an
 * address refuses it. Every place that compares addresses sees the spelling without quotes: with
 * two spellings an absence, a limit or a right to send would hold for one of them alone.
 */
export const withoutQuotes = (text: string): string =>
  text.startsWith('"') ? text.replace(QUOTED, (as, local: string) => (isLocal(local) ? local : as)) : text;

const byteLength = (text: string): number => {
  let n = 0;
  for (const c of text) {
    const point = c.codePointAt(0) ?? 0;
    n += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return n;
};

/**
 * Parses `local@domain`. The error says what was expected, for an operator or a log; it repeats no
 * more than the given text.
 */
export function parseAddress(text: string): Result<Address, string> {
  if (text === '') return fail('an address is empty; expected local@domain');
  // A cheap bound first, so that no regular expression ever sees a long text.
  if (text.length > MAX_ADDRESS || byteLength(text) > MAX_ADDRESS)
    return fail(`the address is longer than ${MAX_ADDRESS} octets`);
  const plain = withoutQuotes(text);
  const at = plain.lastIndexOf('@');
  if (at <= 0 || at === plain.length - 1)
    return fail('the address has no local part or no domain; expected local@domain');
  const local = plain.slice(0, at);
  const domain = plain.slice(at + 1);
  if (byteLength(local) > MAX_LOCAL) return fail(`the local part is longer than ${MAX_LOCAL} octets`);
  if (!isLocal(local)) return fail('the local part has a character that no address of the group may have');
  if (byteLength(domain) > MAX_DOMAIN || !domain.split('.').every((label) => LABEL.test(label)))
    return fail('the domain is not a valid host name');
  return ok(plain as Address);
}

/**
 * Folds case and Unicode composition in both parts. RFC 5321 allows a case-sensitive local part; a
 * closed group forbids it instead.
 */
export const addressKey = (address: Address): AddressKey => address.normalize('NFC').toLowerCase() as AddressKey;

/** The part behind the last `@`, folded. */
export const domainOf = (address: Address): string =>
  addressKey(address).slice(address.normalize('NFC').lastIndexOf('@') + 1);

/** True if the address needs SMTPUTF8 (RFC 6531 section 3.2). */
export const needsUtf8 = (address: Address): boolean => !/^[\x20-\x7e]*$/.test(address);
