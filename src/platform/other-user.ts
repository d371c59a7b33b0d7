/**
 * Looks at files as another user would, by the only judge that knows groups, access lists and
 * folders on the way: the system. For a process of root, which may read everything itself.
 *
 * The whole process has the other identity meanwhile, in all of its threads. So nothing else is
 * done in the same time, and what is imported late must have been imported before: the other user
 * may not be allowed to read this program.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Unusable } from '../domain/unusable.ts';

/** What of `process` is needed (credentials(7)); a test has its own. */
export interface Identity {
  geteuid(): number;
  getegid(): number;
  getgroups(): number[];
  initgroups(user: string | number, group: string | number): void;
  setegid(group: string | number): void;
  seteuid(user: string | number): void;
  setgroups(groups: readonly (string | number)[]): void;
}

export interface OtherUser {
  /** The number where the system has no name for it. */
  readonly user: string | number;
  /** Group in place of the user's own. */
  readonly group?: string | number;
  /** Group of a user without a name, whom the system does not know. */
  readonly groupOfNameless?: number;
  /** Beside those that it is a member of. */
  readonly groups?: readonly (string | number)[];
}

/** The system does not know the user or a group, or this process may not become another one. */
export class CannotBecome extends Unusable {
  override readonly name = 'CannotBecome';
}

/**
 * Runs `look` with the rights of another user, and takes its own back whatever happens. Throws
 * CannotBecome, and what `look` throws.
 */
export async function asUser<T>(
  other: OtherUser,
  look: () => T | Promise<T>,
  own: Identity = process as unknown as Identity,
): Promise<T> {
  const [uid, gid, groups] = [own.geteuid(), own.getegid(), own.getgroups()];
  try {
    become(other, own, uid);
    return await look();
  } finally {
    own.seteuid(uid);
    own.setegid(gid);
    own.setgroups(groups);
  }
}

function become({ user, group, groupOfNameless, groups = [] }: OtherUser, own: Identity, uid: number): void {
  try {
    own.seteuid(user);
    const known = whoIs();
    own.seteuid(uid);
    const main = group ?? known?.gid ?? groupOfNameless;
    if (main === undefined) throw new Error('it has no group');
    if (known === undefined) own.setgroups([main, ...groups]);
    else {
      own.initgroups(known.username, main);
      own.setgroups([...own.getgroups(), ...groups]);
    }
    own.setegid(main);
    own.seteuid(user);
  } catch (error) {
    throw new CannotBecome(`Cannot become the user ${user}: ${(error as Error).message}`);
  }
}

/** The user whose rights the process has now. */
function whoIs(): { readonly username: string; readonly gid: number } | undefined {
  try {
    return userInfo();
  } catch {
    return undefined;
  }
}

/** Within `asUser`. */
export const hasOtherRights = (): boolean => process.geteuid?.() !== process.getuid?.();

/** Makes a file without a name, which is gone when it is closed (open(2)). */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Whether files may be made in the folder, with the rights that the process has now: `access` would
 * ask for those that it began with. Throws what the system says to that; a file system that has no
 * files without a name is not judged.
 */
export function tryToWrite(folder: string): void {
  try {
    closeSync(openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600));
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
