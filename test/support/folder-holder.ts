/**
 * Another process that holds a data folder open, as a command of `sluis` does, until it is told to
 * end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export const LOCK = new URL('../../src/store/sqlite/folder-lock.ts', import.meta.url).href;

/**
 * It calls itself `sluis account show anna`, and ends when its input does. Nothing there refers to
 * the lock, and garbage is collected before it counts as held: a lock is given back by `release`
 * alone.
 */
export async function holding(t: TestContext, dataFolder: string): Promise<ChildProcess> {
  const code = `const { FolderLock } = await import('${LOCK}');
FolderLock.take(${JSON.stringify(dataFolder)});
await new Promise(setImmediate);
gc();
await new Promise(setImmediate);
console.log('held');
process.stdin.resume();`;
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', code, '--', 'sluis', 'account', 'show', 'anna'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}
