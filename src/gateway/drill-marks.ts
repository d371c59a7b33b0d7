/**
 * The marks of a drill: what it was made with, from migrations, key folder and configuration. If a
 * mark changes, the next drill is due.
 */
import { createPublicKey, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readMasterKey } from '../config/master-key.ts';
import { nodeOf } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { auditKeyFile } from '../crypto/keys/audit-keys.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import type { DrillMarks } from '../domain/drills.ts';
import { newestSchema } from './store.ts';

/**
 * `master`: fingerprint of the master key, if it is known already; otherwise a command may have to
 * run for it.
 */
export async function drillMarks(config: Config, master?: string): Promise<DrillMarks> {
  const { listener, store } = config;
  const trail = auditKeyOf(config.keys.folder);
  return {
    schema: newestSchema(),
    keys: {
      'master key': master ?? keyFingerprint(await readMasterKey(config)),
      ...(trail === undefined ? {} : { 'key of the audit trail': trail }),
    },
    engine: store.engine,
    nodes: [nodeOf(config).node],
    listeners: listener.map(({ name, protocol }) => `${name} (${protocol})`),
  };
}

/** For a process that asks again and again: the master key cannot change while it runs. */
export function drillMarksOf(config: Config): () => Promise<DrillMarks> {
  let master: string | undefined;
  return async () => {
    master ??= keyFingerprint(await readMasterKey(config));
    return await drillMarks(config, master);
  };
}

/** Fingerprint of the audit key; undefined before its first use. */
function auditKeyOf(keyFolder: string): string | undefined {
  let pem: string;
  try {
    pem = readFileSync(auditKeyFile(keyFolder), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return hash('sha256', createPublicKey(pem).export({ type: 'spki', format: 'der' }), 'hex').slice(0, 16);
}
