/** Seeded randomness, certificates with any content, and openssl as a second opinion. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyPair, makeKeyPair } from '../../src/crypto/certificates/authority.ts';
import { type Certificate, readCertificate } from '../../src/crypto/certificates/certificate.ts';
import {
  type Encoded,
  encode,
  explicit,
  integer,
  sequence,
  sequenceOf,
  time,
} from '../../src/crypto/certificates/der.ts';
import { type Name, encodeName, makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { publicKeyInfo, signedFrame } from '../../src/crypto/certificates/extensions.ts';
import {
  algorithmFor,
  encodeAlgorithm,
  sign,
  type SignatureAlgorithm,
} from '../../src/crypto/certificates/signature.ts';
import type { RandomBytes } from '../../src/domain/effects.ts';
import type { Result } from '../../src/domain/result.ts';
import { days, instant } from '../../src/domain/units.ts';

/** All tests of this folder happen at this time; openssl is told so with -attime. */
export const NOW = instant(Date.UTC(2026, 10, 25, 12));

/** xorshift32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let x = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}
export function seededBytes(seed: number): RandomBytes {
  const next = seeded(seed);
  return (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

export function value<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`expected a value, found ${JSON.stringify(result.error)}`);
  return result.value;
}
export function problem<T, E>(result: Result<T, E>): E {
  if (result.ok) throw new Error('expected an error, found a value');
  return result.error;
}

export const named = (commonName: string): Name => makeName({ commonName, organisation: 'Zorggroep', country: 'NL' });

const keys = new Map<string, Promise<KeyPair>>();
/** A key pair by name: made once in a test process. */
export const keyNamed = (name: string, kind: Parameters<typeof makeKeyPair>[0] = 'p256'): Promise<KeyPair> => {
  const found = keys.get(name) ?? makeKeyPair(kind);
  keys.set(name, found);
  return found;
};

export interface Crafted {
  readonly subject: Name;
  readonly issuer: Name;
  readonly keys: KeyPair;
  readonly signer: KeyPair;
  readonly extensions?: readonly Encoded[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly serial?: number;
  readonly algorithm?: SignatureAlgorithm;
}

let serials = 1;
/** Any certificate, also one that no authority should issue. */
export async function craft(c: Crafted): Promise<Certificate> {
  const algorithm = c.algorithm ?? algorithmFor(c.signer.privateKey);
  const body = encode(
    sequence(
      explicit(0, integer(2)),
      integer(c.serial ?? serials++),
      encodeAlgorithm(algorithm),
      encodeName(c.issuer),
      sequence(time(instant(c.notBefore ?? NOW - days(1))), time(instant(c.notAfter ?? NOW + days(100)))),
      encodeName(c.subject),
      publicKeyInfo(c.keys.publicKey),
      ...((c.extensions ?? []).length > 0 ? [explicit(3, sequenceOf(c.extensions ?? []))] : []),
    ),
  );
  return value(
    readCertificate(signedFrame(body, encodeAlgorithm(algorithm), await sign(algorithm, body, c.signer.privateKey))),
  );
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
/** For `{ skip }` of a test: undefined if openssl is there, else a loud reason. */
export const withoutOpenssl = hasOpenssl ? false : 'SKIPPED: openssl is not installed; the second opinion is missing';
if (!hasOpenssl) process.stderr.write('\n*** openssl is not installed: tests with it as a peer are SKIPPED ***\n\n');

/** A folder for one test, with openssl run in it. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluis-crypto-'));

  put(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.folder, name), content);
    return name;
  }
  get(name: string): Buffer {
    return readFileSync(join(this.folder, name));
  }
  /** Status and everything that was printed. */
  run(...parts: readonly string[]): { readonly status: number | null; readonly output: string } {
    const done = spawnSync('openssl', parts, { cwd: this.folder, encoding: 'utf8', input: '' });
    return { status: done.status, output: done.stdout + done.stderr };
  }
  /** As `run`, for what must succeed. */
  openssl(...parts: readonly string[]): string {
    const { status, output } = this.run(...parts);
    if (status !== 0) throw new Error(`openssl ${parts.join(' ')} failed:\n${output}`);
    return output;
  }
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
export const attime = ['-attime', String(NOW / 1000)];

/** Runs `work` in a bench that is removed afterwards. */
export async function onBench<T>(work: (bench: Bench) => T | Promise<T>): Promise<T> {
  const bench = new Bench();
  try {
    return await work(bench);
  } finally {
    bench.remove();
  }
}

const golden = new URL('../../test/golden/crypto/', import.meta.url);
/** A golden file's text. To make a new one, write what the test prints, after reading it. */
export const goldenText = (name: string): string => readFileSync(new URL(name, golden), 'utf8');
