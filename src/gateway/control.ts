/**
 * The control sockets: the owner's in the data folder, and one for each role that the configuration
 * gives to a system group.
 */
import { type ControlSocket, openControlSocket } from '../admin/socket.ts';
import type { AdminContext } from '../admin/context.ts';
import { groupsOf } from '../config/control.ts';
import { controlSocketOf } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { milliseconds } from '../domain/units.ts';

interface Parts {
  readonly context: AdminContext;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Throws ConfigError if a group does not exist or its socket cannot be given to it; then no socket
 * is open.
 */
export async function openControlSockets(config: Config, parts: Parts): Promise<ControlSocket> {
  const wanted = groupsOf(config);
  const open = [await openControlSocket({ ...parts, path: controlSocketOf(config), role: 'owner' })];
  const stop: ControlSocket['stop'] = async (drain) => {
    await Promise.all(open.map((socket) => socket.stop(drain)));
  };
  try {
    for (const { role, path, group, groupId: id } of wanted) {
      open.push(await openControlSocket({ ...parts, path, role, group: { name: group, id } }));
      parts.log.info('control.open', { role, group, path });
    }
  } catch (error) {
    await stop(milliseconds(0));
    throw error;
  }
  return { stop };
}
