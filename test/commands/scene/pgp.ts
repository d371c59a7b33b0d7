import type { SubjectScene } from './scene.ts';

export const pgp: SubjectScene = {
  files: {
    'password.txt': 'open sesame five\n',
    'message.eml': 'From: assistent@huisarts.example\r\nSubject: x\r\n\r\ntext\r\n',
  },
  begin: [
    {
      run: 'pgp key issue --address huisarts@huisarts.example --keep-key',
      keep: { key: 'fingerprint' },
    },
    'pgp key export {key} --out {here}/key.asc',
  ],
  // Nobody signed it.
  code: { 'pgp inspect message.eml': 9, 'pgp inspect message.eml --as huisarts@huisarts.example': 9 },
  replace: { '0123456789abcdef': 'key' },
};
