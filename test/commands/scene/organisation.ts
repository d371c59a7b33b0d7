import type { SubjectScene } from './scene.ts';

export const organisation: SubjectScene = {
  begin: ['organisation add praktijk-oost --title "Praktijk Oost"'],
  before: {
    'organisation end': ['organisation resume lab-noord'],
    'organisation erase': ['organisation suspend umc'],
    'organisation export': ['organisation resume lab-noord'],
  },
  files: { 'identities.csv': 'organisation,identity,account\nlab-noord,500200200:14,laboratorium\n' },
};
