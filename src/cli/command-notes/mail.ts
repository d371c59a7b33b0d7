/** Mailboxes, partners, messages, scanning. */
import type { Notes } from '../../config/section-notes/notes.ts';

export const MAIL_NOTES: Notes = {
  partner: [
    'An organisation with a mail server of its own. The gateway pushes mail for its addresses there; with its account, of kind `partner`, it submits, and may send as all of its addresses.',
    '',
    '- **TLS** always, 1.2 or newer: an authority (`--ca`, else the public ones), the name (`--server-name`, else the host), and if there are pins (`--pin`, up to 4) one of them. A pin is `key:` or `cert:` and a SHA-256; `partner test` prints both.',
    '- **What we show**: `--client-certificate` with `--client-key`, and `--login` with a password. Both are sealed and never shown again.',
    '- **Domains**: an address that is registered by itself wins over `partner domain add`, in whatever state it is. If others have addresses in the domain, it needs `--shared`: mail to a mistyped address would reach the partner.',
    '- **Size**: `--max-message` bounds what the gateway sends to it; the setting `max-message` of its account also what it submits.',
    '',
    'What becomes of a delivery: [delivery](configuration.md#delivery).',
  ],
  'dkim make': [
    "1. Set `delivery.dkim-keys`, and make a key for the gateway's own name or a domain above it. `--kind ed25519` makes a second one, which signs besides. The key of the domain in From signs, or of the nearest above it, else that of the gateway.",
    '2. Publish the records. `sluis doctor --records` shows them, and whether they are there.',
    '3. Rename `....pem.new` to `....pem` and restart; every gateway of a store has the folder.',
    '4. `sluis partner set NAME --dkim`. A signature adds up to 1 KB.',
    '',
    'Once a year a new key: at step 3 the old file goes out of the folder, and its record stays for a week. A key that cannot be used keeps the gateway from starting; without one for its own name mail for such partners waits.',
  ],
  'mailbox restore': [
    'They come back as new messages, and the owner gets a letter with the reason. `keep-uncollected` counts from that day.',
  ],
  'mailbox import': [
    'Each message keeps the UIDL that its client knows, so nothing is fetched twice:',
    '',
    '| there is | UIDL |',
    '| --- | --- |',
    '| `dovecot-uidlist` | number and UIDVALIDITY as `%08Xu%08Xv`; `--uidl-format` if `pop3_uidl_format` was set |',
    '| `courierpop3dsizelist` | `UID12-1764158400`, as Courier writes it |',
    '| neither | the name of the file without its flags (qmail, Dovecot with `%f`) |',
    '| another system | `--uidl-file`: CSV `file,uidl` |',
    '| POP3 | what the server says |',
    '',
    'Stop delivery and logins on the old server first. `--stls` is for port 110. It deletes nothing there without `--delete`, and then only what the store has. Line ends become CRLF and NUL becomes 0x80; every other octet stays. Messages that were seen, and all of a POP3 server, count as fetched (`--count-as`). The quota is not a limit. 50 messages or 2 MiB are one transaction; given again, it leaves out what is here. A UIDL that stands twice, or has more than 70 characters, stops it. It leaves malware there (`scan.found`); without clamd it stops with 7, unless `scan.away` is `pass`. With `--from` it reports a mailbox that fails, and continues with the others.',
  ],
  takeover: [
    'A practice is the organisation of its accounts, and moves as a whole. The file has a line for each mailbox: `account,maildir` (with `user` if its login is another there), or with `--pop3` `account,user,password`.',
    '',
    '- **Rehearsal**: it logs in, lists and counts, and reads no message over POP3. It tells of refused logins, missing accounts, quotas, disk, and UIDLs that stand twice, are too long or change. It does not begin a practice with a problem (`--anyway` does); exit code 4.',
    '- **Wave**: it begins on its day (`--early`). It takes each mailbox over as `mailbox import` does, and reports one that fails; ten in a row end the command. `--again` brings what came late.',
    "- **Programs** know what they fetched by server name, user and UIDL. Keep the *name*: the DNS name moves, or the old server hands on logins. With Dovecot's `passwd-file` each user gets `nologin=y` during the wave, then `proxy=y host=NEW port=995 ssl=yes`. Where people enter another name (`letters --programs change`), a program that leaves mail on the server may fetch it once more.",
    '- **Letters**: `announce`, `moved`, `reminder`, `back`; `--out` writes files, `--notice` files messages. A practice gets each once (`--again`).',
    "- **Log**: Dovecot's (2.2 to 2.4), or CSV `user,at`. It refuses a log without a login.",
    '- **Back**: the addresses first (`address move --to-partner`), then `takeover back`. It writes what nobody fetched into the maildir there, and deletes there what programs deleted here. Over POP3 it can write nothing, and refuses while something waits.',
  ],
  'scan exempt add': [
    'It takes two people: `operators.second-person` must have `scan-exempt`, else the command refuses. One person ends it, and it ends at `--ends`. Each message that passes has `scan` = `exempt` in `message.accepted` and a row `scan.marked`. What the account receives or imports is scanned as before. It ends when the account goes to another organisation.',
    '',
    'With `--edi-from` (and `--edi-to`) only interchanges of these parties pass, and the rest of the message is scanned. It must have an end. The gateway leaves out a part only if it is text from its first character to its last and all programs read its encoding alike. Every segment must be of these parties, totals must be right, and there may be no binary object (UNO). An account has at most 20.',
  ],
  trace: [
    '`--bundle` puts all evidence into one signed file: `message.json`, `trail.jsonl`, `anchors.jsonl`, `timestamps.jsonl`, certificates, `HOW-TO-CHECK.txt`. Rows of other messages are there as digests, up to the next signed and stamped head within 50,000 rows. A Message-ID of several messages gives all of them, at most 20. It names what is gone. `--verify FILE --timestamp-authority PEM` checks the stamps without a gateway; exit code 9 if nobody says whose certificate it is, or rows have no head.',
    '',
    'A search (`--sender`, `--recipient`, `--since`) also finds refused attempts. An attempt whose sender was refused names no addressee: it shows for each.',
  ],
  'message receipt': [
    'Only if the sender had asked for a receipt; five repetitions are the most (`X-Sluis-Repeated: yes`).',
  ],
  'message withdraw': [
    'It takes the message back wherever nobody has collected it, and says who has it and since when. The sender gets a letter.',
  ],
  'message erase': [
    'It refuses while somebody waits for the message. From the second day on backups cannot open it either.',
  ],
  'smime inspect': [
    'Save the message whole. It names each check that it passed or failed; `--as ADDRESS` looks inside with held keys, `--key FILE` with one that you were given. Exit code 5: not valid or not readable; 9: nobody signed it, or it stays closed.',
  ],
};
