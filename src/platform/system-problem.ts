/**
 * Says in a sentence what the machine refused, with a remedy: a read-only file system, too few
 * descriptors, a full disk, a missing right. Such an error is not a bug, and its stack trace tells
 * the reader nothing.
 *
 * errno(3); SQLite's result codes (sqlite.org/rescode.html). It imports nothing: it must work even
 * if modules cannot be loaded.
 */

const DISK = 'look at the log of the kernel and at the disk, then at its backup';
const FULL = 'free some space on it, or move the folder to a larger disk';

const PROBLEMS: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EROFS: [
    'the file system is mounted read-only',
    'mount it for writing (a disk with errors is mounted so by the kernel: look at its log), or name another folder',
  ],
  EMFILE: ['this process may open no more files', 'raise LimitNOFILE= of the service, or "ulimit -n"'],
  ENFILE: ['the machine may open no more files', 'raise fs.file-max'],
  ENOSPC: ['the disk is full', FULL],
  EDQUOT: ['the disk quota of this user is used up', FULL],
  EACCES: ['this user has no right to it', 'run it as the user of the service, or correct owner and mode'],
  EPERM: ['the system does not permit it', 'run it as the user of the service, or correct owner and mode'],
  ENOENT: ['it does not exist', 'correct the path, or mount what should be there'],
  ENOTDIR: ['a part of the path is not a folder', 'correct the path'],
  EISDIR: ['it is a folder', 'name a file'],
  EIO: ['the disk cannot be read or written', DISK],
  SQLITE_READONLY: [
    'the database cannot be written',
    'correct owner and mode of the data folder, or mount it for writing',
  ],
  SQLITE_CANTOPEN: ['the database cannot be opened', 'correct owner and mode of the data folder'],
  SQLITE_FULL: ['the disk is full', FULL],
  SQLITE_IOERR: ['the disk cannot be read or written', DISK],
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The problem in words; undefined for other errors. */
export function systemProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path, syscall } = error as {
    readonly code?: unknown;
    readonly path?: unknown;
    readonly syscall?: unknown;
  };
  const name = textOf(code);
  // SQLite's extended codes begin with the plain one.
  const key = name.startsWith('SQLITE_') ? name.split('_').slice(0, 2).join('_') : name;
  const problem = Object.hasOwn(PROBLEMS, key) ? PROBLEMS[key] : undefined;
  // If our program asked for a file, the error names the system call. The error of a missing module
  // names none, and is a bug.
  if (problem === undefined || (textOf(syscall) === '' && !key.startsWith('SQLITE_'))) return undefined;
  const [what, remedy] = problem;
  const subject = textOf(path) === '' ? textOf(syscall) || 'use the database' : `${textOf(syscall)} "${textOf(path)}"`;
  return `Cannot ${subject}: ${what} (${name}); ${remedy}`;
}
