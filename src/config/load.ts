/**
 * Reads the configuration file. Every problem is reported at once; nothing is guessed, and a name that nobody knows is refused, since a
 * mistyped limit is a limit that does not hold.
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { TomlError, parse } from 'smol-toml';
import type { TlsMaterial } from '../platform/listener.ts';
import { listenerProblems, tlsFilesFor, tlsFilesOf } from './listeners.ts';
import { masterKeyCredential } from './master-key.ts';
import { type Config, type ParsedConfig, configSchema } from './schema.ts';
import { ConfigError, type ConfigProblem, problemsOf, shown } from './problem.ts';
import { formatDuration } from './units.ts';

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
    ...listenerProblems(config),
    ...keyProblems(config),
    ...backupProblems(config),
    ...keyCopyProblems(config),
    ...(files ? fileProblems(config) : []),
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

const reasonOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'it may not be read by this user';
  return `it cannot be read (${code ?? String(error)})`;
};

const absolute = (config: ParsedConfig, base: string): ParsedConfig => {
  const at = (path: string): string => resolve(base, path);
  const { 'master-key-file': keyFile, 'copy-to': keysTo } = config.keys;
  const { 'control-socket': socket } = config.data;
  const { 'crl-file': crlFile } = config.ca;
  const { anchors } = config.audit;
  const { folder: backups, 'copy-to': copyTo } = config.backup;
  return {
    ...config,
    data: {
      ...config.data,
      folder: at(config.data.folder),
      ...(socket === undefined ? {} : { 'control-socket': at(socket) }),
    },
    keys: {
      ...config.keys,
      folder: at(config.keys.folder),
      ...(keyFile === undefined ? {} : { 'master-key-file': at(keyFile) }),
      ...(keysTo === undefined ? {} : { 'copy-to': at(keysTo) }),
    },
    audit: {
      ...config.audit,
      'timestamp-authorities': config.audit['timestamp-authorities'].map(at),
      ...(anchors === undefined ? {} : { anchors: at(anchors) }),
    },
    backup: {
      ...config.backup,
      ...(backups === undefined ? {} : { folder: at(backups) }),
      ...(copyTo === undefined ? {} : { 'copy-to': at(copyTo) }),
    },
    ca: { ...config.ca, ...(crlFile === undefined ? {} : { 'crl-file': at(crlFile) }) },
    tls: {
      ...config.tls,
      key: config.tls.key.map(at),
      certificate: config.tls.certificate.map(at),
      'client-authorities': config.tls['client-authorities'].map(at),
      'client-revocation-lists': config.tls['client-revocation-lists'].map(at),
    },
    smime: {
      ...config.smime,
      authorities: config.smime.authorities.map(at),
      'revocation-lists': config.smime['revocation-lists'].map(at),
    },
    listener: config.listener.map(({ key, certificate, ...listener }) => ({
      ...listener,
      ...(key === undefined ? {} : { key: key.map(at) }),
      ...(certificate === undefined ? {} : { certificate: certificate.map(at) }),
    })),
  };
};

function keyProblems(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const { folder, 'master-key-file': file, 'master-key-command': command } = config.keys;
  if ((file === undefined) === (command === undefined))
    problems.push({
      path: 'keys',
      expected: 'exactly one of master-key-file and master-key-command',
      remedy: file === undefined ? 'neither is set; set one' : 'both are set; remove one',
    });
  for (const [name, path] of [
    ['folder', folder],
    ['master-key-file', file],
  ] as const)
    if (path !== undefined && isInside(path, config.data.folder))
      problems.push({
        path: `keys.${name}`,
        value: shown(path),
        expected: 'a place outside the data folder',
        remedy: 'move it: a copy of the data folder must not carry the keys that open it',
      });
  return problems;
}

/** The copy must not be lost with the keys, nor lie with what they open. */
function keyCopyProblems({ keys, data, backup }: Config): ConfigProblem[] {
  const to = keys['copy-to'];
  if (to === undefined) return [];
  const others: readonly (readonly [string, string | undefined])[] = [
    ['keys.folder', keys.folder],
    ['data.folder', data.folder],
    ['backup.folder', backup.folder],
    ['backup.copy-to', backup['copy-to']],
  ];
  const near = others.find(([, place]) => place !== undefined && (isInside(to, place) || isInside(place, to)));
  if (near === undefined) return [];
  return [
    {
      path: 'keys.copy-to',
      value: shown(to),
      expected: `a place apart from ${near[0]}`,
      remedy:
        'name a folder on another machine, neither around nor within that one: keys must not lie with what they open',
    },
  ];
}

/** A backup must not be lost with what it is a backup of, nor lie beside the keys that open it. */
function backupProblems({ backup, data, keys }: Config): ConfigProblem[] {
  const { folder, 'copy-to': copyTo, 'copy-command': copy, every, 'max-age': age } = backup;
  const problems: ConfigProblem[] = [];
  const problem = (name: string, value: string, expected: string, remedy: string): void =>
    void problems.push({ path: `backup.${name}`, value: shown(value), expected, remedy });
  for (const [name, place] of [
    ['folder', folder],
    ['copy-to', copyTo],
  ] as const) {
    if (place === undefined) continue;
    if (isInside(place, data.folder))
      problem(name, place, 'a place outside the data folder', 'move it: it would be lost with what it is a backup of');
    if (isInside(place, keys.folder))
      problem(
        name,
        place,
        'a place outside the key folder',
        'move it: a backup must not lie beside the keys that open it',
      );
  }
  if (copyTo !== undefined && folder !== undefined && isInside(copyTo, folder))
    problem('copy-to', copyTo, 'a place outside backup.folder', 'name a folder on another machine or site');
  if (copyTo !== undefined && copy !== undefined)
    problem('copy-command', copy.join(' '), 'one of copy-to and copy-command', 'both are set; remove one');
  if (age !== undefined && age < every)
    problem(
      'max-age',
      formatDuration(age),
      `no less than every (${formatDuration(every)})`,
      'each backup would be too old before the next; make it longer',
    );
  return problems;
}

const isInside = (path: string, folder: string): boolean => {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !way.startsWith('/'));
};

/** Files that must be there, and keys that nobody else may read. */
function fileProblems(config: Config): ConfigProblem[] {
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
        remedy: `${reasonOf(error)}; correct the path or put it there`,
      });
    }
  };
  for (const { where, key, certificate } of tlsFilesOf(config)) {
    for (const file of key) check(`${where}.key`, file, true);
    for (const file of certificate) check(`${where}.certificate`, file, false);
  }
  for (const file of config.tls['client-authorities']) check('tls.client-authorities', file, false);
  for (const file of config.smime.authorities) check('smime.authorities', file, false);
  for (const file of config.audit['timestamp-authorities']) check('audit.timestamp-authorities', file, false);
  if (config.audit['timestamp-url'] !== undefined && config.audit['timestamp-authorities'].length === 0)
    problems.push({
      path: 'audit.timestamp-authorities',
      value: 'nothing',
      expected: 'the certificates that time stamps of audit.timestamp-url must lead to',
      remedy: 'ask the authority for its root, in PEM, and name the file here',
    });
  // The service manager looks after the modes of what it hands over.
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
        remedy: `${reasonOf(error)}; correct the path or put it there`,
      },
    ]);
  }
}

/**
 * Reads keys and certificates: those of the listener where it has its own, else those of the section tls. Throws ConfigError when a file has
 * gone since.
 */
export function readTlsMaterial(config: Config, listener?: Config['listener'][number]): readonly TlsMaterial[] {
  const { where, key, certificate } = tlsFilesFor(config, listener);
  return key.map((file, i) => ({
    key: readPem(config, `${where}.key`, file),
    certificate: readPem(config, `${where}.certificate`, certificate[i] ?? ''),
  }));
}

/** Authorities of client certificates, or of mail certificates. */
export type AuthoritiesSetting = 'tls.client-authorities' | 'smime.authorities' | 'audit.timestamp-authorities';

function filesOf(config: Config, setting: AuthoritiesSetting): readonly string[] {
  if (setting === 'smime.authorities') return config.smime.authorities;
  return setting === 'tls.client-authorities'
    ? config.tls['client-authorities']
    : config.audit['timestamp-authorities'];
}

/** The files with authorities, and what they hold. Throws ConfigError when a file has gone since. */
export function readAuthorityFiles(
  config: Config,
  setting: AuthoritiesSetting,
): readonly { readonly file: string; readonly pem: string }[] {
  const files = filesOf(config, setting);
  return files.map((file) => ({ file, pem: readPem(config, setting, file) }));
}

/** Largest revocation list that is read; the largest of a national authority has a few MB. */
const MAX_LIST = 64 * 1024 * 1024;
const MOST_LISTS = 1000;

type ReadList = { readonly file: string } & ({ readonly octets: Buffer } | { readonly error: string });

/** Every revocation list of the files and folders, or why it cannot be read. */
export async function readRevocationLists(places: readonly string[]): Promise<readonly ReadList[]> {
  const found: ReadList[] = [];
  for (const place of places)
    for (const file of await listsAt(place)) if (found.length < MOST_LISTS) found.push(await readList(file));
  return found;
}

async function listsAt(place: string): Promise<readonly string[]> {
  try {
    const names = (await stat(place)).isDirectory() ? await readdir(place) : undefined;
    if (names === undefined) return [place];
    return names
      .filter((name) => /\.(?:crl|pem)$/i.test(name))
      .sort()
      .map((name) => join(place, name));
  } catch {
    // Told when it is read.
    return [place];
  }
}

async function readList(file: string): Promise<ReadList> {
  try {
    const { size } = await stat(file);
    if (size > MAX_LIST) return { file, error: `it has ${size} octets, more than ${MAX_LIST}` };
    return { file, octets: await readFile(file) };
  } catch (error) {
    return { file, error: reasonOf(error) };
  }
}

export const controlSocketOf = (config: Config): string =>
  config.data['control-socket'] ?? join(config.data.folder, 'run', 'control.sock');
