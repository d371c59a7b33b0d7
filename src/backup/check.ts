/** Reads every octet of a backup again. */
import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { defined } from '../domain/defined.ts';
import type { Store } from '../store/port/store.ts';
import { factsOfFile } from './files.ts';
import { readManifest } from './manifest.ts';
import { reasonOf } from './refused.ts';
import type { CheckedBackup } from './views.ts';

type CheckedFile = CheckedBackup['files'][number];

/** `keys`: public keys of the audit trail. Rejects with BackupRefused if it is no backup. */
export async function checkBackup(
  path: string,
  keys: readonly KeyObject[],
  store: Pick<Store, 'checkCopy'>,
  told: (octets: number, of: number) => void = () => undefined,
): Promise<CheckedBackup> {
  const { manifest, signature } = await readManifest(path, keys);
  const files: CheckedFile[] = [];
  for (const { name, octets, sha256 } of manifest.files) {
    const why = await factsOfFile(resolve(path, name), (done) => told(done, octets)).then(
      (found) => (found.sha256 === sha256 ? undefined : 'its SHA-256 is not the one of the manifest'),
      (error: unknown) => `it cannot be read (${reasonOf(error)})`,
    );
    files.push(checked(name, why));
  }
  const { label } = manifest.store.postgres ?? {};
  if (label !== undefined) {
    const why = await store.checkCopy(label).then(
      () => undefined,
      (error: unknown) => reasonOf(error),
    );
    files.push(checked(label, why));
  }
  const whole = signature === 'good' && files.every((file) => file.whole);
  return { backup: manifest.id, path, signature, files, whole };
}

const checked = (name: string, why: string | undefined): CheckedFile => ({
  name,
  whole: why === undefined,
  ...defined({ why }),
});
