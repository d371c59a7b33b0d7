/**
 * The field that tells what was checked of a message, and by whom (RFC 8601); for S/MIME by the method of RFC 7281. PGP has no registered
 * method: `x-pgp` is one of those that anybody may use by agreement (RFC 8601 section 2.7.6), with the results of RFC 7281.
 *
 * Believed by its first word, the name of who checked: one that names us and is not ours must not pass (RFC 8601 section 5).
 */

/** RFC 8601 section 2.2; the results are those of RFC 7281 section 3.1. */
export interface AuthenticationResult {
  readonly method: 'smime' | 'x-pgp';
  /** `policy`: the signature is right, and its signer is not one that counts here. `neutral`: it could not be read. */
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

/** A value as it may stand in the field: what comes from a certificate or a message is text of strangers. */
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

/** True where the value of such a field says that `authserv` wrote it: the first token, before ";" or a version (RFC 8601 section 2.2). */
export function claimsToBe(value: string, authserv: string): boolean {
  const name = /^\s*(?:\([^()]*\)\s*)*"?([^\s;"]+)/.exec(value)?.[1] ?? '';
  return name.toLowerCase() === authserv.toLowerCase();
}
