import type { SubjectScene } from './scene.ts';

const resumed = ['address resume lab@huisarts.example'];

export const address: SubjectScene = {
  before: {
    'address resume': ['address suspend lab@huisarts.example'],
    'address delegate': resumed,
  },
};
