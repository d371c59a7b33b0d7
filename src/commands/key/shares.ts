/** Files with shares of the master key: making them for custodians, and reading them again. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../cli/exit.ts';
import { type NewFile, newFile, withFiles } from '../../cli/new-file.ts';
import { newMasterKey, readMasterKey } from '../../config/master-key.ts';
import { keyFingerprint } from '../../crypto/keys/key-fingerprint.ts';
import { type KeyShare, keyOfShares, readShare, writeShare } from '../../crypto/keys/key-share.ts';
import { split } from '../../crypto/keys/shamir.ts';
import type { Here } from '../core/row.ts';
import { escrowed } from './custody.ts';

const MAX_SHARE = 128 * 1024;

export interface Wanted {
  readonly out: string;
  readonly custodian: readonly string[];
  readonly needed: number;
}

/**
 * Makes the files of the shares. They exist before the gateway notes the escrow, and are complete
 * when this returns. After a failure none is left.
 */
export async function makeShares(
  here: Here,
  { out, custodian: custodians, needed }: Wanted,
): Promise<{ readonly set: string; readonly files: readonly string[] }> {
  const master = await readMasterKey(here.config());
  const fingerprint = keyFingerprint(master);
  const made = mkdirSync(out, { recursive: true, mode: 0o700 });
  const files: NewFile[] = [];
  const undo = (): void => {
    files.forEach((file) => file.undo());
    // The folder was made for the shares. Left empty, it would look like an escrow that got lost.
    if (made !== undefined) rmdirSync(out);
  };
  try {
    return await withFiles([{ undo }], async () => {
      for (const [i, name] of custodians.entries()) {
        const safe = name.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 40);
        files.push(newFile(join(out, `share-${i + 1}-${safe}.txt`), 0o600));
      }
      const { set, hostname, day } = await here.call(escrowed, { fingerprint, custodian: custodians, needed });
      for (const [i, { x: number, octets }] of split(
        master,
        { needed, total: custodians.length },
        randomBytes,
      ).entries()) {
        const share = { number, octets, set, fingerprint, needed };
        const about = { hostname, day, custodian: custodians[i] ?? '', total: custodians.length };
        files[i]?.write(writeShare(share, about));
      }
      return { set, files: files.map(({ path }) => path) };
    });
  } finally {
    master.fill(0);
  }
}

function sharesIn(paths: readonly string[]): readonly KeyShare[] {
  return paths.map((path) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8').slice(0, MAX_SHARE);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CommandError('usage', `Cannot read the share "${path}": ${code ?? String(error)}; name its file`);
    }
    const read = readShare(text);
    if (!read.ok) throw new CommandError('usage', `Cannot use "${path}" as a share: ${read.error}`);
    return read.value;
  });
}

/** The key that the shares make. The caller must wipe it after use. */
function keyIn(paths: readonly string[]): { readonly key: Uint8Array; readonly share: KeyShare } {
  const shares = sharesIn(paths);
  const key = keyOfShares(shares);
  const [share] = shares;
  if (!key.ok || share === undefined)
    throw new CommandError('usage', `Cannot make the master key of these shares: ${key.ok ? '' : key.error}`);
  return { key: key.value, share };
}

/** Facts about the key that the shares make, without the key. */
export function shownBy(paths: readonly string[]): Pick<KeyShare, 'set' | 'fingerprint'> {
  const { key, share } = keyIn(paths);
  key.fill(0);
  return { set: share.set, fingerprint: share.fingerprint };
}

/** Writes the key file again. Resolves to the fingerprint of the key. */
export async function recoverTo(paths: readonly string[], out: string): Promise<string> {
  const { key, share } = keyIn(paths);
  const file = newFile(out, 0o600);
  await withFiles([file], () => {
    file.write(newMasterKey(() => key));
    return Promise.resolve();
  });
  key.fill(0);
  return share.fingerprint;
}
