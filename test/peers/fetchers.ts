/**
 * How each program picks up all mail of a maildrop and deletes it there. All of them verify the
 * server's certificate.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';
import { type NoticeWriter, secretFile } from './senders.ts';

export interface Fetcher {
  readonly program: string;
  readonly apt: string;
  fetch(noticeWriter: NoticeWriter): Promise<readonly Buffer[]>;
}

const filesIn = (folder: string): Buffer[] =>
  readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));

const maildir = (home: string, name: string): string => {
  const folder = join(home, name);
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
  return folder;
};

const curl: Fetcher = {
  program: 'curl',
  apt: 'curl',
  async fetch(noticeWriter) {
    const config = secretFile(noticeWriter.home, 'curl-fetch.conf', [
      `user = "${noticeWriter.login}:${noticeWriter.password}"`,
    ]);
    const url = `pop3s://${noticeWriter.host}:${noticeWriter.pop3s}/`;
    const common = ['--silent', '--show-error', '--ssl-reqd', '--cacert', noticeWriter.ca, '-K', config];
    const list = (await run('curl', [...common, url], { home: noticeWriter.home })).toString('latin1');
    const numbers = list.split(/\r?\n/).flatMap((line) => /^(\d+) \d+/.exec(line)?.[1] ?? []);
    const messages: Buffer[] = [];
    for (const n of numbers) messages.push(await run('curl', [...common, `${url}${n}`], { home: noticeWriter.home }));
    for (const n of numbers.toReversed())
      await run('curl', [...common, '--request', `DELE ${n}`, '--head', url], { home: noticeWriter.home });
    return messages;
  },
};

const POPLIB = `
import json, poplib, ssl, sys
job = json.load(sys.stdin)
poplib._MAXLINE = 65536
pop = poplib.POP3(job['host'], job['port'])
pop.stls(context=ssl.create_default_context(cafile=job['ca']))
pop.user(job['login']); pop.pass_(job['password'])
count, octets = pop.stat()
seen = 0
for n in range(1, count + 1):
    _, lines, size = pop.retr(n)
    seen += size
    sys.stdout.buffer.write(b'%d\\n' % size + b''.join(l + b'\\r\\n' for l in lines))
    pop.dele(n)
pop.quit()
assert seen == octets, (seen, octets)
`;

const poplib: Fetcher = {
  program: 'python3',
  apt: 'python3',
  async fetch(noticeWriter) {
    const { host, pop3: port, ca, login, password } = noticeWriter;
    const input = Buffer.from(JSON.stringify({ host, port, ca, login, password }));
    let rest = await run('python3', ['-c', POPLIB], { home: noticeWriter.home, input });
    const messages: Buffer[] = [];
    while (rest.length > 0) {
      const start = rest.indexOf(0x0a) + 1;
      const size = Number(rest.toString('latin1', 0, start));
      messages.push(rest.subarray(start, start + size));
      rest = rest.subarray(start + size);
    }
    return messages;
  },
};

const snail: Fetcher = {
  program: 's-nail',
  apt: 's-nail',
  async fetch(noticeWriter) {
    const user = `${encodeURIComponent(noticeWriter.login)}:${encodeURIComponent(noticeWriter.password)}`;
    const box = join(noticeWriter.home, 'fetched.mbox');
    const rc = secretFile(noticeWriter.home, 'mailrc-fetch', [
      'set v15-compat ttycharset=utf-8 pop3-bulk-load',
      `set tls-verify=strict tls-ca-no-defaults tls-ca-file=${noticeWriter.ca}`,
    ]);
    await run('s-nail', ['-:u', '-f', `pop3s://${user}@${noticeWriter.host}:${noticeWriter.pop3s}`], {
      home: noticeWriter.home,
      input: Buffer.from(`move * "${box}"\nquit\n`),
      env: { MAILRC: rc },
    });
    if (!existsSync(box)) return []; // made with the first message only
    // An mbox quotes lines that start with "From "; its reader takes that back.
    return readFileSync(box)
      .toString('latin1')
      .split(/^From .*\n/m)
      .slice(1)
      .map((message) => Buffer.from(message.replace(/^>(>*From )/gm, '$1').replace(/\n\n$/, '\n'), 'latin1'));
  },
};

const mpop: Fetcher = {
  program: 'mpop',
  apt: 'mpop',
  async fetch(noticeWriter) {
    const box = maildir(noticeWriter.home, 'mpop');
    const rc = secretFile(noticeWriter.home, 'mpoprc', [
      `account gateway\nhost ${noticeWriter.host}\nport ${noticeWriter.pop3}\nauth user`,
      `user ${noticeWriter.login}\npassword ${noticeWriter.password}`,
      `tls on\ntls_starttls on\ntls_trust_file ${noticeWriter.ca}`,
      `delivery maildir ${box}\nkeep off\nreceived_header off\nuidls_file ${join(noticeWriter.home, 'uidls')}`,
      'account default : gateway',
    ]);
    await run('mpop', ['-C', rc, '--quiet'], { home: noticeWriter.home });
    return filesIn(join(box, 'new'));
  },
};

const fetchmail: Fetcher = {
  program: 'fetchmail',
  apt: 'fetchmail',
  async fetch(noticeWriter) {
    const folder = join(noticeWriter.home, 'fetchmail');
    mkdirSync(folder, { recursive: true });
    const rc = secretFile(noticeWriter.home, 'fetchmailrc', [
      `set idfile "${join(noticeWriter.home, 'fetchids')}"`,
      `poll ${noticeWriter.host} protocol pop3 port ${noticeWriter.pop3} timeout 30`,
      `  user "${noticeWriter.login}" password "${noticeWriter.password}"`,
      `  sslproto "TLS1.2+" sslcertck sslcertfile "${noticeWriter.ca}"`,
      // Quietly: fetchmail warns that it runs as root, and adds a Received line of its own.
      `  no rewrite fetchall no keep mda "sh -c 'cat > ${folder}/$$'"`,
    ]);
    await run('fetchmail', ['--silent', '--fetchmailrc', rc, '--pidfile', join(noticeWriter.home, 'pid')], {
      home: noticeWriter.home,
      alsoFine: [1], // there was no mail
    });
    return filesIn(folder);
  },
};

const getmail: Fetcher = {
  program: 'getmail',
  apt: 'getmail6',
  async fetch(noticeWriter) {
    const folder = join(noticeWriter.home, 'getmail');
    mkdirSync(folder, { recursive: true });
    secretFile(noticeWriter.home, 'getmailrc', [
      `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = ${noticeWriter.host}\nport = ${noticeWriter.pop3s}`,
      `username = ${noticeWriter.login}\npassword = ${noticeWriter.password}\nca_certs = ${noticeWriter.ca}`,
      // Its own maildir delivery refuses to run as root, which a container's user often is.
      `[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ('-c', 'cat > ${folder}/$$')`,
      'allow_root_commands = true',
      '[options]\ndelete = true\nread_all = true\ndelivered_to = false\nreceived = false\nverbose = 0',
    ]);
    await run('getmail', ['--getmaildir', noticeWriter.home, '--rcfile', 'getmailrc', '--quiet'], {
      home: noticeWriter.home,
    });
    return filesIn(folder);
  },
};

export const fetchers = { curl, poplib, snail, mpop, fetchmail, getmail } as const;
