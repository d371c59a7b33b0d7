/**
 * Looks at the files once more with the rights of the gateway's user. A `check` that runs as root
 * cannot see such faults, since root may read everything, and the gateway that systemd starts may
 * not.
 */
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTlsMaterial, remedyFor, thisUser } from '../config/files.ts';
import { ConfigError, type ConfigProblem, shown } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { CannotBecome, asUser } from '../platform/other-user.ts';
import { CHECKED_FILES } from './check-files.ts';
import { type GatewayUser, gatewayUser } from './gateway-user.ts';

/** Most files that are looked at: a store on SQLite, and a day key for each day of ten years. */
const MOST_FILES = 5000;

/**
 * Settings that are not looked at in this way: folders and keys that root makes and that the unit's
 * start gives to its user, and programs, which `check` does not run.
 */
const NOT_AS_USER: ReadonlySet<string> = new Set([
  'data.folder',
  'keys.folder',
  'keys.master-key-file',
  'keys.master-key-command',
]);

export interface SeenByGateway {
  /**
   * The gateway's user. Undefined if the caller has the same rights, or if nothing says who it is.
   */
  readonly user?: string;
  readonly warnings: readonly string[];
}

/**
 * Call it after everything was looked at as root, and so after all code was loaded. Throws
 * ConfigError with all that the gateway's user may not do.
 */
export async function lookAsGateway(
  config: Config,
  found: GatewayUser | undefined = process.getuid?.() === 0 ? gatewayUser(config) : undefined,
  as = asUser,
): Promise<SeenByGateway> {
  if (found === undefined) return { warnings: [] };
  const user = String(found.user);
  try {
    const problems = await as(found, async () => await problemsOf(config, found));
    if (problems.length > 0) throw new ConfigError(config.file, problems);
    return { user, warnings: [] };
  } catch (error) {
    if (!(error instanceof CannotBecome)) throw error;
    const warning = `${error.message}, of ${found.by}, so nobody knows whether it may read keys and certificates; run "sluis check" as that user`;
    return { warnings: [warning] };
  }
}

async function problemsOf(config: Config, { hasMasterKey }: GatewayUser): Promise<readonly ConfigProblem[]> {
  const { 'master-key-file': masterKey } = config.keys;
  const looks: readonly (() => unknown)[] = [
    () => mayRead(config, 'the configuration', config.file),
    () => mayRead(config, 'keys.master-key-file', hasMasterKey ? undefined : masterKey),
    () => mayRead(config, 'backup.key', config.backup.key),
    () => mayRead(config, 'backup.certificate', config.backup.certificate),
    ...[undefined, ...config.listener].map((listener) => () => void readTlsMaterial(config, listener)),
    ...Object.entries(CHECKED_FILES)
      .filter(([setting]) => !NOT_AS_USER.has(setting))
      .map(
        ([, look]) =>
          () =>
            look(config),
      ),
    () => ownFiles(config, 'data.folder', config.data.folder),
    () => ownFiles(config, 'keys.folder', config.keys.folder),
  ];
  const problems = new Map<string, ConfigProblem>();
  for (const look of looks)
    try {
      await look();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) problems.set(JSON.stringify(problem), problem);
    }
  return [...problems.values()];
}

function mayRead(config: Config, path: string, file: string | undefined): void {
  if (file === undefined) return;
  try {
    closeSync(openSync(file, 'r'));
  } catch (error) {
    throw new ConfigError(config.file, [
      { path, value: shown(file), expected: 'a file that the gateway may read', remedy: remedyFor(error, file) },
    ]);
  }
}

/**
 * Files that a command of root left there while the gateway was stopped. If the folder is not yet
 * its user's, the start gives everything to that user, so nothing is checked.
 */
function ownFiles(config: Config, path: string, folder: string): void {
  if (statSync(folder).uid !== process.geteuid?.()) return;
  for (const { name } of readdirSync(folder, { withFileTypes: true })
    .filter((one) => one.isFile())
    .slice(0, MOST_FILES))
    try {
      closeSync(openSync(join(folder, name), 'r'));
    } catch {
      throw new ConfigError(config.file, [
        {
          path,
          value: shown(join(folder, name)),
          expected: `files of the user ${thisUser()} alone`,
          remedy: `this one is another's; run "chown -R ${thisUser()}: ${folder}"`,
        },
      ]);
    }
}
