import { writeCertificate } from './cert.ts';
import type { SubjectScene } from './scene.ts';

export const account: SubjectScene = {
  files: {
    'accounts.csv': 'account\nhuisarts\nassistent\n',
    'moves.csv': 'account,organisation,since\nassistent,umc,yesterday\n',
  },
  begin: [writeCertificate],
  before: { 'account suspend': ['account resume huisarts'], 'account end': ['account resume huisarts assistent'] },
};
