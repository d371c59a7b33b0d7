/**
 * The user that runs the gateway, if root asks: the user of the unit that names this configuration,
 * or else the owner of the data folder. Before the unit's first start that folder still belongs to
 * root; systemd then gives it to the user (`StateDirectory=`).
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { OtherUser } from '../platform/other-user.ts';

export interface GatewayUser extends OtherUser {
  /** Where the user was found: the file of the unit, or the data folder. */
  readonly by: string;
  /**
   * True if the service manager hands over the master key, so that its file may belong to root
   * (systemd.exec(5), LoadCredential=).
   */
  readonly hasMasterKey: boolean;
}

/** Folders where systemd looks for units. The first file of a name wins (systemd.unit(5)). */
const UNIT_FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
];
/** Most drop-ins of one unit that are read; nobody has more. */
const MOST_DROP_INS = 100;

/** The gateway's user; undefined if it is root, or if nothing says who it is. */
export function gatewayUser(
  { file, data }: Pick<Config, 'file' | 'data'>,
  folders: readonly string[] = UNIT_FOLDERS,
): GatewayUser | undefined {
  const found = ofUnit(file, folders) ?? ofFolder(data.folder);
  return found === undefined || ['root', '0', 0].includes(found.user) ? undefined : found;
}

function ofFolder(folder: string): GatewayUser | undefined {
  try {
    const { uid, gid } = statSync(folder);
    return { user: uid, groupOfNameless: gid, by: folder, hasMasterKey: false };
  } catch {
    return undefined;
  }
}

function ofUnit(file: string, folders: readonly string[]): GatewayUser | undefined {
  const instance = basename(file, '.toml');
  for (const [name, ...more] of [['sluis.service'], ['sluis@.service', `sluis@${instance}.service`]]) {
    const unit = folders.map((folder) => join(folder, name ?? '')).find((path) => textOf(path) !== '');
    if (unit === undefined) continue;
    const dropIns = [name, ...more].flatMap((of) => folders.flatMap((folder) => filesIn(join(folder, `${of}.d`))));
    const said = settingsOf([unit, ...dropIns].map(textOf).join('\n'));
    if (!(said.get('ExecStart') ?? []).some((line) => configOf(line.replace(/%[iI]/g, instance)) === file)) continue;
    const given = ['LoadCredential', 'LoadCredentialEncrypted', 'SetCredential', 'SetCredentialEncrypted'];
    return {
      user: said.get('User')?.at(-1) ?? 'root',
      ...defined({ group: said.get('Group')?.at(-1) }),
      groups: (said.get('SupplementaryGroups') ?? []).flatMap((line) => line.split(/\s+/)),
      by: unit,
      hasMasterKey: given.some((key) => said.get(key)?.some((line) => line.startsWith('sluis.master-key'))),
    };
  }
  return undefined;
}

/** All values of each setting. A line with an empty value removes those before it. */
function settingsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.replace(/\\\n/g, ' ').split('\n')) {
    const [, key, value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) found.set(key, value === '' ? [] : [...(found.get(key) ?? []), value]);
  }
  return found;
}

function configOf(command: string): string | undefined {
  const named = /\sserve\s(?:.*\s)?--config[=\s]\s*"?([^\s"]+)/.exec(command)?.[1];
  return named === undefined ? undefined : resolve(named);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.conf'));
    return names
      .sort()
      .slice(0, MOST_DROP_INS)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
