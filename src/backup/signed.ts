/**
 * A text with a signature beside it: `NAME` and `NAME.sig`, 64 octets of Ed25519 by the key of the
 * audit trail. Anybody can check it with
 * `openssl pkeyutl -verify -pubin -inkey anchor.pem -rawin -in NAME -sigfile NAME.sig`.
 */
import { type KeyObject, createPublicKey, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { writeNew } from './files.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

export const SIGNATURE = '.sig';

export async function writeSigned(folder: string, name: string, text: string, keys: AuditKeys): Promise<void> {
  await writeNew(join(folder, `${name}${SIGNATURE}`), sign(null, Buffer.from(text), keys.privateKey));
  await writeNew(join(folder, name), text);
}

/** `unknown`: none of the keys made it, or there is none. */
export async function signatureOf(
  folder: string,
  name: string,
  text: string,
  keys: readonly KeyObject[],
): Promise<'good' | 'unknown' | 'missing'> {
  let signature: Buffer;
  try {
    signature = await readFile(join(folder, `${name}${SIGNATURE}`));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'missing';
    throw error;
  }
  return keys.some((key) => verify(null, Buffer.from(text), key, signature)) ? 'good' : 'unknown';
}

/**
 * The one in the key folder: none if it is missing. `given` by a person, so each must be there.
 * Throws BackupRefused.
 */
export async function publicKeysIn(own: string, given: readonly string[] = []): Promise<readonly KeyObject[]> {
  const keys: KeyObject[] = [];
  for (const file of [own, ...given])
    try {
      keys.push(createPublicKey(await readFile(file, 'utf8')));
    } catch (error) {
      if (file === own && isCode(error, 'ENOENT')) continue;
      throw new BackupRefused(
        'invalid',
        `Cannot use "${file}" as a public key of the audit trail: ${reasonOf(error)}; expected a PEM file, such as audit-anchors/anchor.pem of a backup that you trust`,
      );
    }
  return keys;
}
