/**
 * Where a command finds the gateway. The owner reads the configuration and uses the socket in the
 * data folder. A person with a role may be able to read neither. Then the sockets of the roles are
 * tried: those that the configuration names or, if it cannot be read, those at the usual place. The
 * command uses the one with the most rights that lets the person in.
 *
 * `SLUIS_SOCKET` names one socket, and then no other is tried. `SLUIS_TOKEN_FILE` names a file with
 * a token. Both belong to a person or a program and not to one command, so they are no options. A
 * token is never an argument, since every user of the machine can see those.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AdminClient, SocketShut, connectControl } from '../admin/client.ts';
import { AdminError } from '../admin/error.ts';
import type { Caller } from '../admin/call.ts';
import { roleSocketsOf, wellKnownSockets } from '../config/control.ts';
import { controlSocketOf, loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import type { Config } from '../config/schema.ts';
import { CommandError } from './exit.ts';

export interface Roads {
  readonly sockets: readonly string[];
  /** Absent if this command cannot open the store. */
  readonly config?: Config;
  /** The error to show if none of the sockets answers. */
  readonly error?: ConfigError;
}

/** Throws ConfigError if there is neither a usable configuration nor a socket to try. */
export function roadsFor(configFile: string, env: NodeJS.ProcessEnv = process.env): Roads {
  const given = env.SLUIS_SOCKET;
  if (given !== undefined && given !== '') return { sockets: [resolve(given)] };
  try {
    const config = loadConfig(configFile);
    return { sockets: socketsOf(config), config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const sockets = socketsWithoutFiles(configFile);
    if (sockets.length === 0) throw error;
    return { sockets, error };
  }
}

const socketsOf = (config: Config): readonly string[] => [
  controlSocketOf(config),
  ...roleSocketsOf(config).map(({ path }) => path),
];

/**
 * Sockets for somebody who may not read the keys that the configuration names, or not the
 * configuration itself. Empty if the configuration is wrong for every reader.
 */
function socketsWithoutFiles(file: string): readonly string[] {
  if (!canRead(file)) return wellKnownSockets.filter((path) => existsSync(path));
  try {
    const config = loadConfig(file, { files: false });
    return config.control.length > 0 ? socketsOf(config) : [];
  } catch {
    return [];
  }
}

function canRead(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Connects to the first socket that lets the caller in. Undefined if no gateway runs. Throws
 * SocketShut if one runs, but none of its sockets is open to the caller.
 */
export async function connectAny({ sockets, config }: Roads, caller: Caller): Promise<AdminClient | undefined> {
  let shut: SocketShut | undefined;
  for (const path of sockets)
    try {
      const client = await connectControl(path, caller);
      if (client !== undefined) return client;
      // A caller who may look at the first socket sees that no gateway runs, so the sockets of the
      // roles need not be tried.
      if (config !== undefined && path === sockets[0]) return undefined;
    } catch (error) {
      if (!(error instanceof SocketShut)) throw error;
      shut ??= error;
    }
  if (shut !== undefined) throw shut;
  return undefined;
}

/**
 * The token in the file that `SLUIS_TOKEN_FILE` names; undefined if it names none. Throws
 * CommandError.
 */
export function tokenFrom(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const file = env.SLUIS_TOKEN_FILE;
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').slice(0, 1024).trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CommandError('usage', `Cannot read the token in "${file}" (SLUIS_TOKEN_FILE): ${why}; name its file`);
  }
}

export const notServed = ({ sockets, error }: Roads): Error =>
  error ??
  new AdminError(
    'unavailable',
    `Cannot reach the gateway: nobody answers on ${sockets.map((path) => `"${path}"`).join(', ')}; start it, or name its socket in SLUIS_SOCKET`,
  );
