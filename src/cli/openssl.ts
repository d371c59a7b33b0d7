/**
 * Refuses to work with an OpenSSL that would tell senders what they must not learn; what `main.ts`
 * asks of Node itself is in `runtime.ts`.
 */
import { type DecryptsPkcs1, rejectsImplicitly } from '../crypto/certificates/implicit-rejection.ts';
import { CommandError } from './exit.ts';

/** Refuses an OpenSSL that is not safe. Throws CommandError (unavailable). */
export function refuseOpenssl(decrypts?: DecryptsPkcs1): void {
  if (rejectsImplicitly(decrypts)) return;
  throw new CommandError(
    'unavailable',
    `Cannot run on OpenSSL ${process.versions.openssl}, which Node ${process.versions.node} was linked with: its answers tell a right RSA padding from a wrong one (no implicit rejection of PKCS #1 v1.5), which lets senders of guesses read mail; install a Node from https://nodejs.org, or one that is linked with OpenSSL 3.2 or newer`,
  );
}
