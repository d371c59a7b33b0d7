/**
 * Keys for DKIM: files of one folder, each named after the record that publishes it,
 * `SELECTOR._domainkey.DOMAIN.pem`.
 *
 * A new key is `...pem.new` until its record is published: only `.pem` sign. A file that cannot be
 * used is an error, since the other choice would be to send unsigned.
 */
import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Unusable } from '../../domain/unusable.ts';
import type { DkimKey } from './dkim.ts';

const generate = promisify(generateKeyPair);

export type DkimKind = 'ed25519' | 'rsa2048';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const FILE = new RegExp(`^(${LABEL})\\._domainkey\\.((?:${LABEL}\\.)+${LABEL})\\.pem$`);

/** Most keys of one gateway: two algorithms for a hundred domains. */
const MOST_KEYS = 200;
const LARGEST_FILE = 16 * 1024;

export const dkimFile = (selector: string, domain: string): string => `${selector}._domainkey.${domain}.pem`;

/**
 * Reads the keys of a folder. `waiting`: those that are to be published first (`.pem.new`). Throws
 * Unusable: no file is skipped in silence.
 */
export function readDkimKeys(folder: string, which: 'signing' | 'waiting' = 'signing'): readonly DkimKey[] {
  const end = which === 'signing' ? '.pem' : '.pem.new';
  const files = namesIn(folder)
    .filter((name) => name.endsWith(end))
    .sort();
  if (files.length > MOST_KEYS)
    throw new Unusable(
      `Cannot use the DKIM keys in "${folder}": there are ${files.length}, at most ${MOST_KEYS} can be used; move those that are not used elsewhere`,
    );
  const keys = files.map((name) => readKey(folder, name, end));
  const twice = keys.find((key, n) =>
    keys.slice(0, n).some((other) => other.domain === key.domain && other.algorithm === key.algorithm),
  );
  if (twice !== undefined && which === 'signing')
    throw new Unusable(
      `Cannot use the DKIM keys in "${folder}": two of ${twice.domain} are for ${twice.algorithm}, one is expected; rename the one that is not to sign (its record stays published for a week)`,
    );
  return keys;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    throw new Unusable(
      `Cannot read the folder with DKIM keys "${folder}" (${code}); correct delivery.dkim-keys, or make it with mode 0700`,
    );
  }
}

function readKey(folder: string, name: string, end: string): DkimKey {
  const path = join(folder, name);
  const refuse = (why: string): never => {
    throw new Unusable(`Cannot use the DKIM key "${path}": ${why}`);
  };
  const [, selector = '', domain = ''] = FILE.exec(name.slice(0, -end.length) + '.pem') ?? [];
  if (domain === '') return refuse('its name is not SELECTOR._domainkey.DOMAIN.pem, in small letters; rename it');
  let pem: string;
  try {
    const { mode, size } = statSync(path);
    if ((mode & 0o077) !== 0)
      return refuse(`others may read it (mode 0${(mode & 0o777).toString(8)}); run "chmod 600 ${path}"`);
    if (size > LARGEST_FILE) return refuse(`it has ${size} octets, a key has less than ${LARGEST_FILE}; replace it`);
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Unusable) throw error;
    return refuse(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no code'}); correct its rights`);
  }
  const privateKey = keyOf(pem);
  if (privateKey === undefined) return refuse('it is not a private key in PEM without a password; replace it');
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength = 0 } = {} } = privateKey;
  if (type === 'ed25519') return { domain, selector, algorithm: 'ed25519-sha256', privateKey };
  // RFC 8301 section 3.2: verifiers take 1,024 to 4,096 bits; signing with fewer than 2,048 is no
  // longer safe.
  if (type === 'rsa' && modulusLength >= 2048 && modulusLength <= 4096)
    return { domain, selector, algorithm: 'rsa-sha256', privateKey };
  return refuse(
    `it is ${type ?? 'unknown'}${type === 'rsa' ? ` with ${modulusLength} bits` : ''}, expected ed25519, or rsa with 2048 to 4096 bits; make one with "sluis dkim make"`,
  );
}

function keyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** PKCS #8, PEM. */
export async function makeDkimKey(kind: DkimKind): Promise<string> {
  const { privateKey } =
    kind === 'ed25519'
      ? await generate('ed25519')
      : await generate('rsa', { modulusLength: 2048, publicExponent: 0x10001 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/** RFC 6376 section 3.6.1, RFC 8463 section 4: name and text of the TXT record. */
export function dkimRecord({ selector, domain, algorithm, privateKey }: DkimKey): {
  readonly name: string;
  readonly value: string;
} {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const ed25519 = algorithm === 'ed25519-sha256';
  // The last 32 octets of an Ed25519 SubjectPublicKeyInfo are the key itself.
  const key = (ed25519 ? spki.subarray(-32) : spki).toString('base64');
  return { name: `${selector}._domainkey.${domain}`, value: `v=DKIM1; k=${ed25519 ? 'ed25519' : 'rsa'}; p=${key}` };
}

/**
 * The keys of the nearest domain at or above `domain`, whose signatures are aligned with it (RFC
 * 7489 section 3.1.1); empty: there are none.
 */
export function keysFor(keys: readonly DkimKey[], domain: string): readonly DkimKey[] {
  for (let at = domain; at.includes('.'); at = at.slice(at.indexOf('.') + 1)) {
    const found = keys.filter((key) => key.domain === at);
    if (found.length > 0) return found;
  }
  return [];
}
