/**
 * Reads the four forms of a stored password: what it is, how much work it asks, and whether we are
 * willing to do it.
 *
 *   $argon2id$v=19$m=KiB,t=PASSES,p=LANES$SALT$HASH     RFC 9106, PHC string; the only form we write
 *   $2a$ $2b$ $2y$COST$SALT+HASH                        bcrypt
 *   $6$[rounds=N$]SALT$HASH                             sha512-crypt (Drepper, "Unix crypt using SHA-256 and SHA-512", 2008)
 *   {SSHA}BASE64                                        salted SHA-1 of LDAP servers (RFC 2307 style)
 *
 * The last three come in by import only. A hash is text that an importer hands us and that every
 * stranger's login makes us work for, so its cost parameters are bounded here, once: `m=4194304` or
 * `rounds=999999999` would let one account stop the gateway.
 */
import { type Result, fail, ok } from '../../domain/result.ts';

export type PasswordHash =
  | { readonly scheme: 'argon2id'; readonly memoryKiB: number; readonly passes: number; readonly lanes: number }
  | { readonly scheme: 'bcrypt'; readonly cost: number }
  | { readonly scheme: 'sha512-crypt'; readonly rounds: number; readonly salt: string; readonly digest: string }
  | { readonly scheme: 'ssha'; readonly digest: Uint8Array; readonly salt: Uint8Array };

/**
 * What we write ourselves: 19 MiB, 2 passes, 1 lane (OWASP's first choice of 2024; 14 ms of CPU).
 */
export const ARGON2 = { memoryKiB: 19_456, passes: 2, lanes: 1 } as const;

/** Most work that one verification may ask. Each is about a second of one core, or 128 MiB. */
export const HASH_LIMITS = { memoryKiB: 128 * 1024, passes: 10, lanes: 16, cost: 14, rounds: 200_000 } as const;

const MAX_TEXT = 512;
const ARGON2ID =
  /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}$/;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const SHA512 = /^\$6\$(?:rounds=(\d{1,10})\$)?([^$:\s]{0,16})\$([./0-9A-Za-z]{86})$/;
const SSHA = /^\{SSHA\}([A-Za-z0-9+/]{28,150}={0,2})$/i;
// Dovecot and OpenLDAP write a label before the crypt string; the string says the same again.
const LABEL = /^\{(?:ARGON2ID|BLF-CRYPT|SHA512-CRYPT|CRYPT)\}(?=\$)/i;

const EXPECTED = 'expected $argon2id$, $2a$, $2b$ or $2y$ (bcrypt), $6$ (sha512-crypt) or {SSHA}';

/** The form in which a hash is stored: without the label that Dovecot or OpenLDAP put in front. */
export const storedForm = (hash: string): string => hash.trim().replace(LABEL, '');

/**
 * Reads a hash in its stored form. The error says what is wrong with it and what is taken; it never
 * repeats the hash.
 */
export function schemeOf(hash: string): Result<PasswordHash, string> {
  if (hash.length > MAX_TEXT) return fail(`the password hash is longer than ${MAX_TEXT} characters; ${EXPECTED}`);
  if (hash.startsWith('$argon2id$')) return argon2id(hash);
  if (/^\$2[aby]\$/.test(hash)) return bcrypt(hash);
  if (hash.startsWith('$6$')) return sha512(hash);
  if (/^\{SSHA\}/i.test(hash)) return ssha(hash);
  // Only the label of the scheme is repeated, and only where it cannot be part of a password.
  const label = /^(?:\$[0-9a-z]{1,8}\$|\{[A-Z0-9.-]{1,20}\})/i.exec(hash)?.[0];
  return fail(
    `the password hash ${label === undefined ? 'has no known scheme' : `is of scheme ${label}`}; ${EXPECTED}`,
  );
}

const within = (name: string, value: number, min: number, max: number): string | undefined =>
  value >= min && value <= max ? undefined : `its ${name} is ${value}; expected ${min} to ${max}`;

function argon2id(hash: string): Result<PasswordHash, string> {
  const [match, m = '', t = '', p = ''] = ARGON2ID.exec(hash) ?? [];
  if (match === undefined)
    return fail('the argon2id hash is malformed; expected $argon2id$v=19$m=KiB,t=PASSES,p=LANES$SALT$HASH');
  const value = { scheme: 'argon2id', memoryKiB: Number(m), passes: Number(t), lanes: Number(p) } as const;
  const wrong =
    within('number of lanes (p)', value.lanes, 1, HASH_LIMITS.lanes) ??
    within('memory (m, KiB)', value.memoryKiB, 8 * value.lanes, HASH_LIMITS.memoryKiB) ??
    within('number of passes (t)', value.passes, 1, HASH_LIMITS.passes);
  return wrong === undefined ? ok(value) : fail(`the argon2id hash asks too much or too little: ${wrong}`);
}

function bcrypt(hash: string): Result<PasswordHash, string> {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost === undefined) return fail('the bcrypt hash is malformed; expected $2b$COST$ and 53 characters');
  const wrong = within('cost', Number(cost), 4, HASH_LIMITS.cost);
  return wrong === undefined
    ? ok({ scheme: 'bcrypt', cost: Number(cost) })
    : fail(`the bcrypt hash asks too much or too little: ${wrong}`);
}

function sha512(hash: string): Result<PasswordHash, string> {
  const [match, rounds = '5000', salt = '', digest = ''] = SHA512.exec(hash) ?? [];
  if (match === undefined)
    return fail('the sha512-crypt hash is malformed; expected $6$SALT$HASH or $6$rounds=N$SALT$HASH');
  const wrong = within('number of rounds', Number(rounds), 1000, HASH_LIMITS.rounds);
  return wrong === undefined
    ? ok({ scheme: 'sha512-crypt', rounds: Number(rounds), salt, digest })
    : fail(`the sha512-crypt hash asks too much or too little: ${wrong}`);
}

function ssha(hash: string): Result<PasswordHash, string> {
  const octets = Buffer.from(SSHA.exec(hash)?.[1] ?? '', 'base64');
  if (octets.length <= 20)
    return fail('the {SSHA} hash is malformed; expected base64 of a SHA-1 (20 octets) and a salt behind it');
  return ok({ scheme: 'ssha', digest: octets.subarray(0, 20), salt: octets.subarray(20) });
}

/**
 * True for every hash that is not what `hashPassword` writes today: replace it when its password is
 * next seen.
 */
export function needsRehash(hash: string): boolean {
  const read = schemeOf(hash);
  return !(
    read.ok &&
    read.value.scheme === 'argon2id' &&
    read.value.memoryKiB === ARGON2.memoryKiB &&
    read.value.passes === ARGON2.passes &&
    read.value.lanes === ARGON2.lanes
  );
}
