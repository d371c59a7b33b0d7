import type { SubjectScene } from './scene.ts';

export const smime: SubjectScene = {
  files: { 'message.eml': 'From: assistent@huisarts.example\r\nSubject: x\r\n\r\ntext\r\n' },
  begin: [
    'ca init --name "Zorggroep Noord" --key-kind p256',
    'cert issue --account huisarts --use mail --keep-key --key-kind p256',
  ],
  // Nobody signed it.
  code: { 'smime inspect message.eml': 9, 'smime inspect message.eml --as huisarts@huisarts.example': 9 },
};
