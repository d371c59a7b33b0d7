/** Adds one more gateway to a store on PostgreSQL (`sluis init --postgres --join`). */
import { PeerRefused } from '../cluster/channel/refusals.ts';
import { CHANNEL_VERSION, type Introduction } from '../cluster/channel/requests.ts';
import { materialProblem, ownProblem } from '../cluster/channel/identity.ts';
import { type PeerSaid, askPeers } from '../cluster/joining.ts';
import { nodeOf, readChannelFiles } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { fingerprintOfCheck } from '../crypto/keys/key-fingerprint.ts';
import { KeyFolder } from '../crypto/keys/key-folder.ts';
import type { Day } from '../domain/utc-day.ts';
import { buildVersion } from '../platform/version.ts';
import type { CoreCreateOptions } from '../store/core/options.ts';
import { storeToJoin } from '../store/postgres/join.ts';
import { StoreRefused } from '../store/store.ts';
import type { StoreEffects } from './effects.ts';
import { connectionOf } from './postgres.ts';

export interface Joined {
  /** Fingerprint of the master key. */
  readonly key: string;
  /** Days whose keys it is to fetch from the others. */
  readonly days: readonly Day[];
  readonly peers: readonly PeerSaid[];
  /** A gateway of this name was there before, and has stopped. */
  readonly replaces: boolean;
  /** Other gateways that have stopped. */
  readonly stopped: readonly string[];
}

/**
 * Makes the key folder, which belongs to the store from then on and has no day key yet. Before that
 * it looks for what would keep the gateway from ever serving, and rejects with StoreRefused,
 * StoreUnavailable or ConfigError.
 */
export async function joinOnPostgres(
  config: Config,
  effects: StoreEffects,
  options: CoreCreateOptions,
): Promise<Joined> {
  const { clock } = effects;
  const { node, site } = nodeOf(config);
  const material = readChannelFiles(config);
  const problem = materialProblem(material) ?? ownProblem(material, clock.now());
  if (problem !== undefined) throw new StoreRefused(`This gateway cannot speak with the others: ${problem}`);
  const sessions = await connectionOf(config, effects, 'init');
  const { id, days, stopped } = await storeToJoin({ ...options, sessions, node });
  const keys = new KeyFolder(options.keyFolder, options.masterKey);
  const key = fingerprintOfCheck(keys.check);
  const introduction = (): Introduction => ({
    channel: CHANNEL_VERSION,
    node,
    site,
    version: buildVersion(),
    store: id,
    key,
    clock: Math.max(0, Math.round(clock.now())),
  });
  const peers = await askPeers(config.cluster.peers, { introduction, material, clock }).catch((error: unknown) => {
    if (!(error instanceof PeerRefused)) throw error;
    throw new StoreRefused(`This gateway cannot share a store with ${error.message}`, { cause: error });
  });
  keys.adopt(id);
  const others = stopped.filter((name) => name !== node);
  return { key, days, peers, replaces: others.length < stopped.length, stopped: others };
}
