import { readFileSync } from 'node:fs';
import { writeCertificate } from './cert.ts';
import type { SubjectScene } from './scene.ts';

export const account: SubjectScene = {
  files: {
    'accounts.csv': 'account\nhuisarts\nassistent\n',
    'moves.csv': 'account,organisation,since\nassistent,umc,yesterday\n',
    'import.csv':
      'login,address,organisation,password\nbalie@huisarts.example,balie@huisarts.example,praktijk-jansen,lantaarn-fietsbel-dak\n',
  },
  begin: [
    writeCertificate,
    // The contact of practices, who reads for the hospital as well.
    'account add post@jansen.example --organisation praktijk-jansen --generate --out post.txt',
    'organisation set umc --contact post@jansen.example',
    'account reset laboratorium --letter code.txt',
    (scene) => {
      scene.kept.code = /(?:[0-9a-z]{4}-){5}[0-9a-z]{4}/.exec(readFileSync('code.txt', 'utf8'))?.[0] ?? '';
    },
  ],
  before: {
    'account suspend': ['account resume huisarts'],
    'account end': ['account resume huisarts assistent'],
    'account reset': ['account resume huisarts assistent'],
  },
  replace: { '7k2m-p9qx-4tfd-w8nz-3hvb-6jrc': 'code' },
};
