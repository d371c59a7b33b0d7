import { mkdirSync, writeFileSync } from 'node:fs';
import { mayLogIn, passwordFile, submits } from './mail.ts';
import type { SubjectScene } from './scene.ts';

export const mailbox: SubjectScene = {
  files: { ...passwordFile, 'mailboxes.csv': 'account,maildir\nhuisarts,Maildir\n' },
  replace: { '5d0q3v9kz2m4x': 'message' },
  before: {
    'mailbox set-aside': [
      'organisation set praktijk-jansen purpose=care',
      mayLogIn,
      submits('huisarts@huisarts.example'),
    ],
  },
  begin: [
    () => {
      for (const part of ['cur', 'new', 'tmp']) mkdirSync(`Maildir/${part}`, { recursive: true });
      writeFileSync('Maildir/cur/1700000000.1.old:2,S', 'Message-ID: <1@old.example>\nSubject: 1\n\n1\n');
    },
  ],
};
