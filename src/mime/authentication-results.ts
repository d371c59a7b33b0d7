/**
 * Writes and recognises Authentication-Results: the field that says what was checked of a message,
 * and which server checked it (RFC 8601). For S/MIME the method is that of RFC 7281. PGP has no
 * registered method: `x-pgp` is one of the names that servers may use by agreement (RFC 8601
 * section 2.7.6), with the results of RFC 7281.
 *
 * A reader believes the field by its first word, the name of the server that checked. So the
 * gateway removes every such field that comes in, whatever server it names (RFC 8601 section 5). It
 * puts a field of its own on top of every submitted message, even if nothing was checked (`none`,
 * RFC 8601 section 2.2).
 */

/**
 * One check and its result (RFC 8601 section 2.2); the results are those of RFC 7281 section 3.1.
 */
export interface AuthenticationResult {
  readonly method: 'smime' | 'x-pgp';
  /**
   * `policy`: the signature is right, but its signer does not count here. `neutral`: the signature
   * could not be read.
   */
  readonly result: 'none' | 'pass' | 'fail' | 'policy' | 'neutral' | 'permerror';
  /** For people; any text. */
  readonly reason?: string;
  /** `body.smime-identifier` and the like, with values of any text. */
  readonly properties?: readonly (readonly [name: string, value: string])[];
}

const MAX_VALUE = 200;
/** RFC 2045 section 5.1. */
const TOKEN = /^[\w!#$%&'*+.^`{|}~-]+$/;
const ADDRESS = /^[\w!#$%&'*+.^`{|}~/=?-]+@[\w.-]+$/;

/**
 * A value made safe for the field: the text of a certificate or a message was written by strangers.
 */
function valueText(text: string): string {
  const plain = text
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_VALUE);
  return TOKEN.test(plain) || ADDRESS.test(plain) ? plain : `"${plain.replace(/["\\]/g, "'")}"`;
}

/** The whole field with its line ends, each piece on a line of its own. */
export function authenticationResults(authserv: string, results: readonly AuthenticationResult[]): string {
  const lines = results.map(
    ({ method, result, reason, properties = [] }) =>
      `;\r\n\t${method}=${result}` +
      (reason === undefined ? '' : `\r\n\treason=${valueText(reason)}`) +
      properties.map(([name, value]) => `\r\n\t${name}=${valueText(value)}`).join(''),
  );
  return `Authentication-Results: ${authserv}${lines.length === 0 ? '; none' : lines.join('')}\r\n`;
}

/**
 * The field for a message of which nothing was checked. It stands on top, so that a program that
 * looks for our verdict finds this one first.
 */
export const nothingChecked = (authserv: string): string => authenticationResults(authserv, []);

/**
 * The other fields of an ARC set (RFC 8617 section 4.1), which are worth nothing without its
 * `ARC-Authentication-Results`.
 */
const SEALS: ReadonlySet<string> = new Set(['arc-seal', 'arc-message-signature']);

/**
 * True for a field that tells a verdict: Authentication-Results, and the fields that are named
 * after it (`ARC-`, `X-`, `-Original`). `name`: in lower case.
 *
 * It does not matter who wrote the field. The name in it may be spelled in endless ways (nested
 * comments, quoted pairs, folding), and a reader that understands one spelling less than a mail
 * program lets a forgery pass. In a closed group nobody relies on the verdict of another server.
 */
export const isVerdict = (name: string): boolean => name.includes('authentication-results') || SEALS.has(name);
