/**
 * The configuration, a key or a certificate cannot be used. Nobody's bug: the text names what, what
 * is wrong with it and what to do, and a command that meets it ends with the exit code for that.
 */
export class Unusable extends Error {
  override readonly name: string = 'Unusable';
}
