/**
 * What is kept of a password in place of its text: the hash, and a SCRAM verifier where a setting
 * of its account asks for one.
 */
import { checkNewPassword } from '../../crypto/passwords/password-text.ts';
import { scramSalt, scramVerifier } from '../../crypto/passwords/scram.ts';
import { type Organisation, foldLogin } from '../../domain/registry.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { settingOf } from '../../domain/settings.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import type { NewPassword } from '../../store/registry.ts';
import type { Registry } from '../../store/port/registry.ts';

/** Whose password it is, and the settings that hold for it, nearest first. */
export interface PasswordOwner {
  readonly login: string;
  /** Names of its organisation: like the login name they are what a guesser tries first. */
  readonly names?: readonly string[];
  readonly settings: readonly (Settings | undefined)[];
}

export interface SecretParts {
  readonly registry: Pick<Registry, 'scramSaltKey'>;
  readonly hash: (text: string) => Promise<string>;
}

/** The failure tells why the text can be no password of this account; it never repeats it. */
export async function passwordSecrets(
  { registry, hash }: SecretParts,
  text: string,
  { login, names = [], settings }: PasswordOwner,
): Promise<Result<Pick<NewPassword, 'hash' | 'scram'>, string>> {
  const checked = checkNewPassword(text, [login, ...names]);
  if (!checked.ok) return checked;
  const kept = { hash: await hash(text) };
  if (!settingOf('scram', ...settings)) return ok(kept);
  const made = await scramVerifier(text, scramSalt(await registry.scramSaltKey(), foldLogin(login) ?? login));
  return made.ok
    ? ok({ ...kept, scram: made.value })
    : fail(`SCRAM, which the account has set, cannot take it: ${made.error}; choose another password, or set scram=no`);
}

/** What an organisation is called. */
export const namesOf = (record: { readonly organisation: Organisation } | undefined): readonly string[] =>
  record === undefined ? [] : [record.organisation.name, record.organisation.title];
