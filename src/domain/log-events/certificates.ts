/** Certificates and keys: of listeners, accounts, partners and the own authority. */
import { type LogEvents, either, error, info, warn } from './log-event.ts';

const KEY =
  'Is `master.key` the right one? `sluis cert list`. Import the key, or issue it again: `sluis cert issue --account LOGIN --use mail --keep-key`, or `sluis pgp key issue --address ADDRESS --keep-key`.';
const ENDS =
  '`sluis cert list --expiring 60d`, `sluis cert renew SERIAL`; by its `kind`: [SluisPartnerCertificateEnds], [SluisAuthorityEnds], [SluisListenerCertificateEnds].';

export const CERTIFICATE_EVENTS: LogEvents = {
  'certificate.ends': warn(
    'A certificate ends in 60, 30 or 7 days, and its account has a letter. With `kind` and `names` it belongs to no account, and the operator has the letter.',
    ENDS,
  ),
  'certificate.renewal-late': warn(
    'A certificate of a listener that a program renews is late: less than three tenths of its life are left (`names`, `ends`, `days`). The line comes daily.',
    'certbot or lego, or its hook, has stopped: [SluisRenewalStopped].',
  ),
  'certificate.unread': warn(
    'A file with certificates of this `kind` cannot be read (`why`), so nobody can tell when they end. The line comes daily.',
    '`why` names the file; `sluis check`.',
  ),
  'certificate.renewed': info(
    'A mail certificate whose key the gateway holds was renewed with a new key (`replaces` is the old one). Give it to correspondents outside.',
  ),
  'certificate.renewal-failed': error(
    'The renewal of a mail certificate failed (`why`). It is tried again tomorrow, and the owner is warned as usual.',
    ENDS,
  ),
  'certificate.warned': info('How many warnings about certificates were given today.'),
  'certificate.warning-refused': warn(
    'A warning could not be filed (`why`: quota, gone). It is tried again tomorrow.',
    ENDS,
  ),
  'pgp-key.ends': warn(
    'An OpenPGP key of an `account` ends (`ends`, `fingerprint`) and no other takes its place. Its owner has a letter 60, 30 and 7 days before (`days`).',
    '`sluis pgp key list --expiring 60d` shows it. Register the longer or new key with `sluis pgp key import`.',
  ),
  'mail-key.refused': error(
    'The private key of a mail certificate does not open (`why`): it was sealed under another master key.',
    KEY,
  ),
  'pgp-key.refused': error(
    'The private key of an OpenPGP key does not open (`why`): it was sealed under another master key.',
    KEY,
  ),
  'ca.lists-written': info('The revocation lists were written again.'),
  'ca.ends': warn('An own authority ends too soon for full certificates.', '`sluis ca show`; [SluisAuthorityEnds].'),
  'ca.upkeep-failed': error(
    'Lists or warnings of a day failed. They are tried again tomorrow. A list ends after 7 days: look at it before.',
    '`sluis ca show`; is `ca.crl-file` writable?',
  ),
  'crl.loaded': info('A revocation list of a client authority is in use: `revoked`, `until`.'),
  'crl.overdue': either(
    ['warn', 'error'],
    'A revocation list was due for renewal and is still used. Level error: certificates of its issuer are refused now.',
    'Run the job that fetches it by hand.',
  ),
  'crl.refused': error(
    'A revocation list cannot be used (`why`). The previous one stays in use.',
    'Run the job that fetches it by hand.',
  ),
  'smime.reloaded': info('Authorities for mail certificates were read again.'),
  'smime.refused': error(
    'A file of `smime.authorities` cannot be used after a change. The old ones stay.',
    '`sluis check` names the file.',
  ),
};
