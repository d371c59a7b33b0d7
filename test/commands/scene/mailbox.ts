import { mkdirSync, writeFileSync } from 'node:fs';
import type { SubjectScene } from './scene.ts';

export const mailbox: SubjectScene = {
  files: { 'mailboxes.csv': 'account,maildir\nhuisarts,Maildir\n' },
  begin: [
    () => {
      for (const part of ['cur', 'new', 'tmp']) mkdirSync(`Maildir/${part}`, { recursive: true });
      writeFileSync('Maildir/cur/1700000000.1.old:2,S', 'Message-ID: <1@old.example>\nSubject: 1\n\n1\n');
    },
  ],
};
