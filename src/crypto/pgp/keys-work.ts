/** Keys, in the OpenPGP thread: read, made, revoked, told of. */
import * as openpgp from 'openpgp';
import type { PgpJob, PgpKey } from './protocol.ts';
import { PgpFailure } from './failure.ts';

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

export async function makeKey({ type, name, email, seconds }: JobOf<'make-key'>): Promise<PgpKey> {
  const common = { userIDs: [{ name, email }], keyExpirationTime: seconds, format: 'object' as const };
  // GnuPG 2.4 imports no secret key of the newer curve25519 type (measured); the legacy one is the same curve.
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

async function told(given: openpgp.Key, passphrase?: string): Promise<PgpKey> {
  const key = given.isPrivate() && passphrase !== undefined ? await unlocked(given, passphrase) : given;
  const publicKey = key.toPublic();
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  const ends = await endOf(publicKey);
  return {
    fingerprint: key.getFingerprint(),
    userIds: key.getUserIDs(),
    emails: key.users.flatMap(({ userID }) => (userID === null || userID.email === '' ? [] : [userID.email])),
    algorithm: algorithm.startsWith('rsa') ? `rsa${bits ?? ''}` : (curve ?? algorithm).toLowerCase(),
    createdAt: key.getCreationTime().getTime(),
    ...(ends === undefined ? {} : { expiresAt: ends }),
    revoked: await publicKey.isRevoked(),
    canEncrypt: await works(() => publicKey.getEncryptionKey()),
    canSign: await works(() => publicKey.getSigningKey()),
    publicKey: publicKey.write(),
    ...(key.isPrivate() ? { secret: { key: key.write(), locked: !key.isDecrypted() } } : {}),
  };
}

async function unlocked(key: openpgp.PrivateKey, passphrase: string): Promise<openpgp.PrivateKey> {
  if (key.isDecrypted()) return key;
  try {
    return await openpgp.decryptKey({ privateKey: key, passphrase });
  } catch {
    throw new PgpFailure('malformed', 'Cannot open the secret key: the passphrase is not the right one');
  }
}

/** Undefined where it does not end; a key that is not valid at all has ended when it was made. */
async function endOf(key: openpgp.Key): Promise<number | undefined> {
  const ends = await key.getExpirationTime();
  if (ends === null) return key.getCreationTime().getTime();
  return ends instanceof Date ? ends.getTime() : undefined;
}

async function works(find: () => Promise<unknown>): Promise<boolean> {
  try {
    await find();
    return true;
  } catch {
    return false;
  }
}
