import { mkdirSync, writeFileSync } from 'node:fs';
import { mayLogIn, passwordFile } from './mail.ts';
import type { SubjectScene } from './scene.ts';

/** A practice of one mailbox, at an old server that writes a log. */
export const takeover: SubjectScene = {
  files: {
    ...passwordFile,
    'north.csv': 'account,maildir\nhuisarts,Maildir\n',
    'dovecot.log':
      'Dec 01 09:00:00 pop3-login: Info: Login: user=<huisarts>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, TLS\n',
  },
  before: { 'takeover wave': ['takeover rehearse --wave north-1 --day today --from north.csv'] },
  begin: [
    mayLogIn,
    () => {
      for (const part of ['cur', 'new', 'tmp']) mkdirSync(`Maildir/${part}`, { recursive: true });
      writeFileSync('Maildir/cur/1700000000.1.old:2,S', 'Message-ID: <1@old.example>\nSubject: 1\n\n1\n');
    },
  ],
};
