/**
 * Puts a field on top of a message that tells addressees what its signature is worth; the signed
 * content stays as it is. S/MIME and PGP alike.
 */
import type { Message } from '../crypto/smime/message.ts';
import { KiB, octets } from '../domain/units.ts';
import { type AuthenticationResult, authenticationResults, isVerdict } from '../mime/authentication-results.ts';
import type { AuditEvent } from '../store/audit.ts';
import { behind, writeBody } from '../middleware/bodies.ts';
import type { Copy, StepPassed, Submitted, BodyWriters } from '../middleware/middleware.ts';

export interface Verified {
  /** The submitted message, as it was judged. */
  readonly given: Message;
  readonly by: 'smime' | 'pgp';
  readonly valid: boolean;
  /**
   * The message says that it is protected and is not: as far as anybody can tell, nobody signed it.
   */
  readonly unreadable?: boolean;
  readonly results: readonly AuthenticationResult[];
  /** Facts for the trace; they name nobody. */
  readonly facts: NonNullable<AuditEvent['facts']>;
}

/** Most octets that the field adds. */
const ROOM = 16 * KiB;

export async function tellVerified(
  authserv: string,
  { body }: Submitted,
  copies: readonly Copy[],
  bodies: BodyWriters,
  { given, by, valid, unreadable = false, results, facts }: Verified,
): Promise<StepPassed> {
  const field = Buffer.from(authenticationResults(authserv, results), 'latin1');
  const told = await writeBody(bodies, octets(body.octets + ROOM), behind(field, body, verdictEnd(given)));
  // The result of the check, not only that there was one: a listing shows nothing else about it.
  const protection = unreadable ? `${by} unreadable` : `${by} signature ${valid ? 'valid' : 'not valid'}`;
  return {
    kind: 'passed',
    copies: copies.map((copy) =>
      copy.body === body ? { ...copy, body: told, signature: valid ? 'valid' : 'invalid', results, protection } : copy,
    ),
    audit: [
      {
        event: `${by}.verified`,
        outcome: valid ? 'success' : 'failure',
        message: body.id,
        facts: { protection, copy: told.id, ...facts },
      },
    ],
  };
}

/**
 * The result replaces the field that says that nothing was checked; ours is the only such field,
 * since submission removes all others.
 */
function verdictEnd({ header }: Message): number {
  const [first] = header.fields;
  return first !== undefined && isVerdict(first.name) ? first.end : 0;
}
