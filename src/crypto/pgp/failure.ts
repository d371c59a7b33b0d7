/**
 * A job that cannot be done, as an error inside the OpenPGP thread; the main thread gets it as a
 * value.
 */
import type { PgpProblem } from './protocol.ts';

export class PgpFailure extends Error {
  override readonly name = 'PgpFailure';
  readonly kind: PgpProblem['kind'];
  constructor(kind: PgpProblem['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}
