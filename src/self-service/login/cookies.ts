/**
 * Names of the cookies: others than those of the console, which may have the same host name on
 * another port.
 */
export const SESSION = '__Host-sluis-account';
/** The cookie of a browser whose password was right and whose code is on its way. */
export const WAITING = '__Host-sluis-code';
