/**
 * Refuses to run with an OpenSSL that would reveal to senders what they must not learn. For what
 * `main.ts` asks of Node itself, see `runtime.ts`.
 */
import { type DecryptsPkcs1, rejectsImplicitly } from '../crypto/certificates/implicit-rejection.ts';
import { CommandError } from './exit.ts';

/** Throws CommandError (unavailable) if the OpenSSL is not safe. */
export function refuseOpenssl(decrypts?: DecryptsPkcs1): void {
  if (rejectsImplicitly(decrypts)) return;
  throw new CommandError(
    'unavailable',
    `Cannot run on OpenSSL ${process.versions.openssl}, which Node ${process.versions.node} was linked with: its answers tell a right RSA padding from a wrong one (no implicit rejection of PKCS #1 v1.5), which lets senders of guesses read mail; install a Node from https://nodejs.org, or one that is linked with OpenSSL 3.2 or newer`,
  );
}
