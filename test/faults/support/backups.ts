/** What the tests of backups begin with and call. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { sluis } from '../../support/command-line.ts';
import { Instance } from '../../support/instance.ts';

export async function open(t: TestContext, under?: string): Promise<Instance> {
  const instance = await Instance.create(under === undefined ? {} : { under });
  t.after(() => instance.remove());
  instance.addAccounts(['sender', 'other', 'anna', 'bram']);
  return instance;
}

export const json = async <T>(instance: Instance, ...args: string[]): Promise<T> => {
  const ran = await sluis([...args, '--json', '--config', instance.config]);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
};
