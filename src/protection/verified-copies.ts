/** Tells the addressees on top of a message what its signature is worth; what was signed stays as it is. S/MIME and PGP alike. */
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
  /** It says that it is protected, and is not: nobody signed it, as far as anybody can tell. */
  readonly unreadable?: boolean;
  readonly results: readonly AuthenticationResult[];
  /** For the trace: name nobody. */
  readonly facts: NonNullable<AuditEvent['facts']>;
}

/** What the field adds, at most. */
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
  // What became of the check, not that there was one: this is all that a listing shows of it.
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

/** What was found takes the place of the field that says that nothing was checked; the edge put it on top and let no other one pass. */
function verdictEnd({ header }: Message): number {
  const [first] = header.fields;
  return first !== undefined && isVerdict(first.name) ? first.end : 0;
}
