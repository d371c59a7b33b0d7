/** The gateway itself: start, store, backups, sites. */
import type { Notes } from '../../config/section-notes/notes.ts';

export const GATEWAY_NOTES: Notes = {
  init: [
    'With `--postgres --sql` it prints what an administrator runs in psql: an empty database, the role that owns its tables, the role of the gateway, which changes no table, and that of the backups. PostgreSQL 16 to 18 runs at three places, whose servers have names that begin with their place (`noord-1`), TLS, and no pooler. `fsync` and `full_page_writes` stay on; `synchronous_standby_names` names those of the other places. Then, on the first gateway:',
    '',
    '    sluis init --config sluis.toml --hostname mail.example.nl --postgres --node gw1 --site noord \\',
    '      --host db1.example.nl:5432 --host db2.example.nl:5432 --host db3.example.nl:5432 \\',
    '      --ca db-ca.pem --password-file db-password --owner-password-file owner-password',
    '',
    'The gateway does not keep the password of the owner. On each further gateway, after you have carried the master key over by a safe way:',
    '',
    '    sluis init --config sluis.toml --hostname mail.example.nl --postgres --join --node gw2 --site zuid \\',
    '      --host db1.example.nl:5432 --host db2.example.nl:5432 --host db3.example.nl:5432 \\',
    '      --ca db-ca.pem --password-file db-password --master-key-file master.key \\',
    '      --cluster-listen 10.2.0.11:7443 --peer gw1.noord.example.nl:7443 \\',
    '      --cluster-ca cluster-ca.pem --cluster-certificate cluster.pem --cluster-key cluster.key',
    '',
    'Before it writes anything, it says what would keep it from ever serving. Enter the new one in `cluster.peers` of all others, restart them, and start it the same day: the gateways make keys of new days only while all of `peers` answer. An upgrade that brings a migration needs the owner once: start the new program with `user` and `password-file` of the owner, stop it, and put the role of the gateway back.',
  ],
  sandbox: [
    'A program that runs by itself polls every few seconds; a scenario waits ten minutes for it at most. `--fetch` fetches all mail once, `--send` sends one message to `$SANDBOX_TO`; a shell runs them again until they end with 0. They get `SANDBOX_HOST`, `SANDBOX_LOGIN`, `SANDBOX_PASSWORD`, `SANDBOX_CA`, `SANDBOX_SCENARIO` and the ports: `SANDBOX_POP3S_PORT`, `SANDBOX_POP3_PORT`, `SANDBOX_SUBMISSIONS_PORT`, `SANDBOX_SUBMISSION_PORT`, `SANDBOX_API_PORT`. `--stored` does not find what is compressed or encrypted. A next run in the same folder has the same host, ports, account and password.',
    '',
    'Verdicts: *passed*; *remarks*: mail is safe, and the page asks for something else; *failed*: a result could be lost, filed twice, read by others, or taken for sent; *not tried*: `why` says how far it got. Exit code 5: something failed; 9: something was not tried. `report.txt` has what is printed; "Look yourself" marks what no line shows.',
  ],
  check: [
    'It reads every file that the configuration names by what `serve` reads it with, and looks whether places can be written and programs are there. Run by root, it looks at them once more with the rights of the user that the gateway runs as: that of the unit which names this configuration, else the owner of the data folder. It runs nothing but `master-key-command`, and opens no store. A revocation list that cannot be used is an error here, while `serve` continues. Backups, drills, escrow and agreements are reminders (`Warning: ...`, exit code 0), asked of the running gateway. `--monitor`: [signals](signals.md#a-monitor-without-prometheus).',
  ],
  status: [
    'Exit code 6: a full disk; 7: another reason against mail, or a drain. Plain `status` names what needs attention; `--all` adds the gateways that share the store and the servers with role and position.',
  ],
  reload: [
    'Takes effect at once: certificates and keys, authorities, the section `connections`, and `log.level`. Everything else waits for a restart, and the answer names it. Exit code 7 if no gateway runs: it reads the files at its start.',
  ],
  doctor: [
    'It grades versions, suites, curves, certificates and renegotiation by the NCSC-NL TLS guidelines 2025-05. Exit code 5: anything worse than sufficient, except what a legacy listener phases out until its last day; 7: a port does not answer. It says what its OpenSSL cannot ask for.',
    '',
    "`--records` prints the DNS records for the gateway's own name as a zone file has them: TLSA (3 1 1), MTA-STS with its policy, SPF, DKIM (also of keys that wait, `.pem.new`), DMARC, and those of `setup.domains`. It says whether each stands, and judges the questions of the mail test of internet.nl (`pass`, `fail`, `unknown` if only somebody outside can tell). It asks only the resolver and its own listener. Exit code 5: a record is there and wrong. `--report` writes the grades of TLS, unsigned.",
  ],
  restore: [
    'It proves each step: manifest and signature, checksums, pages, version, counts, the trail to the row that the manifest names, keys, and a sample of messages (`--all`: each). Steps and what comes afterwards: [run](run.md#restore-step-by-step).',
    '',
    'PostgreSQL, to a moment, on the machine of the new server with configuration, master key and key folder of a gateway, as root or `postgres`:',
    '',
    '    sluis restore /mnt/derde/sluis/2026-11-28T013000Z --into /var/lib/postgresql/17/restored --until 2026-11-28T11:59:00+01:00 --reason "..."',
    '',
    'Without `--until` it restores as much as the log has, with `--without-log` the backup alone. It refuses a moment outside. Numbers of all kinds leap, rights of gateways end, and deliveries are held. It then says what comes next: start the server, make standbys again, start the gateways under their former names.',
    '',
    'Messages of days that were erased since the backup leave the mailboxes: nobody can open them.',
  ],
  'store move': [
    'Stop the gateway for it. Ids, UIDLs, passwords, the trail and evidence are the same afterwards.',
    '',
    '1. An empty database, as for [init](#init) with `--postgres`.',
    '2. In a copy of the configuration: `[store]` with `engine = "postgres"`, `hosts`, `ca` and `password-file`, `[cluster]` with `node` and `site`. Folders and master key stay.',
    '3. `systemctl stop sluis`, and a last backup. Then:',
    '',
    '       sluis store move --config sluis-postgres.toml --owner-password-file owner-password --reason "a second site"',
    '',
    '4. Put the copy in the place of the configuration, `sluis check`, start the gateway, take a base backup.',
    '',
    'It reads every row again on both sides, and each table must come to the same SHA-256; only then `sluis.db` becomes `sluis-moved.db`. Cut short, the same command continues. 50,466 rows took 11 s. Back, before a gateway has served the new store: rename `sluis-moved.db` to `sluis.db`, take the old configuration, drop the database.',
  ],
  'store compact': [
    'It compares the new file with the old one (tables, rows, pages, the trail) before it replaces it. On PostgreSQL it refuses: autovacuum returns space.',
  ],
  'drill restore': [
    '`--keys-from FOLDER` opens the backup with the copy of the keys and nothing of the key folder, and compares the two. The report notes what the drill was made with (`marks`). One that is unsigned, changed or renamed counts for nothing.',
  ],
  'drill watch': [
    'It asks for the greeting ten times a second: it sees whether the port answers, not whether messages are accepted.',
  ],
  'site alone': ['See [two sites](two-sites.md#one-place-alone).'],
  completion: [
    'For example `sluis completion bash > /etc/bash_completion.d/sluis`, `sluis completion zsh > /usr/local/share/zsh/site-functions/_sluis`, `sluis completion fish > /etc/fish/completions/sluis.fish`; again after an upgrade. It does not offer names of accounts: each Tab would be a row of the trail.',
  ],
};
