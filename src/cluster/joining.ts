/**
 * What the other gateways say to one that is about to join: whether it may, before anything of it
 * is written.
 */
import { type Caller, type PeerAddress, withPeer } from './channel/client.ts';
import { PeerRefused, type RefusalCode } from './channel/refusals.ts';

/**
 * `knows-it`: it would exchange keys at once. `not-listed`: all is well, but for the name, which
 * its `cluster.peers` does not have yet. `not-reached`: it did not answer, as it may not until a
 * firewall is opened.
 */
export interface PeerSaid {
  readonly host: string;
  readonly state: 'knows-it' | 'not-listed' | 'not-reached';
  readonly why?: string;
}

/** Refusals that no later attempt can change. */
const FOR_GOOD: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'same-name',
  'other-store',
  'other-master-key',
  'certificate',
  'unknown-request',
]);

/** Rejects with PeerRefused if one of them will never speak with this one, as things are. */
export const askPeers = (peers: readonly PeerAddress[], caller: Caller): Promise<readonly PeerSaid[]> =>
  Promise.all(peers.map((peer) => asked(peer, caller)));

async function asked(peer: PeerAddress, caller: Caller): Promise<PeerSaid> {
  const { host } = peer;
  try {
    await withPeer(peer, caller, () => Promise.resolve());
    return { host, state: 'knows-it' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!(error instanceof PeerRefused)) return { host, state: 'not-reached', why };
    if (error.code === 'not-listed') return { host, state: 'not-listed' };
    if (FOR_GOOD.has(error.code)) throw new PeerRefused(error.code, `the gateway at "${host}": ${why}`);
    return { host, state: 'not-reached', why };
  }
}
