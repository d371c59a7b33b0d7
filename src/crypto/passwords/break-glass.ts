/**
 * The secrets of the break-glass account: they are shown once, and lie sealed under the master key.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import { BREAK_GLASS } from '../../domain/console.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { hashPassword } from './password.ts';
import { generatePassword } from './password-generate.ts';
import { openSecret, sealSecret } from '../keys/sealed-key.ts';
import { TOTP_KEY_OCTETS } from './totp.ts';

export interface BreakGlassSecrets {
  /** Hash of the password: Argon2id, PHC string. */
  readonly hash: string;
  /** Key of the one-time codes. */
  readonly key: Uint8Array;
}

export interface NewBreakGlass {
  readonly password: string;
  readonly key: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface BreakGlassSeals {
  make(): Promise<NewBreakGlass>;
  open(sealed: Uint8Array): Promise<Result<BreakGlassSecrets, string>>;
}

const OF = { purpose: 'break-glass', id: BREAK_GLASS } as const;

/** The master key is asked for at each use and not kept. */
export const breakGlassSeals = (masterKey: () => Promise<Uint8Array>, random: RandomBytes): BreakGlassSeals => ({
  make: async () => {
    const password = generatePassword(random);
    const key = random(TOTP_KEY_OCTETS);
    const plain = Buffer.from(
      JSON.stringify({ hash: await hashPassword(password), key: Buffer.from(key).toString('base64') }),
    );
    const sealed = sealSecret(await masterKey(), plain, { ...OF, random });
    plain.fill(0);
    return { password, key, sealed };
  },
  open: async (sealed) => {
    const plain = openSecret(await masterKey(), Buffer.from(sealed), OF);
    if (!plain.ok) return fail(plain.error);
    const { hash, key } = JSON.parse(plain.value.toString('utf8')) as { readonly hash: string; readonly key: string };
    plain.value.fill(0);
    return ok({ hash, key: Buffer.from(key, 'base64') });
  },
});
