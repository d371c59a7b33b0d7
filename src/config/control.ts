/** Control sockets for system groups: one for each role, in a folder that the group can enter. */
import { dirname, join } from 'node:path';
import { GROUP_ROLES, type GroupRole } from '../domain/roles.ts';
import { groupId } from '../platform/group.ts';
import { isInside } from '../platform/paths.ts';
import { ConfigError, type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';

/**
 * The usual folder of the sockets of roles. A command that cannot read the configuration looks
 * there. systemd makes it for the service (`RuntimeDirectory=sluis`). A restart of the machine
 * removes it, so no socket outlives its gateway. Unlike the data folder, others may enter it.
 */
export const RUN_FOLDER = '/run/sluis';

export interface RoleSocket {
  readonly role: GroupRole;
  readonly group: string;
  readonly path: string;
}

export const wellKnownSockets: readonly string[] = GROUP_ROLES.map((role) => join(RUN_FOLDER, `${role}.sock`));

export const roleSocketsOf = ({ control }: Pick<Config, 'control'>): readonly RoleSocket[] =>
  GROUP_ROLES.flatMap((role) =>
    control
      .filter((one) => one.role === role)
      .map(({ group, socket }) => ({ role, group, path: socket ?? join(RUN_FOLDER, `${role}.sock`) })),
  );

export function controlProblems(config: Config): ConfigProblem[] {
  const sockets = roleSocketsOf(config);
  return config.control.flatMap(({ role, socket }, n) => {
    const at = `control[${n}]`;
    const problems: ConfigProblem[] = [];
    if (config.control.findIndex((one) => one.role === role) !== n)
      problems.push({
        path: `${at}.role`,
        value: shown(role),
        expected: 'one socket for each role',
        remedy: 'remove one, and put the people of both into one group',
      });
    const path = sockets.find((one) => one.role === role)?.path ?? '';
    if (sockets.filter((one) => one.path === path).length > 1)
      problems.push({
        path: `${at}.socket`,
        value: shown(path),
        expected: 'a path of its own',
        remedy: 'name another file',
      });
    if (socket !== undefined && isInside(dirname(path), config.data.folder))
      problems.push({
        path: `${at}.socket`,
        value: shown(path),
        expected: 'a place outside the data folder',
        remedy: `nobody but the gateway can enter that; leave it out for ${RUN_FOLDER}`,
      });
    return problems;
  });
}

/**
 * The sockets of roles, each with the number of its group. Throws ConfigError if there is no such
 * group.
 */
export const groupsOf = (config: Config): readonly (RoleSocket & { readonly groupId: number })[] =>
  roleSocketsOf(config).map((one) => ({ ...one, groupId: groupOf(config, one.group) }));

function groupOf(config: Config, name: string): number {
  const id = groupId(name);
  if (id !== undefined) return id;
  throw new ConfigError(config.file, [
    {
      path: `control[${config.control.findIndex(({ group }) => group === name)}].group`,
      value: `"${name}"`,
      expected: 'a group of this machine',
      remedy: `make it ("groupadd ${name}") and put people into it, or remove the section`,
    },
  ]);
}
