/** System groups by their names. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const WAIT = 5000;

/**
 * The number of a group; undefined if there is none of that name. A number stands for itself.
 * Groups of a directory (LDAP, SSSD) are not lines of /etc/group; `getent` knows them too. Call it
 * only at a start: it may wait for the directory.
 */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  return idIn(linesOf(file), name) ?? idIn(asked(name), name);
}

function idIn(lines: string, name: string): number | undefined {
  const line = lines.split('\n').find((one) => one.startsWith(`${name}:`));
  const id = line?.split(':')[2];
  return id !== undefined && /^\d{1,10}$/.test(id) ? Number(id) : undefined;
}

function linesOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function asked(name: string): string {
  try {
    return execFileSync('getent', ['group', name], {
      encoding: 'utf8',
      timeout: WAIT,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // There is no such group, or no such program.
    return '';
  }
}
