/**
 * Hashes and verifies passwords, never on the main thread.
 *
 * argon2id and bcrypt run in libuv's pool (4 threads, shared with file access and name look-up):
 * callers bound how many run at once, the login queue to 2. Whoever allows more sets
 * UV_THREADPOOL_SIZE to that number plus 2 in the environment of the process. It cannot be set from
 * inside: Node's own loader has started the pool before our first line runs (seen with 20.20: a
 * value set in the program changes nothing). sha512-crypt runs in a worker thread of ours. SSHA is
 * one SHA-1 of a few octets and stays here.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { verify as bcryptVerify } from '@node-rs/bcrypt';
import { PasswordThread } from './password-thread.ts';
import { ARGON2, needsRehash, type PasswordHash, schemeOf } from './password-scheme.ts';
import { isPossiblePassword, passwordCandidates, preparePassword } from './password-text.ts';

/** Hashes a new password as we keep it: argon2id, PHC string. Takes 14 ms of CPU and 19 MiB. */
export const hashPassword = (text: string): Promise<string> =>
  argon2Hash(Buffer.from(preparePassword(text), 'utf8'), {
    memoryCost: ARGON2.memoryKiB,
    timeCost: ARGON2.passes,
    parallelism: ARGON2.lanes,
    outputLen: 32,
  });

export interface PasswordVerifier {
  /**
   * True when `text` is the password behind `hash`. A hash that `schemeOf` refuses is nobody's
   * password.
   */
  verify(hash: string, text: string): Promise<boolean>;
  /** Ends the worker thread, if one was started. Verifications that still run in it reject. */
  close(): Promise<void>;
}

export function createPasswordVerifier(): PasswordVerifier {
  const thread = new PasswordThread();
  return {
    verify: async (hash, text) => {
      const read = schemeOf(hash);
      if (!read.ok || !isPossiblePassword(text)) return false;
      for (const candidate of passwordCandidates(text, needsRehash(hash)))
        if (await matches(hash, read.value, candidate, thread)) return true;
      return false;
    },
    close: () => thread.close(),
  };
}

/** One verification by itself, for tools and tests; a server keeps one `createPasswordVerifier`. */
export async function verifyPassword(hash: string, text: string): Promise<boolean> {
  const verifier = createPasswordVerifier();
  try {
    return await verifier.verify(hash, text);
  } finally {
    await verifier.close();
  }
}

/**
 * A hash that no password opens and that costs the same as ours: work for login names that nobody
 * has.
 */
export function dummyHash(random: (length: number) => Uint8Array): string {
  const text = (length: number): string => Buffer.from(random(length)).toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${ARGON2.memoryKiB},t=${ARGON2.passes},p=${ARGON2.lanes}$${text(16)}$${text(32)}`;
}

async function matches(
  hash: string,
  read: PasswordHash,
  password: Uint8Array,
  thread: PasswordThread,
): Promise<boolean> {
  switch (read.scheme) {
    case 'argon2id':
      return await argon2Verify(hash, password);
    case 'bcrypt':
      return await bcryptVerify(password, hash);
    case 'sha512-crypt':
      return sameOctets(
        Buffer.from(await thread.sha512crypt(password, read.salt, read.rounds), 'ascii'),
        Buffer.from(read.digest, 'ascii'),
      );
    case 'ssha':
      return sameOctets(createHash('sha1').update(password).update(read.salt).digest(), read.digest);
  }
}

const sameOctets = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
