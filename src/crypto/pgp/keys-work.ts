/** Keys, in the OpenPGP thread: reads, makes, revokes and describes them. */
import * as openpgp from 'openpgp';
import { withoutQuotes } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { PgpJob, PgpKey } from './protocol.ts';
import { PgpFailure } from './failure.ts';

/** User ids of one key that are looked at. */
const MAX_USERS = 64;
const MAX_SUBKEYS = 32;
/** Keys in one file. */
const MAX_KEYS = 100;
const ARMOURED = /^-----BEGIN PGP /m;

type JobOf<K extends PgpJob['kind']> = Extract<PgpJob, { kind: K }>;

/** Throws PgpFailure for what is no key. */
export async function readKeys({ octets, passphrase }: JobOf<'read-keys'>): Promise<readonly PgpKey[]> {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
  let keys: openpgp.Key[];
  try {
    keys = ARMOURED.test(text)
      ? await openpgp.readKeys({ armoredKeys: text.slice(text.search(ARMOURED)) })
      : await openpgp.readKeys({ binaryKeys: octets });
  } catch (error) {
    throw new PgpFailure('malformed', `Cannot read the key: ${String(error)}`);
  }
  if (keys.length > MAX_KEYS)
    throw new PgpFailure('limit', `There are ${keys.length} keys; expected at most ${MAX_KEYS}`);
  return await Promise.all(keys.map((key) => told(key, passphrase)));
}

/** Newer packets add to what is known, a revocation too, and take nothing away. */
export async function mergeKeys({ known, newer }: JobOf<'merge-keys'>): Promise<PgpKey> {
  try {
    const [one, other] = [await openpgp.readKey({ binaryKey: known }), await openpgp.readKey({ binaryKey: newer })];
    return await told(await (one.isPrivate() ? one : other).update(one.isPrivate() ? other : one));
  } catch (error) {
    throw new PgpFailure('malformed', `Cannot join the two forms of the key: ${String(error)}`);
  }
}

export async function makeKey({ type, name, email, seconds }: JobOf<'make-key'>): Promise<PgpKey> {
  const common = { userIDs: [{ name, email }], keyExpirationTime: seconds, format: 'object' as const };
  // GnuPG 2.4 imports no secret key of the newer curve25519 type (measured); the legacy one is the
  // same curve.
  const { privateKey } =
    type === 'curve25519'
      ? await openpgp.generateKey({ ...common, type: 'ecc', curve: 'curve25519Legacy' })
      : await openpgp.generateKey({ ...common, type: 'rsa', rsaBits: type === 'rsa3072' ? 3072 : 4096 });
  return await told(privateKey);
}

export async function revokeKey({ secretKey, reason }: JobOf<'revoke-key'>): Promise<PgpKey> {
  const key = await openpgp.readPrivateKey({ binaryKey: secretKey });
  const revoked = await key.revoke({ flag: openpgp.enums.reasonForRevocation.noReason, string: reason });
  return await told(revoked);
}

export async function lockKey({ secretKey, passphrase }: JobOf<'lock-key'>): Promise<Uint8Array> {
  const privateKey = await openpgp.readPrivateKey({ binaryKey: secretKey });
  return (await openpgp.encryptKey({ privateKey, passphrase })).write();
}

async function told(given: openpgp.Key, passphrase?: string): Promise<PgpKey> {
  const key = given.isPrivate() && passphrase !== undefined ? await unlocked(given, passphrase) : given;
  const publicKey = key.toPublic();
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  const ends = await endOf(publicKey);
  const users = await certified(publicKey);
  return {
    fingerprint: key.getFingerprint(),
    userIds: key.getUserIDs(),
    emails: users.flatMap(({ userID }) =>
      userID === null || userID.email === '' ? [] : [withoutQuotes(userID.email)],
    ),
    algorithm: algorithm.startsWith('rsa') ? `rsa${bits ?? ''}` : (curve ?? algorithm).toLowerCase(),
    createdAt: key.getCreationTime().getTime(),
    ...defined({ expiresAt: ends }),
    revoked: await publicKey.isRevoked(),
    canEncrypt: await works(() => publicKey.getEncryptionKey()),
    canSign: await works(() => publicKey.getSigningKey()),
    encryptsUntil: await lastMoment(publicKey, (at) => publicKey.getEncryptionKey(undefined, at)),
    signsUntil: await lastMoment(publicKey, (at) => publicKey.getSigningKey(undefined, at)),
    publicKey: publicKey.write(),
    ...(key.isPrivate() ? { secret: { key: key.write(), locked: !key.isDecrypted() } } : {}),
  };
}

async function unlocked(key: openpgp.PrivateKey, passphrase: string): Promise<openpgp.PrivateKey> {
  if (key.isDecrypted()) return key;
  try {
    return await openpgp.decryptKey({ privateKey: key, passphrase });
  } catch {
    throw new PgpFailure('malformed', 'Cannot open the private key: the passphrase is wrong');
  }
}

/**
 * When the key ends; undefined: never. A key that is not valid at all counts as ended when it was
 * made.
 */
async function endOf(key: openpgp.Key): Promise<number | undefined> {
  const ends = await key.getExpirationTime();
  if (ends === null) return key.getCreationTime().getTime();
  return ends instanceof Date ? ends.getTime() : undefined;
}

/** User ids that anybody may hang on a key do not count, nor do those that were taken back. */
async function certified(key: openpgp.Key): Promise<openpgp.User[]> {
  const users: openpgp.User[] = [];
  for (const user of key.users.slice(0, MAX_USERS)) if (await works(() => user.verify())) users.push(user);
  return users;
}

/**
 * The latest end of the key or of a subkey at which `find` still finds one. Gaps before it are not
 * looked for: keys are used until they end.
 */
async function lastMoment(key: openpgp.Key, find: (at: Date) => Promise<unknown>): Promise<number> {
  const made = key.getCreationTime().getTime();
  const ends: number[] = [];
  for (const each of [key, ...key.subkeys.slice(0, MAX_SUBKEYS)]) {
    const end = await each.getExpirationTime();
    if (end instanceof Date) ends.push(end.getTime());
  }
  const beyond = Math.max(made, Date.now(), ...ends) + 24 * 3_600_000;
  if (await works(() => find(new Date(beyond)))) return Number.MAX_SAFE_INTEGER;
  for (const end of ends.sort((a, b) => b - a)) if (await works(() => find(new Date(end - 1000)))) return end;
  return 0;
}

async function works(find: () => Promise<unknown>): Promise<boolean> {
  try {
    await find();
    return true;
  } catch {
    return false;
  }
}
