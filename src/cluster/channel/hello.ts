/**
 * The first words of every connection: two nodes exchange keys only where they are two, of one
 * store, under one master key.
 */
import { PeerRefused } from './refusals.ts';
import type { Introduction } from './requests.ts';

/** Throws PeerRefused. The same on both sides, so that each says it in its own log. */
export function judge(ours: Introduction, theirs: Introduction): void {
  if (ours.node === theirs.node)
    throw new PeerRefused(
      'same-name',
      `both nodes are called "${ours.node}" (cluster.node); give each a name of its own and start it again. Nothing was exchanged`,
    );
  if (ours.store !== theirs.store)
    throw new PeerRefused(
      'other-store',
      `node "${theirs.node}" serves another store (${short(theirs.store)}) than node "${ours.node}" (${short(ours.store)}); correct cluster.peers, or the section store. Nothing was exchanged`,
    );
  if (ours.key !== theirs.key)
    throw new PeerRefused(
      'other-master-key',
      `the master keys differ: node "${theirs.node}" has ${theirs.key}, node "${ours.node}" has ${ours.key}; put the master key of the store in the place that the section keys names. Nothing was exchanged`,
    );
}

const short = (id: string): string => (id === '' ? 'none' : id.slice(0, 12));
