import { mayLogIn, passwordFile, submits } from './mail.ts';
import type { SubjectScene } from './scene.ts';

const waiting = [submits('box@umc.example'), { run: 'queue list', keep: { delivery: 'deliveries.0.id' } }];

export const queue: SubjectScene = {
  files: passwordFile,
  begin: ['organisation set praktijk-jansen purpose=care', mayLogIn],
  before: {
    'queue show': waiting,
    'queue hold': waiting,
    'queue release': [...waiting, 'queue hold --partner umc'],
    'queue retry': waiting,
    'queue fail': waiting,
  },
  replace: { '1742': 'delivery' },
};
