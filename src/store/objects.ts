/** What can be called in the store's threads, by subject: changes in the one that writes, reads in the one that reads. None of them has a state. */
import { OperatorChanges } from './changes/operators.ts';
import { QuirkChanges } from './changes/quirks.ts';
import { OperatorReads } from './reads/operators.ts';
import { QuirkReads } from './reads/quirks.ts';
import { PartnerChanges } from './changes/partners.ts';
import { PartnerReads } from './reads/partners.ts';
import type { Remote } from './sql/remote.ts';

export const CHANGES = {
  operators: new OperatorChanges(),
  quirks: new QuirkChanges(),
  partners: new PartnerChanges(),
};

export const READS = {
  operators: new OperatorReads(),
  quirks: new QuirkReads(),
  partners: new PartnerReads(),
};

type Of<T, K> = K extends keyof T ? T[K] : object;
/** The same as whoever asks has them: by subject, the methods of both. No method of a subject is in both. */
export type Subjects = {
  readonly [K in keyof (typeof CHANGES & typeof READS)]: Remote<Of<typeof CHANGES, K> & Of<typeof READS, K>>;
};
