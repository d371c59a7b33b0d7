/**
 * What can be called in the store's threads, by subject: changes in the one that writes, reads in
 * the one that reads.
 */
import type { CHANGES, MAIL_CHANGES } from './changes/table.ts';
import type { READS } from './reads/table.ts';
import type { Remote } from './sql/remote.ts';

type Of<T, K> = K extends keyof T ? T[K] : object;
/**
 * The same as whoever asks has them: by subject, the methods of all. No method of a subject is in
 * two of them.
 */
export type Subjects = {
  readonly [K in keyof (typeof CHANGES & typeof MAIL_CHANGES & typeof READS)]: Remote<
    Of<typeof CHANGES, K> & Of<typeof MAIL_CHANGES, K> & Of<typeof READS, K>
  >;
};
