/**
 * How each program submits a mail with attachments. All of them verify the server's certificate.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Payload } from './payload.ts';
import { run } from './run.ts';

/**
 * One user's side: where the gateway is, who logs in, and an empty folder to write configuration
 * in.
 */
export interface NoticeWriter {
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
  send(payload: Payload, to: string, noticeWriter: NoticeWriter): Promise<void>;
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
  async send(payload, to, noticeWriter) {
    const config = secretFile(noticeWriter.home, 'curl.conf', [
      `user = "${noticeWriter.login}:${noticeWriter.password}"`,
    ]);
    const part = (path: string, type: string, encoder: string): string[] => [
      '-F',
      `=@"${path}";type=${type};encoder=${encoder}`,
    ];
    const [...files] = payload.files.map((f) => part(f.path, f.type, 'base64'));
    await run(
      'curl',
      [
        ...['--silent', '--show-error', '--ssl-reqd', '--cacert', noticeWriter.ca, '-K', config],
        ...['--url', `smtp://${noticeWriter.host}:${noticeWriter.submission}/client.test`],
        ...['--mail-from', noticeWriter.address, '--mail-rcpt', to],
        ...['-H', `From: <${noticeWriter.address}>`, '-H', `To: <${to}>`, '-H', `Subject: ${payload.subject}`],
        ...['-F', `=<${payload.textPath};type=text/plain;charset=utf-8;encoder=quoted-printable`],
        ...files.flat(),
      ],
      { home: noticeWriter.home },
    );
  },
};

/**
 * Composes with Python's email package, for smtplib and for programs that only carry a finished
 * message.
 */
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

const job = (payload: Payload, to: string, noticeWriter: NoticeWriter): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...{ from: noticeWriter.address, to, subject: payload.subject, text: payload.textPath },
      ...{
        host: noticeWriter.host,
        port: noticeWriter.submissions,
        ca: noticeWriter.ca,
        login: noticeWriter.login,
        password: noticeWriter.password,
      },
      files: payload.files.map(({ name, path, type }) => ({ name, path, type })),
    }),
  );

const smtplib: Sender = {
  program: 'python3',
  apt: 'python3',
  async send(payload, to, noticeWriter) {
    await run('python3', ['-c', SMTPLIB], { home: noticeWriter.home, input: job(payload, to, noticeWriter) });
  },
};

const snail: Sender = {
  program: 's-nail',
  apt: 's-nail',
  async send(payload, to, noticeWriter) {
    const user = `${encodeURIComponent(noticeWriter.login)}:${encodeURIComponent(noticeWriter.password)}`;
    const rc = secretFile(noticeWriter.home, 'mailrc', [
      'set v15-compat sendwait sendcharsets=utf-8 ttycharset=utf-8',
      `set mta=submission://${user}@${noticeWriter.host}:${noticeWriter.submission} smtp-use-starttls smtp-auth=plain`,
      `set tls-verify=strict tls-ca-no-defaults tls-ca-file=${noticeWriter.ca}`,
      `set from=${noticeWriter.address} hostname=client.test`,
      // Without a type s-nail takes an attachment without control characters for text and would
      // convert its characters.
      'mimetype application/edifact edi',
    ]);
    const attachments = payload.files.flatMap((f) => ['-a', f.path]);
    await run('s-nail', ['-:u', '-s', payload.subject, ...attachments, to], {
      home: noticeWriter.home,
      input: payload.text,
      env: { MAILRC: rc },
    });
  },
};

const mutt: Sender = {
  program: 'mutt',
  apt: 'mutt',
  async send(payload, to, noticeWriter) {
    // As a workplace is set up that sends lab reports; else mutt takes Latin-1 text for text.
    writeFileSync(join(noticeWriter.home, '.mime.types'), 'application/EDIFACT edi\n');
    const rc = secretFile(noticeWriter.home, 'muttrc', [
      `set from="${noticeWriter.address}" hostname="client.test" use_envelope_from=yes copy=no`,
      `set smtp_url="smtp://${noticeWriter.login.replace('@', '%40')}@${noticeWriter.host}:${noticeWriter.submission}" smtp_pass="${noticeWriter.password}"`,
      `set ssl_starttls=yes ssl_force_tls=yes certificate_file="${noticeWriter.ca}" ssl_ca_certificates_file="${noticeWriter.ca}"`,
      'set charset="utf-8" send_charset="utf-8" rfc2047_parameters=no',
    ]);
    const attachments = payload.files.map((f) => f.path);
    await run('mutt', ['-n', '-F', rc, '-s', payload.subject, '-a', ...attachments, '--', to], {
      home: noticeWriter.home,
      input: payload.text,
    });
  },
};

const msmtp: Sender = {
  program: 'msmtp',
  apt: 'msmtp',
  async send(payload, to, noticeWriter) {
    const rc = secretFile(noticeWriter.home, 'msmtprc', [
      'defaults',
      `account gateway\nhost ${noticeWriter.host}\nport ${noticeWriter.submission}\nfrom ${noticeWriter.address}`,
      `auth plain\nuser ${noticeWriter.login}\npassword ${noticeWriter.password}`,
      `tls on\ntls_starttls on\ntls_trust_file ${noticeWriter.ca}`,
      'account default : gateway',
    ]);
    const compose = `${COMPOSE}\nsys.stdout.buffer.write(mail.as_bytes())\n`;
    const message = await run('python3', ['-c', compose], {
      home: noticeWriter.home,
      input: job(payload, to, noticeWriter),
    });
    await run('msmtp', ['-C', rc, '--', to], { home: noticeWriter.home, input: message });
  },
};

const swaks: Sender = {
  program: 'swaks',
  apt: 'swaks',
  async send(payload, to, noticeWriter) {
    const attachments = payload.files.flatMap((f) => [
      ...['--attach-type', f.type, '--attach-name', f.name, '--attach', `@${f.path}`],
    ]);
    const config = secretFile(noticeWriter.home, 'swaksrc', [`auth-password ${noticeWriter.password}`]);
    await run(
      'swaks',
      [
        ...[
          '--config',
          config,
          '--silent',
          '2',
          '--server',
          noticeWriter.host,
          '--port',
          String(noticeWriter.submission),
        ],
        ...['--ehlo', 'client.test', '--tls', '--tls-verify', '--tls-ca-path', noticeWriter.ca],
        ...['--auth', 'LOGIN', '--auth-user', noticeWriter.login, '--from', noticeWriter.address, '--to', to],
        ...['--header', `Subject: ${payload.subject}`, '--attach-type', 'text/plain; charset=utf-8'],
        ...['--attach-body', `@${payload.textPath}`, ...attachments],
      ],
      { home: noticeWriter.home },
    );
  },
};

export const senders = { curl, smtplib, snail, mutt, msmtp, swaks } as const;
