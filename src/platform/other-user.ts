/**
 * Looks at files with the rights of another user. Only the system knows groups, access lists and
 * the folders on the way, so it is the judge. This is for a process of root, which may read
 * everything itself.
 *
 * Meanwhile the whole process has the other identity, in all of its threads. So nothing else may
 * run in that time, and modules that are imported late must be imported before: the other user may
 * not be allowed to read this program.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Unusable } from '../domain/unusable.ts';

/** The part of `process` that is needed (credentials(7)); a test has its own. */
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
  /** Name of the user, or the number if the system has no name for it. */
  readonly user: string | number;
  /** Group to use in place of the user's own. */
  readonly group?: string | number;
  /** Group to use if the system does not know the user by a name. */
  readonly groupOfNameless?: number;
  /** Further groups, beside those of which the user is a member. */
  readonly groups?: readonly (string | number)[];
}

/** The system does not know the user or a group, or this process may not become another one. */
export class CannotBecome extends Unusable {
  override readonly name = 'CannotBecome';
}

/**
 * Runs `look` with the rights of another user, and takes the own rights back whatever happens.
 * Throws CannotBecome, and what `look` throws.
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

/** True inside `asUser`. */
export const hasOtherRights = (): boolean => process.geteuid?.() !== process.getuid?.();

/** Makes a file without a name, which is gone when it is closed (open(2)). */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Tries whether files may be made in the folder, with the rights that the process has now: `access`
 * would use those with which it began. Throws the error of the system if they may not. A file
 * system that cannot make files without a name is not judged.
 */
export function tryToWrite(folder: string): void {
  try {
    closeSync(openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600));
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
