/** Organisations, accounts, addresses, and reports about people. */
import type { Notes } from '../../config/section-notes/notes.ts';

export const PEOPLE_NOTES: Notes = {
  'organisation set': [
    'The gateway tells the former contact, in its mailbox, of a change of contact, telephone or post; the answer says who was told, or that nobody could be. It refuses a contact that cannot serve; if the contact belongs to another organisation, the command says so.',
  ],
  'organisation end': [
    'It takes the same time of grace as [account end](#account-end), with all accounts, and `organisation resume` brings all of it back as it was.',
  ],
  'organisation merge': [
    "- **Accounts** of A become B's with logins, passwords, certificates, mail and uids; open sessions continue. Accounts that had ended stay A's.",
    '- **Addresses** stay for good, or with `--until` until a date (its end in Amsterdam). Then senders read 551 5.1.6 with the successor. `--successors FILE`: CSV `old,new,mailbox`, at most 50,000 lines. A `new` that nobody has is registered; an empty one lets the address continue; `mailbox` is an account of B that takes the mail from now on.',
    '- **EDI identities** go over first. It refuses an id that both have with other qualifiers, one of them for one account.',
    "- It lists **settings** that differ; those of B hold, unless `--keep-settings` puts A's on each account. It names accounts that B's `login` would lock out.",
    '- **Certificates** that name A hold until they end; `--revoke` revokes them (`affiliationChanged`).',
    '- **Partners** go over with server, secrets, queue and domains; webhooks of accounts too, those of A end.',
    "- **A** has ended. Its trail up to that moment stays A's (`organisation export`, `organisation erase`).",
    '',
    '100 accounts are one transaction. Until it is done A can neither be suspended nor get accounts. Two people sign if `operators.second-person` has `address-move`; what they sign has the checksum of the file.',
  ],
  'organisation erase': [
    'Addresses and domains stay blocked for ever; issued certificates are revoked and stay listed; envelopes run out with the trace. It refuses while there is mail, unless `--discard-mail`. Rows of access and change in the trail keep who and where for their time, and the statement says how many. After a crash the same command continues. `sluis trace --verify` and openssl check the statement.',
  ],
  'account import': [
    'CSV in UTF-8 with comma or semicolon; the first line names the columns: `login,address,organisation,password` or `password_hash` (argon2id, bcrypt, sha512-crypt, SSHA), and optionally `kind`. Several addresses have a space between them. It reports every bad line with its number, and then changes nothing. Bring hashes: with passwords 20,000 take five minutes of both cores, with hashes six seconds. With `--observe 30d` accounts get every tolerance of [old systems](configuration.md#old-systems) but `quirk-delete-on-disconnect`; see `account observed` and `account enforce`.',
  ],
  'account set': [
    'With `--from FILE`: CSV `account,quota,line-ends`: the account, then settings. An empty field changes nothing, `default` takes the setting back. 250 lines are one transaction; given again it continues where it was cut short.',
  ],
  'account end': [
    '- At once its addresses accept no mail: senders read 551 5.1.6 with the successor, or 550 5.1.1. It sends nothing. One-time codes are void.',
    '- During the grace its owner logs in and collects, nobody else can have its names, and `resume` brings all of it back. If it is suspended as well, the first `resume` takes back only that.',
    '- Then it is final. The daily round revokes its certificates (`cessationOfOperation`) and OpenPGP keys, takes back rights to send and consents, and publishes the lists. Held private keys go as soon as no mail needs them.',
    '- With `--now` open sessions are closed. Given again it sets another end. Nobody ever gets an address or a login that ended.',
    '- With `--from` it checks all lines first, then ends 200 in a transaction; `grace` and `successor` of a line win (`0d`: at once).',
    '',
    'The same holds for `address end`, `partner end` and `organisation end`. At a terminal such commands show what goes along and ask for the name; without one they need `--yes` and `--reason`.',
  ],
  'account move': [
    '- A new account of the other organisation takes login, passwords, app passwords, webhooks, addresses with settings, certificates and OpenPGP keys. It takes the mail since that day (its first moment in Amsterdam; up to 92 days back). Programs keep password and UIDLs.',
    '- What was before stays as account `jansen~2026-11-26`: for 30 days (`--grace`) it can be fetched by `mailbox export`, or over POP3 with a new password.',
    '- Revoked: certificates that name the old organisation (`affiliationChanged`). Taken back: rights to send and consents with anybody else. EDI identities stay with the old one; the command says how to register them again. A scan exemption ends.',
    '- Open sessions end; a message whose last line had come is answered 451. The mailbox follows in steps of 200 messages, and after a crash the next start continues.',
    '- With `--from`: CSV `account,organisation,since`; it checks all lines before the first account moves; two people sign for at most 100 accounts.',
  ],
  'account contain': [
    'One transaction suspends the account, removes every password, revokes every certificate for login and voids codes for new ones. Then open sessions end and the TLS tickets of all listeners are void. It checks all names before it touches the first; 200 accounts are one transaction.',
  ],
  'account reset': [
    "A code is valid for 7 days (`--valid`, at most 30) and five wrong tries. It changes nothing until it is used: then the old password is gone and its sessions end. It refuses a contact that is not a registered address, or that leads to the mailbox whose password was lost. It also refuses one whose mailbox a program empties or nobody can open. Then use `--letter`. Whoever reads a letter can set the password, and the trail says so (`by: letter`). A partner's address may be the contact: the code is pushed by verified TLS. Many: 100 accounts are one transaction; `--continue` continues. If `operators.second-person` has `code`, two people sign for each hundred letters.",
  ],
  'account certificate add': [
    '`--match pin` takes one certificate of any issuer. `--match subject` and `--match san` outlive a renewal, and hold for authorities in `tls.client-authorities` only. A certificate leads to one account.',
  ],
  'account app-password add': [
    '256 random bits, kept as a hash and shown once. It begins with `sluisapp_`, so scanners of repositories find it.',
  ],
  'account enforce': [
    "It takes back each tolerance that an observed account did not need, 500 accounts a transaction, so that the organisation's rules hold for it.",
  ],
  'address move': [
    'Mail accepted from then on goes to the new place, even if RCPT came before. What waits for a partner still goes there; `--queued move` files it here, but for what is on its way. `--from FILE`: CSV `address,account`, 500 in a transaction. Between organisations only from or to a partner; `--to-partner` takes a move back.',
  ],
  'address absence add': [
    'See [absence](configuration.md#absence). `address absence import`: CSV `address,from,until`, and optionally `substitute` and `refuse` (yes or no).',
  ],
  'notice send': [
    'The contact of each organisation gets it, else its first account for people, never a system. The text is UTF-8 of at most 64 KiB; with `--en FILE` each gets both, its own language first. The same `--id` reaches only those that do not have it yet.',
  ],
  'report usage': [
    'A month begins and ends at midnight in Amsterdam. Figures are kept for seven years (`store.keep-usage`), also when mail, accounts and organisations have gone.',
    '',
    '| figure | what counts |',
    '| --- | --- |',
    '| sent | messages that were answered `250`, each once, whatever became of them; octets as submitted |',
    '| recipients | RCPT that were answered `250` |',
    "| received | messages of others filed in the mailbox, each once; of a partner's account, deliveries that its server accepted. Held mail counts when it is released |",
    '| notices | what the gateway itself wrote; in none of the others |',
    '| collected | messages fetched to their end and confirmed by QUIT, or fetched twice; again when handed out again |',
    "| pushed | deliveries that the partner's server accepted |",
    '| refused | MAIL, RCPT and messages that were answered 4xx or 5xx |',
    '| logins refused | wrong passwords, blocked accounts and so on; not those that were not judged, nor names that nobody has |',
    '| days | days on which the account logged in, sent, fetched, or its server accepted mail |',
    '| last login, idle since | as of today; the last day with anything done, `never` if there is none |',
    '',
    'Imported mail counts as neither sent nor received. An account that moved has a line in both organisations. After a crash the next start counts the rest from the trail. A name that a spreadsheet would take for a formula has an apostrophe in front.',
  ],
  'report availability': [
    'A minute is available if the whole [probe](configuration.md#probe) succeeded in it. Planned stops count as not available; the report names their minutes.',
    '',
    '| cause | what failed |',
    '| --- | --- |',
    '| `submit-connect`, `fetch-connect` | no connection: name, network, load balancer, or nothing listens |',
    '| `submit-tls`, `fetch-tls` | the certificate is of somebody else, has ended, or none is shown |',
    '| `submit-login`, `fetch-login` | the login, or the mailbox was in use |',
    '| `submit-refused`, `fetch-refused` | the reply: `451` if the store acknowledges nothing |',
    '| `submit-lost`, `fetch-lost` | the connection ended, or no answer came in time |',
    '| `not-found` | the message was accepted and is not there. **Look at once** |',
    '| `not-erased` | QUIT was not acknowledged |',
    '| `account` | the probe account is missing, suspended, or could not be asked for |',
    '| `stopped` | a planned stop, or a drain |',
    '| `unmeasured` | no gateway ran, or none could write |',
  ],
  operator: [
    "Root and the gateway's user are the owner and may do everything. Everybody else is an operator: a name, a role, and how he is known. The gateway checks the right before it looks anything up; else exit code 10, and the refusal is in the trail. Nobody gives a role above his own.",
    '',
    '- **Of one organisation** (`--organisation`): what others own is not there (exit code 3); what is about the whole gateway is refused (10).',
    '- **Tokens** begin with `sluis_` and have 256 random bits, of which the gateway keeps the SHA-256. A token may do what its scope and its operator have in common, from its networks, for at most 366 days. The gateway refuses every bad token with one text; the reason is in the trail (`operator.token-refused`).',
    '- Rows of the trail have `proof` if the name is proven: `token`, `certificate`, `passkey`, `signatures`.',
  ],
  webhook: [
    'With `--account` it gets events of that account, with `--organisation` of its accounts, without either of all (owners only); without `--event` events of every kind:',
    '',
    '| event | of whom | what happened |',
    '| --- | --- | --- |',
    '| `message.received` | owner of the mailbox | a message is in the mailbox (`octets`); held mail when it is released |',
    '| `message.delivered` | sender | it is in a mailbox (`to: mailbox`, `recipients`), or a partner accepted it (`to: partner`) |',
    '| `message.collected` | sender | it was fetched, each time; not with `collected-receipts=never` |',
    '| `message.failed` | sender | `why`: not-delivered, not-collected, withdrawn |',
    '| `certificate.ending` | account | `fingerprint`, `days` before the end |',
    '| `account.added`, `account.suspended`, `account.resumed`, `account.ending` (`endsAt`), `account.ended`, `account.moved` | account | contained counts as suspended |',
    '',
    'The body has ids and nothing of the content: `{"type":..., "timestamp":..., "data":{"accountId":..., "organisationId":..., "messageId":...}}`. Headers: `webhook-id` (the same when sent again), `webhook-timestamp`, `webhook-signature`; `webhook rotate` lets the old secret sign for 7 days more. An answer of 200 to 299 within 15 seconds accepts the event. Each event comes at least once and in order; what the receiver did not accept, the gateway tries again after 5 s, 30 s, 2, 10 and 30 minutes, 1, 2, 4 and 8 hours. After the tenth failure the webhook is paused, and events older than 7 days are left out (`missedUntil`). 410 ends it. A suspended account or organisation gets no events meanwhile.',
  ],
};
