/**
 * PostgreSQL's own programs, which make its base backups, receive its log and serve a copy: where
 * they are, as whom they run, and how they ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CopyFailed } from '../copies.ts';
import { type Standstill, StandstillWatch } from './standstill.ts';

export type Program = 'pg_basebackup' | 'pg_receivewal' | 'pg_verifybackup' | 'postgres' | 'pg_ctl';

export interface ProgramOptions {
  readonly arguments: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Octets for the standard input of the program. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Called with each piece of output. */
  readonly said?: (text: string) => void;
  /** Run as the user that servers run as, if this process is root. */
  readonly asServer?: boolean;
  /** Milliseconds after which the program is stopped. */
  readonly within: number;
  /** When the program counts as standing still: then it is stopped too. */
  readonly standstill?: Standstill;
}

/** What it printed, to read; what it says to people is kept from its end. */
export interface Ended {
  readonly printed: string;
  readonly said: string;
}

/** Debian has a folder for each version, which is not where programs are looked for. */
const DEBIAN = '/usr/lib/postgresql';
const KEPT = 64 * 1024;

/** `folder`: of the configuration. */
export function programPath(program: Program, major: number, folder?: string): string {
  if (folder !== undefined) return join(folder, program);
  const debian = join(DEBIAN, String(major), 'bin', program);
  return existsSync(debian) ? debian : program;
}

/** Rejects with CopyFailed if there is none, or it is older than the server. */
export async function programFor(program: Program, version: string, folder?: string): Promise<string> {
  const major = Number.parseInt(version, 10);
  const path = programPath(program, major, folder);
  const { printed } = await run(path, { arguments: ['--version'], within: 10_000 });
  const its = Number.parseInt(/\(PostgreSQL\) (\d+)/.exec(printed)?.[1] ?? '', 10);
  // A copy is served by its own version alone; receiving works with any newer one.
  const serves = program === 'pg_basebackup' || program === 'pg_receivewal' ? its >= major : its === major;
  if (!serves)
    throw new CopyFailed(
      `"${path}" is of PostgreSQL ${Number.isNaN(its) ? 'no known version' : its}, and version ${major} is needed; install postgresql-${program.startsWith('pg_basebackup') || program === 'pg_receivewal' ? 'client-' : ''}${major}, or name its folder in backup.programs`,
    );
  return path;
}

export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** Servers do not run as root: then it is the user `postgres`. Throws CopyFailed. */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return {};
  const [, , uid, gid] = /^postgres:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new CopyFailed('PostgreSQL does not run as root, and there is no user "postgres"; run this as another user');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Environment for the program, without the caller's own settings for libpq. */
export const environment = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  PATH: process.env.PATH ?? '',
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
  ...more,
});

/** It ends with this process. The caller sees to its output. */
export function start(path: string, args: readonly string[], options: Parameters<typeof spawn>[2]): ChildProcess {
  const child = spawn(path, args, options);
  const end = (): void => endWithChildren(child);
  process.once('exit', end);
  child.once('close', () => process.removeListener('exit', end));
  return child;
}

/**
 * pg_basebackup receives the log in a child that does not notice when it is left alone: it would
 * hold its slot on the server, and the pipes that its end is known by, for as long as that server
 * runs.
 */
function endWithChildren(child: ChildProcess): void {
  // A stopped process begins no other one.
  child.kill('SIGSTOP');
  const children = childrenOf(child.pid);
  child.kill('SIGKILL');
  for (const pid of children)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
}

/** Children of a process; empty also if the system does not tell. */
function childrenOf(pid: number | undefined): readonly number[] {
  try {
    const found = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g);
    return (found ?? []).map(Number);
  } catch {
    return [];
  }
}

/** Rejects with CopyFailed, with the last thing that it said, or why it was stopped. */
export async function run(path: string, options: ProgramOptions): Promise<Ended> {
  const { arguments: args, env, input, said, asServer = false, within, standstill } = options;
  const child = start(path, args, {
    env: environment(env),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(asServer ? { ...serverUser(), cwd: '/' } : {}),
  });
  const ended = { printed: '', said: '' };
  child.stdout?.on('data', (octets: Buffer) => {
    ended.printed = (ended.printed + octets.toString('utf8')).slice(-KEPT);
  });
  child.stderr?.on('data', (octets: Buffer) => {
    const text = octets.toString('utf8');
    ended.said = (ended.said + text).slice(-KEPT);
    watch?.said();
    said?.(text);
  });
  let stopped: string | undefined;
  const stop = (why: string): void => {
    stopped = why;
    endWithChildren(child);
  };
  const timer = setTimeout(() => stop(`it had not ended after ${within / 1000} seconds, and was stopped`), within);
  const watch = standstill && new StandstillWatch(standstill, stop);
  const closed = new Promise<string | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'ENOENT' ? 'it is not there; install it, or name its folder in backup.programs' : error.message,
      ),
    );
    child.once('close', (code, signal) =>
      resolve(
        code === 0 ? undefined : (stopped ?? (lastWords(ended.said) || `it ended with ${code ?? signal ?? 'nothing'}`)),
      ),
    );
  });
  try {
    const fed = input === undefined ? undefined : await feed(child, input);
    const why = (await closed) ?? fed;
    if (why !== undefined)
      throw new CopyFailed(`"${path}" failed: ${why}`, {
        full: /No space left on device|Disk quota exceeded/.test(ended.said),
      });
    return ended;
  } finally {
    clearTimeout(timer);
    watch?.stop();
  }
}

/**
 * Resolves to why the program did not read all of it. The source is read to its end all the same:
 * whoever hashes on the way needs the whole.
 */
async function feed(child: ChildProcess, input: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const { stdin } = child;
  let broken: string | undefined;
  stdin?.on('error', (error) => (broken = error.message));
  for await (const piece of input) {
    if (broken !== undefined || stdin === null || stdin.destroyed) continue;
    // The source may use the memory of the piece again when it goes on.
    await new Promise<void>((resolve) => stdin.write(Buffer.from(piece), () => resolve()));
  }
  stdin?.end();
  return broken;
}

/** Its last line that says what was wrong. */
function lastWords(said: string): string {
  const lines = said.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !/\(\d+%\)/.test(line));
  const errors = lines.filter((line) => /error|fatal|detail|hint/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-2).join('; ').slice(0, 600);
}
