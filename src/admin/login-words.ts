/**
 * Why a login failed and what helps, in words for the helpdesk. The peer never sees them (decision
 * 0401).
 */
import type { CertificateFailure, FailureReason } from '../auth/login-notes.ts';
import type { PathReason } from '../crypto/certificates/certificate-path.ts';

export interface Words {
  readonly cause: string;
  readonly remedy: string;
}

const words = (cause: string, remedy: string): Words => ({ cause, remedy });
const AGAIN = 'Nothing is wrong with what was sent: the program tries again by itself';
const PLACE = 'Set the program to the port that is meant for this account, or change the listener';

const table: Readonly<Record<FailureReason | Exclude<CertificateFailure, PathReason>, Words>> = {
  unknown: words('No account has that login name', 'Correct the login name in the program'),
  wrong: words(
    'The password is not one of the account, or has ended',
    'Type it again in the program; else "sluis account password add LOGIN --name NAME --generate --out FILE"',
  ),
  suspended: words(
    'The account, or all of its organisation, is suspended',
    'Once its cause is gone: "sluis account resume LOGIN", or "sluis organisation resume NAME"',
  ),
  ended: words('The account has ended', 'It stays so; whoever needs one gets a new account'),
  throttled: words(
    'Too many wrong passwords came from there; this one was not looked at',
    'Correct the password in the program that tries again and again, and wait some minutes',
  ),
  overload: words('Too many logins at once; this one was not looked at', AGAIN),
  store: words('The store could not be read', `${AGAIN}; see the log of the gateway`),
  'password-off': words(
    'The password was right, but the account logs in with its certificate alone',
    'Set the program to the certificate, or change the setting login of the account',
  ),
  'certificate-missing': words(
    'The password was right, but the account wants its certificate as well',
    'Choose the certificate in the program',
  ),
  'other-certificate': words(
    "The password was right, but the certificate is another account's",
    "Choose this account's certificate in the program",
  ),
  'app-scope': words(
    'The app password was right, but its program may do something else only: send, or fetch',
    'Use another: "sluis account app-password add LOGIN --name NAME --scope both"',
  ),
  'not-on-listener': words('The account may not log in at this listener', PLACE),
  'binding-downgrade': words(
    'Something between client and gateway took an offer of ours away',
    'Ask who looks into TLS there: a proxy, a malware scanner',
  ),
  'binding-type': words('The program binds SCRAM in a way that is not known here', 'Ask its vendor, or use a password'),
  'other-channel': words(
    'SCRAM is bound to another TLS session: somebody stands between',
    'Ask who looks into TLS there: a proxy, a malware scanner',
  ),
  'wrong-nonce': words('The program answers another challenge of SCRAM than ours', 'Ask its vendor, or use a password'),
  'none-shown': words('The program showed no certificate', 'Choose the certificate in the program'),
  unreadable: words('What the program showed is not a certificate that can be read', 'Install the certificate again'),
  unregistered: words(
    'The certificate is not registered for an account',
    '"sluis account certificate add LOGIN", or choose the right one in the program',
  ),
  'foreign-identity': words(
    'EXTERNAL asked for another account than that of the certificate',
    'Leave the identity empty in the program',
  ),
  'certificate-off': words(
    'The account does not log in with a certificate',
    'Set the program to the password, or change the setting login of the account',
  ),
  'password-missing': words('The account wants its password beside the certificate', 'Set the password in the program'),
  'implicit-off': words('The program sent no AUTH, and implicit-login=no', 'Switch authentication on in the program'),
};

export function loginWords(reason: string): Words {
  if (Object.hasOwn(table, reason)) return table[reason as keyof typeof table];
  return words(
    `The certificate cannot be trusted (${reason})`,
    'Issue a new one: "sluis cert issue --account LOGIN --use login --code"; the log of the gateway says what is wrong with this one',
  );
}
