/**
 * Reads the configuration file. Every problem is reported at once; nothing is guessed, and a name that nobody knows is refused, since a
 * mistyped limit is a limit that does not hold.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TomlError, parse } from 'smol-toml';
import { defined } from '../domain/defined.ts';
import { backupProblems } from './backup.ts';
import { consoleProblems } from './console.ts';
import { controlProblems } from './control.ts';
import { fileProblems, reasonOf } from './files.ts';
import { letterProblems } from './letters.ts';
import { listenerProblems } from './listeners.ts';
import { setupProblems } from './setup.ts';
import { keyCopyProblems, keyProblems } from './places.ts';
import { type Config, type ParsedConfig, configSchema } from './schema.ts';
import { storeProblems } from './store.ts';
import { ConfigError, type ConfigProblem, problemsOf } from './problem.ts';

/** No configuration comes near this; a device file or a log given by mistake does. */
const MAX_FILE = 1024 * 1024;

export interface LoadOptions {
  /** False: key and certificate files need not be there yet. */
  readonly files?: boolean;
}

/** Throws ConfigError. */
export function loadConfig(path: string, options: LoadOptions = {}): Config {
  const text = readText(resolve(path));
  if (typeof text !== 'string') throw new ConfigError(path, [text]);
  return parseConfig(text, path, options);
}

/** Reads the text of a configuration that lies, or will lie, at `path`. Throws ConfigError. */
export function parseConfig(text: string, path: string, { files = true }: LoadOptions = {}): Config {
  const file = resolve(path);
  const refuse = (...problems: ConfigProblem[]): never => {
    throw new ConfigError(path, problems);
  };
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return refuse({
      path: `line ${error.line}, column ${error.column}`,
      expected: 'TOML',
      remedy: `${what}; correct the line`,
    });
  }
  const parsed = configSchema.safeParse(document);
  if (!parsed.success) return refuse(...problemsOf(document, parsed.error.issues));
  const config = { ...absolute(parsed.data, dirname(file)), file };
  const problems = [
    ...controlProblems(config),
    ...consoleProblems(config),
    ...listenerProblems(config),
    ...setupProblems(config),
    ...keyProblems(config),
    ...storeProblems(config),
    ...backupProblems(config),
    ...keyCopyProblems(config),
    ...(files ? [...fileProblems(config), ...letterProblems(config)] : []),
  ];
  return problems.length > 0 ? refuse(...problems) : config;
}

function readText(file: string): string | ConfigProblem {
  try {
    const stats = statSync(file);
    if (!stats.isFile() || stats.size > MAX_FILE)
      return { path: file, expected: 'a file of at most 1MiB', remedy: 'give the configuration file with --config' };
    return readFileSync(file, 'utf8');
  } catch (error) {
    return {
      path: file,
      expected: 'a readable file',
      remedy: `${reasonOf(error)}; give it with --config, or make one with "sluis init --config ${file}"`,
    };
  }
}

const absolute = (config: ParsedConfig, base: string): ParsedConfig => {
  const at = (path: string): string => resolve(base, path);
  const atGiven = (path: string | undefined): string | undefined => (path === undefined ? undefined : at(path));
  return {
    ...config,
    data: {
      ...config.data,
      folder: at(config.data.folder),
      ...defined({ 'control-socket': atGiven(config.data['control-socket']) }),
    },
    keys: {
      ...config.keys,
      folder: at(config.keys.folder),
      ...defined({
        'master-key-file': atGiven(config.keys['master-key-file']),
        'copy-to': atGiven(config.keys['copy-to']),
      }),
    },
    audit: {
      ...config.audit,
      'timestamp-authorities': config.audit['timestamp-authorities'].map(at),
      'forward-authorities': config.audit['forward-authorities'].map(at),
      ...defined({
        anchors: atGiven(config.audit.anchors),
        'forward-certificate': atGiven(config.audit['forward-certificate']),
        'forward-key': atGiven(config.audit['forward-key']),
      }),
    },
    delivery: { ...config.delivery, ...defined({ 'dkim-keys': atGiven(config.delivery['dkim-keys']) }) },
    backup: {
      ...config.backup,
      ...defined({
        folder: atGiven(config.backup.folder),
        'copy-to': atGiven(config.backup['copy-to']),
        'password-file': atGiven(config.backup['password-file']),
        certificate: atGiven(config.backup.certificate),
        key: atGiven(config.backup.key),
        programs: atGiven(config.backup.programs),
      }),
    },
    console: {
      ...config.console,
      ...defined({
        oidc: config.console.oidc && {
          ...config.console.oidc,
          'secret-file': at(config.console.oidc['secret-file']),
          authorities: config.console.oidc.authorities.map(at),
        },
      }),
    },
    enrolment: {
      ...config.enrolment,
      ...defined({ letter: atGiven(config.enrolment.letter), 'letter-en': atGiven(config.enrolment['letter-en']) }),
    },
    store: {
      ...config.store,
      ...defined({
        'password-file': atGiven(config.store['password-file']),
        certificate: atGiven(config.store.certificate),
        key: atGiven(config.store.key),
        ca: atGiven(config.store.ca),
      }),
    },
    cluster: {
      ...config.cluster,
      ...defined({
        ca: atGiven(config.cluster.ca),
        certificate: atGiven(config.cluster.certificate),
        key: atGiven(config.cluster.key),
      }),
    },
    probe: { ...config.probe, authorities: config.probe.authorities.map(at) },
    ca: { ...config.ca, ...defined({ 'crl-file': atGiven(config.ca['crl-file']) }) },
    tls: {
      ...config.tls,
      key: config.tls.key.map(at),
      certificate: config.tls.certificate.map(at),
      'client-authorities': config.tls['client-authorities'].map(at),
      'client-revocation-lists': config.tls['client-revocation-lists'].map(at),
    },
    webhooks: { ...config.webhooks, authorities: config.webhooks.authorities.map(at) },
    smime: {
      ...config.smime,
      authorities: config.smime.authorities.map(at),
      'revocation-lists': config.smime['revocation-lists'].map(at),
    },
    control: config.control.map(({ socket, ...one }) => ({ ...one, ...defined({ socket: atGiven(socket) }) })),
    listener: config.listener.map(({ key, certificate, ...listener }) => ({
      ...listener,
      ...defined({ key: key?.map(at), certificate: certificate?.map(at) }),
    })),
  };
};

export const controlSocketOf = (config: Config): string =>
  config.data['control-socket'] ?? join(config.data.folder, 'run', 'control.sock');
