import { fetches, mayLogIn, passwordFile, submits } from './mail.ts';
import type { Step, SubjectScene } from './scene.ts';

const ready: readonly Step[] = [
  'organisation set praktijk-jansen purpose=care',
  'organisation set lab-noord purpose=care',
  mayLogIn,
];
const replace = { '5d0q3v9kz2m4x': 'message' };
const sent = submits('uitslagen@lab-noord.example');
const withReceipt = submits('huisarts@huisarts.example', 'Sluis-Receipt: collected\r\n');

export const message: SubjectScene = {
  files: passwordFile,
  begin: ready,
  before: {
    'message receipt': [withReceipt, fetches],
    'message withdraw': [sent],
    'message erase': [sent, { run: 'message withdraw {message} --reason why', keep: {} }],
  },
  replace,
};

export const trace: SubjectScene = { files: passwordFile, begin: [...ready, sent], replace };
