/** Keys, certificates, the trail and what is signed. */
import type { Notes } from '../../config/section-notes/notes.ts';

export const KEY_NOTES: Notes = {
  audit: [
    'Each row is written in the transaction of what it tells of, and its hash covers the row before. The running gateway signs the last row every minute and puts this head away (`audit.anchors`). So `audit verify` finds a row that was changed, taken out or moved, and a trail that was cut off or rewritten. The gateway counts refusals for a minute before it writes a row, logins of a program that polls for an hour; whoever reads the trail does not wait for that. Each look is in it (`audit.read`). The formats of the files: [formats](formats.md).',
    '',
    'On PostgreSQL each connection that writes has a lane of its own (`lane`, `place`), and one head signs all lanes.',
  ],
  'audit export': [
    'Its last line has the SHA-256 of all octets before it. Give an auditor the export, the heads and `keys/audit/anchor.pem`. `--fields nen7513` writes the field names of NEN 7513: it has no chain, so give the plain export with it.',
  ],
  'audit verify': [
    'It compares with the newest thousand heads or more. Rows after the newest head count as not proven yet; without a head it says `NOT PROVEN` (exit code 9). Personal fields that are gone without a row that erased them fail it. Heads of rows that a restore lost do not, if the key of the heads signed that restore: it names both. openssl checks a stamp too: `openssl ts -verify -data LINE -in TOKEN -token_in -CAfile ROOT`.',
  ],
  'audit erase': [
    'What happened, when and to which message stays, and the chain holds. The personal fields of a row are one: others whom it names go with it. Rows of access and change stay for their time (GDPR article 17 paragraph 3 b) without `--also-kept`. It does not reach exports and backups.',
  ],
  key: [
    'Two custodians, each with a share on paper, make the master key again; one share tells nothing. `check`, `backup` and `key status` remind you if nobody has shown within a year that the shares are right. The gateway keeps no share. A key that was copied still opens what was copied with it.',
  ],
  'key rotate': [
    'It seals day keys, keys of the authority, of the trail and of mail, and passwords of partners again; it does not touch messages. A crash leaves the old key or the new one whole, and the gateway does not start until the command has come to its end. The old key is beside the new one as `master.key.before-...`. The old key folder is in `keys.copy-to/FINGERPRINT`, or in `keys.before-rotation/FINGERPRINT` beside the key folder: copy that to another disk. Keep both until the last backup of that time is gone, then destroy both. `--without-copy` continues if no copy can be made.',
    '',
    'With several gateways stop all of them. Run it on one, carry its `master.key` to each other as `master.key.new` beside the old one, and run it there too. Where `keys.master-key-command` prints the key, `--out FILE` writes the new one: put it into the key store, remove the file, start.',
  ],
  statement: [
    'It comes from what runs and what was measured, and says what is not in place. It needs the right `security` and a running gateway. `statement.eml` is signed: give this one away. Beside it are text, HTML, `statement.json` with the controls of NEN 7510-2:2024 and ISO 27001 Annex A, the figures, what `--certificate` named, and `HOW-TO-CHECK.txt`. `--organisation` adds the processor annex: purpose, legal basis, agreement, kinds of data, data subjects, periods, measures, return and deletion (`backup.keep-for`). `--processors` is CSV `name,service,country`; the header alone says that there is none. A restore drill counts as long as doctor lets it, a switch for a year. It names nobody but the organisation; of partners it counts what their servers must show. Reports of drills name people, so show an auditor the files. Words in capitals in the column of commands are for you to fill in.',
  ],
  ca: [
    '`ca init` makes a root (20 years) and an issuing authority (5 years), RSA-3072 unless `--key-kind` says otherwise. Then take the root off line, file and password apart, in two places each:',
    '',
    '    sluis ca export-root --out root.p12 --password-out root.password --remove',
    '',
    'Backups of `keys/` from before still hold the sealed key: replace them. With `ca.crl-file` it writes lists at once; one file for each authority in DER is beside it. A list is valid for 7 days.',
    '',
    '**Roll-over of the issuing authority** (after about three years): `sluis ca renew-issuer`. Whoever trusts the root notices nothing.',
    '',
    '**Roll-over of the root** (in its last five years, or when others may know its key):',
    '',
    '1. `sluis ca renew-root --root old.p12 --root-password-file old.password`: old and new certify each other.',
    '2. `sluis ca export-root --out new.p12 --password-out new.password --remove`.',
    '3. Give `sluis ca show --pem` to everybody who trusts the old root. Until they have it nothing stops.',
    '4. `sluis cert renew --expiring 1096d --batch`.',
    '5. When the last certificate under the old root has ended, take it out of every trust store; at once if its key is known to others.',
  ],
  'cert issue': [
    'The command makes the key in its own process and keeps no copy (`--keep-key`: the gateway keeps it, for mail). It refuses a request for an address of somebody else. `--legacy` is for systems that cannot read AES-256 (Windows before 1709), with weak protection. A certificate is valid for two years, at most three.',
  ],
  'cert renew': [
    'A code is valid for 30 days (`--valid`) and five wrong tries. `cert collect CODE --out FILE.p12` makes key and certificate at that moment. New ones end spread over two months; the old one stays valid until its end.',
  ],
  'cert list': [
    'Without `--account` it has those that belong to no account too; `for` is the kind:',
    '',
    '| kind | what | renewed by |',
    '| --- | --- | --- |',
    '| `listener` | what a listener shows, with its chain | new files |',
    '| `client-authority`, `mail-authority`, `time-stamp-authority` | files of `tls.client-authorities`, `smime.authorities`, `audit.timestamp-authorities` | the successor beside the old one |',
    "| `root`, `issuing`, `cross` | the gateway's own authority | [roll-over](#ca) |",
    '| `evidence` | signs evidence (20 years) | move `evidence/evidence.key` and `.pem` of the key folder away; keep the `.pem` |',
    '| `partner-certificate` | what we show to a partner | `partner set NAME --client-certificate FILE --client-key FILE` |',
    "| `partner-authority` | may have issued a partner's certificate | `partner set NAME --ca FILE`, old and new in one file |",
    "| `partner-server` | what a partner's server showed last | the partner; if pinned `partner set NAME --pin PIN --pin PIN` |",
    '',
    'One that another of the same name and purpose outlives is `replaced`, and nothing warns of it. A pin `cert:` ends with its certificate; one of a key has no end. Not listed: certificates inside time stamps, and the public authorities of Node.',
  ],
  'cert revoke': [
    'It holds at once and for ever, whatever names it was registered by, also in open sessions. `account certificate revoke` ends one registration.',
  ],
};
