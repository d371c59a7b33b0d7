/**
 * The files that a configuration names: whether they can be used, and their content. The content is
 * read again at each use, since a file may be replaced while the gateway runs.
 */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { TlsMaterial } from '../platform/listener.ts';
import { tlsFilesFor, tlsFilesOf } from './listeners.ts';
import { masterKeyCredential } from './master-key.ts';
import { ConfigError, type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';

/** Why a file or folder cannot be read, in words for the operator. */
export const reasonOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (mayNot(error)) return `the user ${thisUser()} may not read it`;
  return `it cannot be read (${code ?? String(error)})`;
};

const mayNot = (error: unknown): boolean => ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');

/**
 * The user whose rights this process has. Its number if the system has no name for it, as in a
 * container with another user.
 */
export function thisUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}

/**
 * What helps. The most frequent mistake of a first installation is that root made the file, and the
 * gateway runs as another user.
 */
export const remedyFor = (error: unknown, file: string): string =>
  mayNot(error)
    ? `${reasonOf(error)}; run "chown ${thisUser()}: ${file}", or correct the path`
    : `${reasonOf(error)}; correct the path or put it there`;

/** Problems of files that must exist, and of keys that nobody else may read. */
export function fileProblems(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const check = (name: string, file: string | undefined, secret: boolean): void => {
    if (file === undefined) return;
    try {
      const stats = statSync(file);
      if (!stats.isFile())
        problems.push({
          path: name,
          value: shown(file),
          expected: 'a file',
          remedy: 'it is something else; correct the path',
        });
      else if (secret && (stats.mode & 0o077) !== 0)
        problems.push({
          path: name,
          value: shown(file),
          expected: 'a file that only its owner may read (mode 0600)',
          remedy: `it has mode 0${(stats.mode & 0o777).toString(8)}; run "chmod 600 ${file}"`,
        });
    } catch (error) {
      problems.push({
        path: name,
        value: shown(file),
        expected: 'a readable file',
        remedy: remedyFor(error, file),
      });
    }
  };
  for (const { where, key, certificate } of tlsFilesOf(config)) {
    for (const file of key) check(`${where}.key`, file, true);
    for (const file of certificate) check(`${where}.certificate`, file, false);
  }
  for (const file of config.tls['client-authorities']) check('tls.client-authorities', file, false);
  for (const file of config.smime.authorities) check('smime.authorities', file, false);
  for (const file of config.webhooks.authorities) check('webhooks.authorities', file, false);
  for (const file of config.audit['timestamp-authorities']) check('audit.timestamp-authorities', file, false);
  if (config.audit['timestamp-url'] !== undefined && config.audit['timestamp-authorities'].length === 0)
    problems.push({
      path: 'audit.timestamp-authorities',
      value: 'nothing',
      expected: 'the certificates that time stamps of audit.timestamp-url must lead to',
      remedy: 'ask the authority for its root, in PEM, and name the file here',
    });
  for (const file of config.audit['forward-authorities']) check('audit.forward-authorities', file, false);
  check('audit.forward-certificate', config.audit['forward-certificate'], false);
  check('audit.forward-key', config.audit['forward-key'], true);
  if ((config.audit['forward-certificate'] === undefined) !== (config.audit['forward-key'] === undefined))
    problems.push({
      path: 'audit.forward-key',
      value: 'one of the two',
      expected: 'both audit.forward-certificate and audit.forward-key, or neither',
      remedy: 'name the other file as well',
    });
  for (const file of config.console.oidc?.authorities ?? []) check('console.oidc.authorities', file, false);
  check('console.oidc.secret-file', config.console.oidc?.['secret-file'], true);
  for (const file of config.probe.authorities) check('probe.authorities', file, false);
  const { 'password-file': password, certificate, key, ca } = config.store;
  check('store.password-file', password, true);
  check('store.key', key, true);
  check('store.certificate', certificate, false);
  check('store.ca', ca, false);
  check('backup.password-file', config.backup['password-file'], true);
  check('backup.key', config.backup.key, true);
  check('backup.certificate', config.backup.certificate, false);
  check('cluster.ca', config.cluster.ca, false);
  check('cluster.certificate', config.cluster.certificate, false);
  check('cluster.key', config.cluster.key, true);
  // The service manager takes care of the modes of the files that it hands over.
  if (masterKeyCredential() === undefined) check('keys.master-key-file', config.keys['master-key-file'], true);
  return problems;
}

function readPem(config: Config, name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(config.file, [
      {
        path: name,
        value: shown(file),
        expected: 'a readable PEM file',
        remedy: remedyFor(error, file),
      },
    ]);
  }
}

/**
 * Reads keys and certificates: those of the listener if it has its own, otherwise those of the
 * section `tls`. Throws ConfigError if a file has gone.
 */
export function readTlsMaterial(config: Config, listener?: Config['listener'][number]): readonly TlsMaterial[] {
  const { where, key, certificate } = tlsFilesFor(config, listener);
  return key.map((file, i) => {
    const files = { key: file, certificate: certificate[i] ?? '' };
    return {
      key: readPem(config, `${where}.key`, files.key),
      certificate: readPem(config, `${where}.certificate`, files.certificate),
      files,
    };
  });
}

/**
 * Key and certificate for the collector of `audit.forward-to`; empty if none are configured. Throws
 * ConfigError if a file has gone.
 */
export function readForwardMaterial(config: Config): Partial<TlsMaterial> {
  const { 'forward-certificate': certificate, 'forward-key': key } = config.audit;
  if (certificate === undefined || key === undefined) return {};
  return {
    certificate: readPem(config, 'audit.forward-certificate', certificate),
    key: readPem(config, 'audit.forward-key', key),
  };
}

/**
 * Settings that name files with authorities: for client certificates, mail certificates, time
 * stamps, receivers of webhooks and of the trail, the probe, and the OpenID provider.
 */
export type AuthoritiesSetting =
  | 'tls.client-authorities'
  | 'smime.authorities'
  | 'audit.timestamp-authorities'
  | 'audit.forward-authorities'
  | 'webhooks.authorities'
  | 'probe.authorities'
  | 'console.oidc.authorities';

function filesOf(config: Config, setting: AuthoritiesSetting): readonly string[] {
  if (setting === 'smime.authorities') return config.smime.authorities;
  if (setting === 'webhooks.authorities') return config.webhooks.authorities;
  if (setting === 'audit.forward-authorities') return config.audit['forward-authorities'];
  if (setting === 'probe.authorities') return config.probe.authorities;
  if (setting === 'console.oidc.authorities') return config.console.oidc?.authorities ?? [];
  return setting === 'tls.client-authorities'
    ? config.tls['client-authorities']
    : config.audit['timestamp-authorities'];
}

/** The files with authorities and their content. Throws ConfigError if a file has gone. */
export function readAuthorityFiles(
  config: Config,
  setting: AuthoritiesSetting,
): readonly { readonly file: string; readonly pem: string }[] {
  const files = filesOf(config, setting);
  return files.map((file) => ({ file, pem: readPem(config, setting, file) }));
}
