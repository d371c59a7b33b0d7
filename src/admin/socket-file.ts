/**
 * The file of a control socket. Its permissions are the credentials: Node does not tell who is at
 * the other end of a Unix socket. So each role has a socket of its own, and the kernel decides who
 * may open it.
 */
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { type Server, connect } from 'node:net';
import { dirname } from 'node:path';
import { ListenerRefused } from '../platform/listener.ts';
import { type UsablePath, usablePath } from './socket-path.ts';

/** A system group that may open a socket. */
export interface SocketGroup {
  readonly name: string;
  readonly id: number;
}

/**
 * Listens on a socket file that only the gateway's own user may open, and the group if one is
 * given. Throws ListenerRefused.
 */
export async function listenAt(server: Server, path: string, group?: SocketGroup): Promise<void> {
  const folder = dirname(path);
  // The group must be able to pass through the folder to its socket, but only the gateway may put
  // another socket in its place.
  mkdirSync(folder, { recursive: true, mode: group === undefined ? 0o700 : 0o711 });
  if (group !== undefined) {
    checkFolder(folder, group);
    await removeStale(path);
  } else {
    // The caller holds the lock of the data folder, so an old socket there belongs to no running
    // gateway.
    rmSync(path, { force: true });
  }
  const usable = usablePath(path);
  try {
    await listen(server, usable.path);
    chmodSync(path, 0o600);
    if (group !== undefined) giveTo(path, group);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    usable.close();
  }
}

async function listen(server: Server, path: string): Promise<void> {
  // The socket must never be open to others, not even between bind and chmod. bind() happens inside
  // listen().
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
      process.umask(before);
    });
  } finally {
    process.umask(before);
  }
}

/**
 * Refuses a folder in which others can write: they could put their own socket there and would
 * receive tokens and passwords.
 */
function checkFolder(folder: string, { name }: SocketGroup): void {
  const { mode, uid } = statSync(folder);
  const own = process.geteuid?.();
  if ((mode & 0o022) === 0 && (uid === own || uid === 0)) return;
  throw new ListenerRefused(
    `Cannot open a control socket for group "${name}" in "${folder}": others than the gateway can write there (mode ${(mode & 0o7777).toString(8)}); expected a folder of the gateway or root, mode 0711; set control.socket to a file in such a folder`,
  );
}

/**
 * Removes the socket of a gateway that ended without removing it. Throws if something answers
 * there, or if it is no socket.
 */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const refuse = (why: string): never => {
    throw new ListenerRefused(`Cannot open the control socket "${path}": ${why}; set control.socket to another file`);
  };
  if (!found.isSocket()) return refuse('a file is there that is not a socket');
  if (await isAnswered(path)) return refuse('another gateway has it open');
  rmSync(path);
}

/** True if a gateway listens there. */
export function isAnswered(path: string): Promise<boolean> {
  let usable: UsablePath;
  try {
    usable = usablePath(path);
  } catch {
    // The folder does not exist.
    return Promise.resolve(false);
  }
  const socket = connect(usable.path);
  return new Promise<boolean>((resolve) =>
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
  ).finally(() => {
    socket.destroy();
    usable.close();
  });
}

function giveTo(path: string, { name, id }: SocketGroup): void {
  const { uid, gid } = statSync(path);
  try {
    // In a folder with the setgid bit, the file already has the group.
    if (gid !== id) chownSync(path, uid, id);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ListenerRefused(
      `Cannot give the control socket "${path}" to group "${name}" (${code ?? String(error)}): only a member of a group may, and systemd may have forbidden it; put the gateway's user into the group (SupplementaryGroups=${name}, SystemCallFilter=@chown), see [[control]] in docs/configuration.md`,
    );
  }
  chmodSync(path, 0o660);
}
