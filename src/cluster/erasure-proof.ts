/**
 * That a node destroyed the keys of a day: its name, the day and the time, authenticated by a key
 * that only nodes with the master key of this store have. It stands in the audit trail of whoever
 * asked, and in the day's own file in the key folder, so that nobody asks again.
 */
import type { ClusterSecrets } from '../crypto/keys/cluster-secrets.ts';
import type { Day } from '../domain/utc-day.ts';
import type { Instant } from '../domain/units.ts';

export interface ErasureProof {
  readonly day: Day;
  readonly node: string;
  readonly at: Instant;
  readonly proof: string;
}

const wordsOf = (store: string, { day, node, at }: Omit<ErasureProof, 'proof'>): readonly (string | number)[] => [
  store,
  day,
  node,
  at,
];

export const proofOf = (secrets: ClusterSecrets, store: string, erased: Omit<ErasureProof, 'proof'>): ErasureProof => ({
  ...erased,
  proof: secrets.prove(wordsOf(store, erased)),
});

export const isProven = (secrets: ClusterSecrets, store: string, given: ErasureProof): boolean =>
  secrets.proves(wordsOf(store, given), given.proof);

/** The proof as it stands in the day's file. */
export const lineOf = ({ node, at, proof }: ErasureProof): string => `${node} ${new Date(at).toISOString()} ${proof}`;

/** The node of such a line. */
export const nodeIn = (line: string): string => line.split(' ')[0] ?? '';
