/**
 * The master key: 32 octets, written as 64 hexadecimal digits. It comes from a file, or from a
 * command (a key store, the tool of an HSM) that prints it, so that it need not be on a disk. It
 * wraps the day keys and nothing else.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../domain/effects.ts';
import { ConfigError } from './problem.ts';
import type { Config } from './schema.ts';

const LENGTH = 32;
/** Milliseconds. A key store may ask its operator, but a start must come to an end. */
const PATIENCE = 60_000;

/** The content of a new master key file. */
export const newMasterKey = (random: RandomBytes): string => `${Buffer.from(random(LENGTH)).toString('hex')}\n`;

/**
 * The key as the service manager hands it over (LoadCredential=sluis.master-key:...). It replaces
 * `master-key-file`, which may then be readable for root alone, or sealed to the machine.
 */
export function masterKeyCredential(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { CREDENTIALS_DIRECTORY: folder } = env;
  const file = folder === undefined ? undefined : join(folder, 'sluis.master-key');
  return file !== undefined && existsSync(file) ? file : undefined;
}

/** Reads the master key. Throws ConfigError, which never repeats what was read. */
export async function readMasterKey(config: Config): Promise<Uint8Array> {
  const { 'master-key-file': configured, 'master-key-command': command } = config.keys;
  const file = configured === undefined ? undefined : (masterKeyCredential() ?? configured);
  const name = file === undefined ? 'keys.master-key-command' : 'keys.master-key-file';
  const shown = JSON.stringify(file ?? command?.[0]);
  const refuse = (remedy: string): never => {
    throw new ConfigError(config.file, [
      { path: name, value: shown, expected: `a master key of ${LENGTH * 2} hexadecimal digits`, remedy },
    ]);
  };
  let text: string;
  try {
    text = file === undefined ? await printed(command ?? []) : readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(
      file === undefined
        ? `the command failed (${code ?? 'no code'}); run it by hand as the gateway's user`
        : `the file cannot be read (${code ?? 'no code'}); put the key back from its safe copy`,
    );
  }
  const digits = text.trim();
  if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== LENGTH * 2)
    return refuse(
      `it holds ${digits === '' ? 'nothing' : 'something else'}; put the key back from its safe copy, a new one opens nothing that was stored`,
    );
  return Buffer.from(digits, 'hex');
}

const printed = ([program = '', ...words]: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(program, words, { timeout: PATIENCE, maxBuffer: 4096, encoding: 'utf8' }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error instanceof Error ? error : new Error('the command failed'));
    });
  });
