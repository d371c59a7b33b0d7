/**
 * Programs in front of the sandbox: those of others as docs/systems.md sets them up, and two of
 * ours that are wrong on purpose.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sluis } from '../support/command-line.ts';

const here = join(import.meta.dirname, '..', '..', 'test', 'peers');

export const badReceiver = (store: string): string =>
  `STORE='${store}' exec python3 '${join(here, 'sandbox_bad_receiver.py')}'`;
export const badSender = `exec python3 '${join(here, 'sandbox_bad_sender.py')}'`;

/**
 * Configuration files are written by the command itself, since ports and password are those of the
 * sandbox.
 */
const commands = {
  mpop: `cat > mpoprc <<E
account sluis
host $SANDBOX_HOST
port $SANDBOX_POP3_PORT
auth user
user $SANDBOX_LOGIN
password $SANDBOX_PASSWORD
tls on
tls_starttls on
tls_trust_file $SANDBOX_CA
delivery mbox inbox
keep off
uidls_file uidls
account default : sluis
E
chmod 600 mpoprc; exec mpop -C mpoprc --quiet`,
  fetchmail: `cat > fetchmailrc <<E
set idfile "$PWD/fetchids"
poll $SANDBOX_HOST protocol pop3 port $SANDBOX_POP3_PORT timeout 60
  user "$SANDBOX_LOGIN" password "$SANDBOX_PASSWORD"
  sslproto "TLS1.2+" sslcertck sslcertfile "$SANDBOX_CA"
  no rewrite fetchall no keep mda "cat >> inbox"
E
chmod 600 fetchmailrc; exec fetchmail --silent --nosyslog --fetchmailrc fetchmailrc --pidfile "$PWD/fetchmail.pid"`,
  getmail: `cat > getmailrc <<E
[retriever]
type = SimplePOP3SSLRetriever
server = $SANDBOX_HOST
port = $SANDBOX_POP3S_PORT
username = $SANDBOX_LOGIN
password = $SANDBOX_PASSWORD
ca_certs = $SANDBOX_CA
[destination]
type = MDA_external
path = /bin/sh
arguments = ('-c', 'cat >> inbox')
allow_root_commands = true
[options]
delete = true
delivered_to = false
received = false
E
chmod 600 getmailrc; exec getmail --getmaildir . --rcfile getmailrc --quiet`,
  msmtp: `[ -f queued ] || printf 'From: <%s>\\nTo: <%s>\\nMessage-ID: <%s@vendor.test>\\nDate: Wed, 02 Dec 2026 10:00:00 +0000\\nSubject: Uitslag\\n\\nHb 8.2\\n' "$SANDBOX_LOGIN" "$SANDBOX_TO" "$(date +%s%N)" > queued
cat > msmtprc <<E
defaults
auth plain
tls on
tls_starttls on
tls_trust_file $SANDBOX_CA
account sluis
host $SANDBOX_HOST
port $SANDBOX_SUBMISSION_PORT
from $SANDBOX_LOGIN
user $SANDBOX_LOGIN
password $SANDBOX_PASSWORD
account default : sluis
E
chmod 600 msmtprc; msmtp -C msmtprc -- $SANDBOX_TO < queued && rm queued`,
} as const;

export function commandOf(program: keyof typeof commands, folder: string): string {
  const script = join(folder, `${program}.sh`);
  writeFileSync(script, commands[program]);
  return `cd '${folder}' && exec sh '${script}'`;
}

interface Told {
  readonly scenarios: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly why?: string;
    readonly findings: readonly { readonly level: string; readonly says: string }[];
    readonly patient: readonly string[];
    readonly rules: readonly string[];
  }[];
}

/** Runs `sluis sandbox` on free ports, with a clock that is quick. */
export async function trial(
  folder: string,
  args: readonly string[],
  scenarios: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly told: Told; readonly err: string }> {
  const quick = ['--free-ports', '--slow', '1', '--hour', '2', '--patience', '60'];
  const { code, stdout, stderr } = await sluis(['sandbox', ...scenarios, ...args, ...quick, '--json'], { cwd: folder });
  if (stdout === '') throw new Error(stderr);
  return { code, told: JSON.parse(stdout) as Told, err: stderr };
}
