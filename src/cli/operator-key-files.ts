/** The files of `sluis operator key`: a key pair that the operator makes for himself. */
import { makeOperatorKey } from '../crypto/trail/operator-key.ts';
import { defined } from '../domain/defined.ts';
import { readFilePassword } from './key-material.ts';
import { newFile, withFiles } from './new-file.ts';
import { withSecret } from './secret.ts';
import type { Terminal } from './terminal.ts';

/**
 * Writes the private key to `path`, encrypted with a passphrase, and the public key beside it.
 * Throws CommandError, and then leaves no file.
 */
export async function makeKeyFiles(
  terminal: Terminal,
  path: string,
  options: { readonly passwordFile: string | undefined; readonly passwordOut: string | undefined },
): Promise<void> {
  const files = [newFile(path, 0o600)];
  await withFiles(files, async () => {
    const publicFile = newFile(`${path}.pub`, 0o644);
    files.push(publicFile);
    const secret = await readFilePassword(terminal, defined(options));
    await withSecret(secret, () => {
      const { sealed, publicKey } = makeOperatorKey(secret.password);
      files[0]?.write(sealed);
      publicFile.write(publicKey);
      return Promise.resolve();
    });
  });
}
