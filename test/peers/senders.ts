/** How each program submits a mail with attachments. All of them verify the server's certificate. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Payload } from './payload.ts';
import { run } from './run.ts';

/** One user's side: where the gateway is, who logs in, and an empty folder to write configuration in. */
export interface Desk {
  readonly home: string;
  readonly host: string;
  readonly submission: number;
  readonly submissions: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly ca: string;
  readonly login: string;
  readonly password: string;
  readonly address: string;
}

export interface Sender {
  readonly program: string;
  readonly apt: string;
  send(payload: Payload, to: string, desk: Desk): Promise<void>;
}

/** Secrets go into files with mode 0600, not into arguments that `ps` shows. */
export function secretFile(home: string, name: string, lines: readonly string[]): string {
  const file = join(home, name);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

const curl: Sender = {
  program: 'curl',
  apt: 'curl',
  async send(payload, to, desk) {
    const config = secretFile(desk.home, 'curl.conf', [`user = "${desk.login}:${desk.password}"`]);
    const part = (path: string, type: string, encoder: string): string[] => [
      '-F',
      `=@"${path}";type=${type};encoder=${encoder}`,
    ];
    const [...files] = payload.files.map((f) => part(f.path, f.type, 'base64'));
    await run(
      'curl',
      [
        ...['--silent', '--show-error', '--ssl-reqd', '--cacert', desk.ca, '-K', config],
        ...['--url', `smtp://${desk.host}:${desk.submission}/client.test`],
        ...['--mail-from', desk.address, '--mail-rcpt', to],
        ...['-H', `From: <${desk.address}>`, '-H', `To: <${to}>`, '-H', `Subject: ${payload.subject}`],
        ...['-F', `=<${payload.textPath};type=text/plain;charset=utf-8;encoder=quoted-printable`],
        ...files.flat(),
      ],
      { home: desk.home },
    );
  },
};

/** Composes with Python's email package, for smtplib and for programs that only carry a finished message. */
const COMPOSE = `
import json, sys
from email.message import EmailMessage
from email.policy import SMTP
job = json.load(sys.stdin)
mail = EmailMessage(policy=SMTP)
mail['From'], mail['To'], mail['Subject'] = job['from'], job['to'], job['subject']
mail.set_content(open(job['text'], encoding='utf-8', newline='').read())
for f in job['files']:
    main, sub = f['type'].split('/')
    mail.add_attachment(open(f['path'], 'rb').read(), maintype=main, subtype=sub, filename=f['name'])
`;
const SMTPLIB = `${COMPOSE}
import smtplib, ssl
with smtplib.SMTP_SSL(job['host'], job['port'], context=ssl.create_default_context(cafile=job['ca'])) as smtp:
    smtp.login(job['login'], job['password'])
    # Not send_message: it writes ">From " where a line starts with "From ".
    refused = smtp.sendmail(job['from'], [job['to']], mail.as_bytes())
    assert not refused, refused
`;

const job = (payload: Payload, to: string, desk: Desk): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...{ from: desk.address, to, subject: payload.subject, text: payload.textPath },
      ...{ host: desk.host, port: desk.submissions, ca: desk.ca, login: desk.login, password: desk.password },
      files: payload.files.map(({ name, path, type }) => ({ name, path, type })),
    }),
  );

const smtplib: Sender = {
  program: 'python3',
  apt: 'python3',
  async send(payload, to, desk) {
    await run('python3', ['-c', SMTPLIB], { home: desk.home, input: job(payload, to, desk) });
  },
};

const snail: Sender = {
  program: 's-nail',
  apt: 's-nail',
  async send(payload, to, desk) {
    const user = `${encodeURIComponent(desk.login)}:${encodeURIComponent(desk.password)}`;
    const rc = secretFile(desk.home, 'mailrc', [
      'set v15-compat sendwait sendcharsets=utf-8 ttycharset=utf-8',
      `set mta=submission://${user}@${desk.host}:${desk.submission} smtp-use-starttls smtp-auth=plain`,
      `set tls-verify=strict tls-ca-no-defaults tls-ca-file=${desk.ca}`,
      `set from=${desk.address} hostname=client.test`,
      // Without a type s-nail takes an attachment without control characters for text and would convert its characters.
      'mimetype application/edifact edi',
    ]);
    const attachments = payload.files.flatMap((f) => ['-a', f.path]);
    await run('s-nail', ['-:u', '-s', payload.subject, ...attachments, to], {
      home: desk.home,
      input: payload.text,
      env: { MAILRC: rc },
    });
  },
};

const mutt: Sender = {
  program: 'mutt',
  apt: 'mutt',
  async send(payload, to, desk) {
    // As a workplace is set up that sends lab reports; else mutt takes Latin-1 text for text.
    writeFileSync(join(desk.home, '.mime.types'), 'application/EDIFACT edi\n');
    const rc = secretFile(desk.home, 'muttrc', [
      `set from="${desk.address}" hostname="client.test" use_envelope_from=yes copy=no`,
      `set smtp_url="smtp://${desk.login.replace('@', '%40')}@${desk.host}:${desk.submission}" smtp_pass="${desk.password}"`,
      `set ssl_starttls=yes ssl_force_tls=yes certificate_file="${desk.ca}" ssl_ca_certificates_file="${desk.ca}"`,
      'set charset="utf-8" send_charset="utf-8" rfc2047_parameters=no',
    ]);
    const attachments = payload.files.map((f) => f.path);
    await run('mutt', ['-n', '-F', rc, '-s', payload.subject, '-a', ...attachments, '--', to], {
      home: desk.home,
      input: payload.text,
    });
  },
};

const msmtp: Sender = {
  program: 'msmtp',
  apt: 'msmtp',
  async send(payload, to, desk) {
    const rc = secretFile(desk.home, 'msmtprc', [
      'defaults',
      `account gateway\nhost ${desk.host}\nport ${desk.submission}\nfrom ${desk.address}`,
      `auth plain\nuser ${desk.login}\npassword ${desk.password}`,
      `tls on\ntls_starttls on\ntls_trust_file ${desk.ca}`,
      'account default : gateway',
    ]);
    const compose = `${COMPOSE}\nsys.stdout.buffer.write(mail.as_bytes())\n`;
    const message = await run('python3', ['-c', compose], { home: desk.home, input: job(payload, to, desk) });
    await run('msmtp', ['-C', rc, '--', to], { home: desk.home, input: message });
  },
};

const swaks: Sender = {
  program: 'swaks',
  apt: 'swaks',
  async send(payload, to, desk) {
    const attachments = payload.files.flatMap((f) => [
      ...['--attach-type', f.type, '--attach-name', f.name, '--attach', `@${f.path}`],
    ]);
    const config = secretFile(desk.home, 'swaksrc', [`auth-password ${desk.password}`]);
    await run(
      'swaks',
      [
        ...['--config', config, '--silent', '2', '--server', desk.host, '--port', String(desk.submission)],
        ...['--ehlo', 'client.test', '--tls', '--tls-verify', '--tls-ca-path', desk.ca],
        ...['--auth', 'LOGIN', '--auth-user', desk.login, '--from', desk.address, '--to', to],
        ...['--header', `Subject: ${payload.subject}`, '--attach-type', 'text/plain; charset=utf-8'],
        ...['--attach-body', `@${payload.textPath}`, ...attachments],
      ],
      { home: desk.home },
    );
  },
};

export const senders = { curl, smtplib, snail, mutt, msmtp, swaks } as const;
