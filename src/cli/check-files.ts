/**
 * How `check` looks at everything that the configuration names: files, folders, programs. Files
 * that `serve` reads are read by the same functions, so that both come to the same answer. For a
 * place that `serve` writes, `check` finds out whether it may be written; for a program, whether it
 * exists. It changes nothing, and runs nothing but the program that prints the master key.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { readAuthorities } from '../auth/authorities.ts';
import { readClientSecret } from '../config/console.ts';
import { RUN_FOLDER, groupsOf } from '../config/control.ts';
import { type AuthoritiesSetting, readAuthorityFiles, readForwardMaterial } from '../config/files.ts';
import { ownLetter } from '../config/letters.ts';
import { controlSocketOf } from '../config/load.ts';
import { readMasterKey } from '../config/master-key.ts';
import { ConfigError, shown } from '../config/problem.ts';
import { readChannelFiles, readReplicatorPassword, readServerMaterial } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { channelWarnings } from '../cluster/check.ts';
import { auditKeyFile, auditKeys } from '../crypto/keys/audit-keys.ts';
import { readDkimKeys } from '../crypto/dkim/dkim-keys.ts';
import { checkStartFiles } from '../gateway/stopped-store.ts';
import { systemClock } from '../platform/clock.ts';
import { folderOf, mayWrite, runnable } from './check-rights.ts';
import { listWarnings } from './check-lists.ts';

/**
 * Returns warnings. Throws what a start would throw; or ConfigError if the gateway would start but
 * something would not work.
 */
type Look = (config: Config) => readonly string[] | Promise<readonly string[]>;

const nothing = (): readonly string[] => [];

/**
 * By setting. A test compares the names with the schema, so that no setting with a path is
 * forgotten.
 */
export const CHECKED_FILES: Readonly<Record<string, Look>> = {
  'data.folder': startFiles,
  'data.control-socket': (config) => mayWrite(config, 'data.control-socket', dirname(controlSocketOf(config))),
  'control.socket': roleSockets,
  'keys.folder': auditKey,
  'keys.master-key-file': masterKey,
  'keys.master-key-command': masterKey,
  'keys.copy-to': (config) => mayWrite(config, 'keys.copy-to', config.keys['copy-to']),
  // Key and certificate of each listener are checked together (check.ts).
  'tls.key': nothing,
  'tls.certificate': nothing,
  'listener.key': nothing,
  'listener.certificate': nothing,
  'tls.client-authorities': (config) => authorities(config, 'tls.client-authorities'),
  'tls.client-revocation-lists': (config) => listWarnings(config, 'tls.client-authorities'),
  'smime.authorities': (config) => authorities(config, 'smime.authorities'),
  'smime.revocation-lists': (config) => listWarnings(config, 'smime.authorities'),
  'console.oidc.secret-file': providerSecret,
  'console.oidc.authorities': (config) => authorities(config, 'console.oidc.authorities'),
  // It is not checked as a path, since clamd itself is asked (gateway/doctor-scan.ts).
  'scan.clamd': nothing,
  'delivery.dkim-keys': dkimKeys,
  'webhooks.authorities': (config) => authorities(config, 'webhooks.authorities'),
  'store.password-file': serverFiles,
  'store.certificate': serverFiles,
  'store.key': serverFiles,
  'store.ca': serverFiles,
  'cluster.ca': channel,
  'cluster.certificate': nothing,
  'cluster.key': nothing,
  'probe.authorities': (config) => authorities(config, 'probe.authorities'),
  'audit.timestamp-authorities': (config) => authorities(config, 'audit.timestamp-authorities'),
  'audit.forward-authorities': (config) => authorities(config, 'audit.forward-authorities'),
  'audit.forward-certificate': forwardMaterial,
  'audit.forward-key': nothing,
  'audit.anchors': (config) => mayWrite(config, 'audit.anchors', config.audit.anchors),
  'audit.anchor-command': (config) => runnable(config, 'audit.anchor-command', config.audit['anchor-command']),
  'enrolment.letter': letters,
  'enrolment.letter-en': letters,
  'ca.crl-file': (config) => mayWrite(config, 'ca.crl-file', folderOf(config.ca['crl-file'])),
  'backup.folder': (config) => mayWrite(config, 'backup.folder', config.backup.folder),
  'backup.copy-to': (config) => mayWrite(config, 'backup.copy-to', config.backup['copy-to']),
  'backup.copy-command': (config) => runnable(config, 'backup.copy-command', config.backup['copy-command']),
  'backup.verify-command': (config) => runnable(config, 'backup.verify-command', config.backup['verify-command']),
  'backup.read-command': (config) => runnable(config, 'backup.read-command', config.backup['read-command']),
  'backup.password-file': replicator,
  'backup.certificate': nothing,
  'backup.key': nothing,
  'backup.programs': (config) => programs(config.backup.programs),
  'backup.take-command': (config) => runnable(config, 'backup.take-command', config.backup['take-command']),
  'backup.check-command': (config) => runnable(config, 'backup.check-command', config.backup['check-command']),
  'backup.restore-command': (config) => runnable(config, 'backup.restore-command', config.backup['restore-command']),
};

/** All warnings about files of the configuration, each once. */
export async function fileWarnings(config: Config): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const look of new Set(Object.values(CHECKED_FILES))) warnings.push(...(await look(config)));
  return warnings;
}

/** The folder in /run is made when the service starts, so it may be missing. */
function roleSockets(config: Config): readonly string[] {
  for (const { path } of groupsOf(config))
    if (existsSync(dirname(path)) || dirname(path) !== RUN_FOLDER) mayWrite(config, 'control.socket', dirname(path));
  return [];
}

async function masterKey(config: Config): Promise<readonly string[]> {
  await readMasterKey(config);
  return [];
}

async function startFiles(config: Config): Promise<readonly string[]> {
  if (config.store.engine !== 'sqlite') return [];
  await checkStartFiles(config.data.folder, config.keys.folder, await readMasterKey(config));
  return [];
}

/** What the gateway shows to the servers of PostgreSQL, and by what it recognises them. */
function serverFiles(config: Config): readonly string[] {
  readServerMaterial(config);
  return [];
}

function dkimKeys({ delivery: { 'dkim-keys': folder } }: Config): readonly string[] {
  if (folder !== undefined) readDkimKeys(folder);
  return [];
}

function forwardMaterial(config: Config): readonly string[] {
  const { certificate: cert, key } = readForwardMaterial(config);
  try {
    if (cert !== undefined && key !== undefined) createSecureContext({ cert, key });
    return [];
  } catch {
    const problem = { path: 'audit.forward-key', value: shown(config.audit['forward-key']) };
    const expected = 'the private key, PEM without a password, of the certificate in audit.forward-certificate';
    throw new ConfigError(config.file, [{ ...problem, expected, remedy: 'name the two files that belong together' }]);
  }
}

function providerSecret(config: Config): readonly string[] {
  if (config.console.oidc !== undefined) readClientSecret(config);
  return [];
}

/** Only the password: PostgreSQL's own programs read key and certificate. */
function replicator(config: Config): readonly string[] {
  readReplicatorPassword(config);
  return [];
}

/** Warns about programs that are missing: a restore on the worst day needs all of them. */
function programs(folder: string | undefined): readonly string[] {
  if (folder === undefined) return [];
  const missing = ['pg_basebackup', 'pg_receivewal', 'pg_verifybackup', 'postgres'].filter(
    (name) => !existsSync(join(folder, name)),
  );
  return missing.length === 0
    ? []
    : [`there is no ${missing.join(', ')} in "${folder}" (backup.programs): backups, drills or restores cannot work`];
}

/** The three files belong together, so they are checked once. */
function channel(config: Config): readonly string[] {
  if (config.cluster.listen === undefined) return [];
  return channelWarnings(readChannelFiles(config), config.keys.folder, systemClock.now());
}

/** The key that signs the heads of the trail. If there is none yet, the gateway will make it. */
async function auditKey(config: Config): Promise<readonly string[]> {
  if (!existsSync(auditKeyFile(config.keys.folder))) return [];
  await auditKeys(
    config.keys.folder,
    () => readMasterKey(config),
    () => {
      throw new Error('Cannot make a key while the configuration is checked');
    },
  );
  return [];
}

function authorities(config: Config, setting: AuthoritiesSetting): readonly string[] {
  readAuthorities(readAuthorityFiles(config, setting), setting);
  return [];
}

function letters(config: Config): readonly string[] {
  for (const language of ['nl', 'en'] as const) ownLetter(config, language);
  return [];
}
