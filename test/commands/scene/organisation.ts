import type { SubjectScene } from './scene.ts';

export const organisation: SubjectScene = {
  files: { 'identities.csv': 'organisation,identity,account\nlab-noord,500200200:14,laboratorium\n' },
};
