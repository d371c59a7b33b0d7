/**
 * Sockets that the service manager opened before it started us (LISTEN_FDS, sd_listen_fds(3)). It
 * keeps them over a restart, so that connections wait in the kernel instead of being refused. And
 * this process needs no right to open ports below 1024.
 */
import { ListenerRefused } from './listener.ts';

/** The first descriptor; the others follow. */
const FIRST = 3;
/** Most sockets: as many as there may be listeners. */
const MOST = 64;

/**
 * The descriptors, by the name that the socket unit gave (FileDescriptorName=). Removes the
 * variables, so that no program that we start takes the sockets for its own. Throws
 * ListenerRefused.
 */
export function handedSockets(env: NodeJS.ProcessEnv, pid: number): ReadonlyMap<string, number> {
  const { LISTEN_PID: forWhom, LISTEN_FDS: number = '0', LISTEN_FDNAMES: text = '' } = env;
  delete env.LISTEN_PID;
  delete env.LISTEN_FDS;
  delete env.LISTEN_FDNAMES;
  if (forWhom !== String(pid)) return new Map();
  const count = Number(number);
  const names = text === '' ? [] : text.split(':');
  if (!Number.isInteger(count) || count < 0 || count > MOST || names.length !== count)
    throw new ListenerRefused(
      `Cannot use the sockets of the service manager: LISTEN_FDS is ${JSON.stringify(number)} and LISTEN_FDNAMES names ${names.length}; expected at most ${MOST} sockets with a name each; set FileDescriptorName= in each socket unit`,
    );
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ListenerRefused(
      `Cannot use the sockets of the service manager: two are called "${twice}"; give each listener one socket with FileDescriptorName= and a name of its own`,
    );
  return new Map(names.map((name, i) => [name, FIRST + i]));
}
