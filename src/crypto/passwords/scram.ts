/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): the verifier of a password, and the proof that a client has
 * it.
 *
 * A verifier lets nobody log in, but whoever has it can guess passwords offline, and can pretend to
 * be us to a client. It is kept and kept quiet like a password hash.
 */
import { createHmac, hash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type Result, fail, ok } from '../../domain/result.ts';

/**
 * Iterations: what a guess at a stolen verifier costs, and what each login costs the client. This
 * is OWASP's figure for PBKDF2 with SHA-256 (140 ms of a core here); RFC 7677 section 4 asks for
 * 4096 at least.
 */
export const SCRAM_ITERATIONS = 600_000;
export const SCRAM_SALT_OCTETS = 16;
const KEY_OCTETS = 32;

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const VERIFIER =
  /^SCRAM-SHA-256\$([1-9]\d{3,7}):([A-Za-z0-9+/]{22,86}={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

const derive = promisify(pbkdf2);
const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/**
 * The verifier of a password, in the form of RFC 5803:
 * `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, all base64. Runs in libuv's pool. The error
 * says why the password can have none; it never repeats it.
 */
export async function scramVerifier(
  password: string,
  salt: Uint8Array,
  iterations: number = SCRAM_ITERATIONS,
): Promise<Result<string, string>> {
  const prepared = saslprep(password);
  if (!prepared.ok) return prepared;
  const salted = await derive(Buffer.from(prepared.value, 'utf8'), salt, iterations, KEY_OCTETS, 'sha256');
  const storedKey = hash('sha256', hmac(salted, 'Client Key'), 'buffer');
  const serverKey = hmac(salted, 'Server Key');
  const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
  return ok(`SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`);
}

/** Undefined for text that `scramVerifier` did not write. */
export function readScramVerifier(text: string): ScramVerifier | undefined {
  const [match, iterations = '', salt = '', storedKey = '', serverKey = ''] = VERIFIER.exec(text) ?? [];
  if (match === undefined) return undefined;
  return {
    iterations: Number(iterations),
    salt: Buffer.from(salt, 'base64'),
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  };
}

/**
 * The server's signature if the proof is right (RFC 5802 section 3), else undefined; both cost the
 * same work. `message`: AuthMessage.
 */
export function checkScramProof(verifier: ScramVerifier, message: string, proof: Uint8Array): Buffer | undefined {
  const clientSignature = hmac(verifier.storedKey, message);
  const clientKey = Buffer.alloc(KEY_OCTETS);
  for (let i = 0; i < KEY_OCTETS; i += 1) clientKey[i] = (proof[i] ?? 0) ^ (clientSignature[i] ?? 0);
  const right = timingSafeEqual(hash('sha256', clientKey, 'buffer'), verifier.storedKey);
  const serverSignature = hmac(verifier.serverKey, message);
  return right && proof.length === KEY_OCTETS ? serverSignature : undefined;
}

/**
 * The salt of all passwords of a login, derived from a secret of the store, so that a login that
 * nobody has gets a salt too, always the same.
 */
export const scramSalt = (key: Uint8Array, login: string): Buffer =>
  createHmac('sha256', key).update(`scram salt\0${login}`).digest().subarray(0, SCRAM_SALT_OCTETS);

/** RFC 3454 table C.1.2, mapped to a space. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** Table B.1, mapped to nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/**
 * Tables C.2.1 and C.2.2 (controls), C.3 (private use), C.4 and C.5 (no characters), C.6 to C.9
 * (replacement, marks, tags).
 */
const PROHIBITED =
  // eslint-disable-next-line no-control-regex -- looking for control characters is the purpose
  /[\0-\x1f\x7f-\x9f\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u{1d173}-\u{1d17a}]|\p{Co}|\p{Cs}|\p{Noncharacter_Code_Point}|[\ufff9-\ufffd\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u206a-\u206f\u{e0001}\u{e0020}-\u{e007f}]/u;

/**
 * SASLprep (RFC 4013): how a client of SCRAM spells a password before it derives keys from it. Ours
 * must come out the same. The error never repeats the text.
 *
 * Not done here: the checks for text in two directions and for what Unicode 3.2 had not assigned.
 * They change no octet, they only make some clients refuse; a password that a client refuses is not
 * sent to us.
 */
export function saslprep(text: string): Result<string, string> {
  // The result is examined, since RFC 3454 section 3 maps and normalises first. (Two marks of table
  // C.8 are gone by then.)
  const prepared = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (prepared === '') return fail('nothing is left of it when it is prepared (RFC 4013)');
  if (PROHIBITED.test(prepared)) return fail('it has a character that SASLprep (RFC 4013) prohibits');
  return ok(prepared);
}
