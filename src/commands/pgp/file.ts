/**
 * Reads a key from a file. The command reads it itself, so that no secret key leaves this process
 * unless the gateway is to hold it.
 */
import { readFileSync, statSync } from 'node:fs';
import { CommandError } from '../../cli/exit.ts';
import { Pgp } from '../../crypto/pgp/pgp.ts';
import type { PgpKey } from '../../crypto/pgp/protocol.ts';
import { defined } from '../../domain/defined.ts';

const LARGEST = 256 * 1024;

/** `passphrase` opens the secret key. */
export async function keyIn(file: string, passphrase: string | undefined): Promise<PgpKey> {
  const pgp = new Pgp();
  try {
    const octets = octetsOf(file);
    const read = await pgp.run({ kind: 'read-keys', octets, ...defined({ passphrase }) } as const);
    if (!read.ok) throw new CommandError('usage', `Cannot use "${file}": ${read.error.text}`);
    const [key, ...more] = read.value;
    if (key === undefined || more.length > 0)
      throw new CommandError('usage', `"${file}" has ${read.value.length} keys; expected one: export it alone`);
    return key;
  } finally {
    await pgp.close();
  }
}

function octetsOf(file: string): Buffer {
  try {
    if (statSync(file).size > LARGEST)
      throw new CommandError('usage', `Cannot use "${file}": it has more than 256 KiB; name the file of one key`);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${file}": ${code ?? String(error)}; name a file that you may read`);
  }
}
