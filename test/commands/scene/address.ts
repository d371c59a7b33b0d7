import type { SubjectScene } from './scene.ts';

const resumed = ['address resume lab@huisarts.example'];

export const address: SubjectScene = {
  begin: [
    'address consent add huisarts@huisarts.example --for assistent@huisarts.example',
    (scene) =>
      scene.write(
        'absences.csv',
        scene.filled('address,from,until,substitute,refuse\nhuisarts@huisarts.example,{+30d},{+40d},,yes\n'),
      ),
  ],
  files: { 'moves.csv': 'address,account\nlab@huisarts.example,huisarts\n' },
  before: {
    'address resume': ['address suspend lab@huisarts.example'],
    'address delegate': resumed,
    'address absence add': resumed,
  },
};
