// The core to be audited: what holds keys or sees plaintext, and what decides who is let in and who gets what. Whoever audits the gateway reads these files; the
// linter (eslint.config.js) keeps keys in them, and test/docs/audited-core holds the list to the tree and to its size.

/** Below src. A folder means the files in it, not those of folders below it. */
export const core = [
  { path: 'crypto/certificates', because: 'reads, judges and issues certificates' },
  { path: 'crypto/cms', because: 'signs, verifies, encrypts and decrypts (RFC 5652)' },
  { path: 'crypto/smime', because: 'the same for messages (RFC 8551)' },
  { path: 'crypto/pgp', because: 'the same in OpenPGP (RFC 9580, RFC 3156)' },
  { path: 'crypto/keys', because: 'seals keys and bodies, holds the master key' },
  { path: 'crypto/key-files', because: 'reads private keys from files (PKCS #12)' },
  { path: 'crypto/passwords', because: 'judges passwords' },
  { path: 'protection', because: 'opens, verifies and protects each message' },
  { path: 'auth', because: 'decides whose a session is' },
  { path: 'domain/policy.ts', because: 'decides who may send to whom' },
  { path: 'domain/recipients.ts', because: 'decides who gets a copy' },
  { path: 'domain/roles.ts', because: 'decides what an operator may do' },
  { path: 'domain/second-person.ts', because: 'decides what two people must sign' },
  { path: 'admin/rights.ts', because: 'asks the roles, at the one door of every operation' },
  { path: 'submission/route.ts', because: 'decides which mailbox or partner a copy goes to' },
];

/** Lines of code in it, comments and blank lines apart. */
export const MOST_LINES = 15_000;

/** What makes, reads or uses a key. Digests and random octets are for everybody. */
export const keyFunctions = [
  ...['createCipheriv', 'createDecipheriv', 'createPrivateKey', 'createSecretKey', 'createSign', 'createECDH'],
  ...['diffieHellman', 'generateKey', 'generateKeyPair', 'generateKeyPairSync', 'generateKeySync', 'hkdf', 'hkdfSync'],
  ...['pbkdf2', 'pbkdf2Sync', 'privateDecrypt', 'privateEncrypt', 'publicDecrypt', 'publicEncrypt', 'scrypt'],
  ...['scryptSync', 'sign', 'webcrypto', 'subtle'],
];

/** Who else may, and why: none of these sees mail. */
export const alsoKeys = [
  { path: 'crypto/dkim', because: 'signs what is pushed, under a key that only says where it comes from' },
  { path: 'crypto/trail', because: 'signs and proves the trail' },
  { path: 'api/administration/opaque.ts', because: 'seals where a list goes on' },
  { path: 'backup/log-files.ts', because: 'signs what it copies' },
  { path: 'backup/signed.ts', because: 'signs reports of drills' },
  { path: 'cluster/channel/identity.ts', because: 'the TLS key among gateways of one store' },
  { path: 'commands/cert/params.ts', because: 'an operator hands in a key' },
  { path: 'commands/partner/server.ts', because: 'an operator hands in a key' },
  { path: 'config/store.ts', because: 'the TLS key towards PostgreSQL' },
  { path: 'platform/tls.ts', because: 'the TLS keys of listeners' },
  { path: 'sandbox/certificates.ts', because: 'throw-away keys of the bench' },
  { path: 'self-service/setup/profile.ts', because: 'signs a set-up profile with the key of the listener' },
  { path: 'store/core/body-writer.ts', because: 'hands the key of the day to the cipher' },
];

/** For the linter: `src/auth/*.ts` of `auth`. */
export const pattern = ({ path }) => (path.endsWith('.ts') ? `src/${path}` : `src/${path}/*.ts`);
