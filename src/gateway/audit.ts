/**
 * Assembles the evidence of the audit trail (its signed heads and their time stamps), and what is
 * erased from it after its time.
 */
import { randomBytes } from 'node:crypto';
import { readAuthorities } from '../auth/authorities.ts';
import { readAuthorityFiles } from '../config/files.ts';
import { readMasterKey } from '../config/master-key.ts';
import { anchorFolderOf } from '../config/places.ts';
import type { Config } from '../config/schema.ts';
import { type EvidenceKey, evidenceKey } from '../crypto/trail/evidence-keys.ts';
import type { EvidenceParts } from '../admin/context.ts';
import { auditKeyFile, auditKeys } from '../crypto/keys/audit-keys.ts';
import { defined } from '../domain/defined.ts';
import type { RandomBytes } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';
import type { TimeStampPlace } from '../trail/time-stamps.ts';
import { startDaily } from '../notices/daily.ts';
import type { Store } from '../store/port/store.ts';
import { type ByKind, nothingByKind } from '../trail/erasure.ts';
import { type AuditKeep, keepTrail, shortKept } from '../trail/retention.ts';
import { type GatewayLife, beginLife } from '../trail/gateway-life.ts';
import { type Anchors, startAnchors } from '../trail/anchors.ts';
import type { GatewayEffects } from './effects.ts';

export const evidenceParts = (
  config: Config,
  { random = randomBytes }: Pick<GatewayEffects, 'random'>,
): EvidenceParts => {
  const { hostname, keys } = config;
  const parts = { keyFolder: keys.folder, masterKey: () => readMasterKey(config), hostname, random };
  let making: Promise<EvidenceKey> | undefined;
  return {
    // Two calls at the same time must not make two keys. Later calls open the key again: it is not
    // kept.
    key: (now) => (making ??= evidenceKey(parts, now).finally(() => (making = undefined))),
    anchorFolder: anchorFolderOf(config),
    anchorKeyFile: auditKeyFile(keys.folder),
  };
};

/**
 * The files are read at each use: an authority's certificate may be replaced while the gateway
 * runs.
 */
const stampPlace = (config: Config, url: string, random: RandomBytes): TimeStampPlace => ({
  url,
  random,
  patience: seconds(20),
  authorities: () =>
    readAuthorities(readAuthorityFiles(config, 'audit.timestamp-authorities'), 'audit.timestamp-authorities'),
});

export function startGatewayAnchors(
  store: Store,
  config: Config,
  { clock, log, random = randomBytes }: GatewayEffects,
): Anchors {
  const { 'anchor-every': every, 'anchor-command': command, 'timestamp-url': url } = config.audit;
  return startAnchors({
    audit: store.audit,
    mine: () => store.jobs.runs('anchors'),
    clock,
    log,
    every,
    hostname: config.hostname,
    keys: () => auditKeys(config.keys.folder, () => readMasterKey(config), random),
    folder: anchorFolderOf(config),
    ...defined({ command }),
    ...(url === undefined
      ? {}
      : { stamps: { ...stampPlace(config, url, random), every: config.audit['timestamp-every'] } }),
  });
}

export const auditKeepOf = ({ audit }: Config): AuditKeep => ({
  access: audit['keep-access'],
  change: audit['keep-change'],
  chain: audit['keep-chain'],
  technical: audit['keep-technical'],
});

export interface GatewayRetention {
  /** Rows erased since the start, by log. */
  readonly erased: ByKind;
  stop(): Promise<void>;
}

/** Once a day: erases what the audit trail need not keep any longer. */
export function startRetention(store: Store, config: Config, { clock, log }: GatewayEffects): GatewayRetention {
  const keep = auditKeepOf(config);
  for (const why of shortKept(keep)) log.warn('audit.keep-short', { why });
  const erased = nothingByKind();
  const daily = startDaily({
    clock,
    log,
    name: 'audit-retention',
    mine: () => store.jobs.runs('rounds'),
    run: async (stopped) => {
      await keepTrail({ audit: store.audit, clock, log, keep, counts: erased }, stopped);
    },
  });
  return { erased, stop: () => daily.stop() };
}

export const beginGatewayLife = (store: Store, config: Config): Promise<GatewayLife> =>
  beginLife({
    audit: store.audit,
    hostname: config.hostname,
    config,
    file: config.file,
    dataFolder: config.data.folder,
  });
