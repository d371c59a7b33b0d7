/**
 * Content, in the OpenPGP thread: signed, encrypted, verified, decrypted, as streams.
 *
 * What is decrypted leaves this thread only when its integrity was checked
 * (`allowUnauthenticatedStream` stays off): a message without a modification detection code, or
 * with a wrong one, gives no octet. Compressed content has the same limit as any other.
 */
import { ReadableStream } from 'node:stream/web';
import * as openpgp from 'openpgp';
import { defined } from '../../domain/defined.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { PgpFailure } from './failure.ts';
import { guardPackets } from './packet-guard.ts';
import type { PgpAnswers, PgpJob, PgpSignature } from './protocol.ts';

guardPackets();

type JobOf<K extends PgpJob['kind']> = Extract<PgpJob, { kind: K }>;
export type Give = (slice: Uint8Array) => Promise<void>;

/** Key id of a message that does not say whom it is for (RFC 9580 section 5.1.8). */
const WILDCARD = /^0+$/;
/** Most signatures on one content: a few people, or one with several keys. */
const MAX_SIGNATURES = 8;
/**
 * Keys of content that may be encrypted to one of ours, or to nobody by name: each is tried, and of
 * RSA three ways, with all of the content.
 */
const MAX_TRIED = 8;
/** Octets of one slice that leaves the thread. */
const SLICE = 256 * 1024;

type Binary = ReadableStream<Uint8Array>;
const streamOf = (input: AsyncIterable<Uint8Array>): Binary => ReadableStream.from(input);

const publicKeys = (keys: readonly Uint8Array[]): Promise<openpgp.PublicKey[]> =>
  Promise.all(keys.map((binaryKey) => openpgp.readKey({ binaryKey })));
const secretKeys = (keys: readonly Uint8Array[]): Promise<openpgp.PrivateKey[]> =>
  Promise.all(keys.map((binaryKey) => openpgp.readPrivateKey({ binaryKey })));

const hashName = (signature: openpgp.SignaturePacket): string =>
  signature.hashAlgorithm === null ? 'unknown' : openpgp.enums.read(openpgp.enums.hash, signature.hashAlgorithm);

/** One slice after another, none larger than SLICE. */
async function giveAll(output: AsyncIterable<Uint8Array>, give: Give, limit = Infinity): Promise<void> {
  let octets = 0;
  for await (const slice of output) {
    octets += slice.length;
    if (octets > limit) throw new PgpFailure('limit', `The content is larger than ${limit} octets`);
    for (let at = 0; at < slice.length; at += SLICE) await give(slice.subarray(at, at + SLICE));
  }
}

export async function sign(job: JobOf<'sign'>, input: AsyncIterable<Uint8Array>): Promise<PgpAnswers['sign']> {
  const message = await openpgp.createMessage({ binary: streamOf(input) });
  const signingKeys = await secretKeys(job.secretKeys);
  const made = await openpgp.sign({ message, signingKeys, detached: true, format: 'binary' });
  const pieces: Uint8Array[] = [];
  for await (const piece of made) pieces.push(piece);
  const signature = new Uint8Array(joinSmall(pieces));
  const [packet] = (await openpgp.readSignature({ binarySignature: signature }))
    .packets as unknown as openpgp.SignaturePacket[];
  if (packet === undefined) throw new PgpFailure('unsupported', 'The signature has no packet');
  return { signature, hash: hashName(packet) };
}

export async function encrypt(
  job: JobOf<'encrypt'>,
  input: AsyncIterable<Uint8Array>,
  give: Give,
): Promise<PgpAnswers['encrypt']> {
  const message = await openpgp.createMessage({ binary: streamOf(input) });
  const encryptionKeys = await publicKeys(job.publicKeys);
  const signingKeys = await secretKeys(job.secretKeys);
  const made = await openpgp.encrypt({ message, encryptionKeys, signingKeys, format: 'binary' });
  await giveAll(made, give);
  return {};
}

export async function verify(job: JobOf<'verify'>, input: AsyncIterable<Uint8Array>): Promise<PgpAnswers['verify']> {
  const verificationKeys = await publicKeys(job.publicKeys);
  let signature: openpgp.Signature;
  try {
    signature = await openpgp.readSignature({ binarySignature: job.signature });
  } catch (error) {
    throw new PgpFailure('malformed', `Cannot read the signature: ${String(error)}`);
  }
  const { packets } = signature;
  if (packets.length > MAX_SIGNATURES)
    throw new PgpFailure('limit', `There are ${packets.length} signatures; expected at most ${MAX_SIGNATURES}`);
  const message = await openpgp.createMessage({ binary: new Uint8Array(0) });
  const [literal] = message.packets as unknown as { getBytes: () => Binary }[];
  if (literal === undefined) throw new PgpFailure('unsupported', 'A message has no content packet');
  // Left to itself the library reads a stream by clones that nobody pulls, and waits for ever. So
  // each signature reads a branch of its own.
  const streams = branches(streamOf(input), packets.length);
  literal.getBytes = () => streams.pop() ?? new ReadableStream();
  const verified = await openpgp.verify({ message, signature, verificationKeys, format: 'binary' });
  return await judged(verified.signatures, verificationKeys);
}

/** Ids that stand in front of an encrypted message; the rest of it is not read. */
export async function readers(input: AsyncIterable<Uint8Array>): Promise<PgpAnswers['readers']> {
  try {
    const message: openpgp.Message<Binary> = await openpgp.readMessage({ binaryMessage: streamOf(input) });
    return message.getEncryptionKeyIDs().map((id) => id.toHex());
  } catch (error) {
    if (error instanceof PgpFailure) throw error;
    throw new PgpFailure('malformed', `Cannot read the message: ${String(error)}`);
  }
}

export async function decrypt(
  job: JobOf<'decrypt'>,
  input: AsyncIterable<Uint8Array>,
  give: Give,
): Promise<PgpAnswers['decrypt']> {
  const config = { maxDecompressedMessageSize: job.maxContent, constantTimePKCS1Decryption: true };
  let message: openpgp.Message<Binary>;
  try {
    message = await openpgp.readMessage({ binaryMessage: streamOf(input), config });
  } catch (error) {
    if (error instanceof PgpFailure) throw error;
    throw new PgpFailure('malformed', `Cannot read the message: ${String(error)}`);
  }
  const decryptionKeys = await secretKeys(job.secretKeys);
  const ours = new Set(decryptionKeys.flatMap((key) => key.getKeyIDs().map((id) => id.toHex())));
  const asked = message.getEncryptionKeyIDs();
  // A message names its recipients openly; a wildcard names nobody, so every key is tried.
  const tried = asked.filter((id) => WILDCARD.test(id.toHex()) || ours.has(id.toHex()));
  if (tried.length > MAX_TRIED)
    throw new PgpFailure(
      'limit',
      `The message names our keys ${tried.length} times; expected at most ${MAX_TRIED} times`,
    );
  if (tried.length === 0)
    throw new PgpFailure('no-key', `The message is for none of the ${decryptionKeys.length} keys that are held here`);
  const verificationKeys = await publicKeys(job.publicKeys);
  try {
    const opened = await openpgp.decrypt({ message, decryptionKeys, verificationKeys, format: 'binary', config });
    await giveAll(opened.data, give, job.maxContent);
    return { signatures: await judged(opened.signatures, verificationKeys) };
  } catch (error) {
    if (error instanceof PgpFailure) throw error;
    // A wrong key, a wrong padding, changed octets and a missing integrity check get one answer: a
    // finer one would tell a stranger about the key.
    throw new PgpFailure(
      /size limit|maximum/i.test(String(error)) ? 'limit' : 'damaged',
      'The message was decrypted, but what came out is not an OpenPGP message',
    );
  }
}

/** The same octets `n` times. */
function branches(stream: Binary, n: number): Binary[] {
  const made: Binary[] = [];
  let rest = stream;
  for (let i = 1; i < n; i += 1) {
    const [one, other] = rest.tee();
    made.push(one);
    rest = other;
  }
  return [...made, rest];
}

async function judged(
  results: readonly Awaited<ReturnType<typeof openpgp.verify>>['signatures'][number][],
  keys: readonly openpgp.PublicKey[],
): Promise<PgpSignature[]> {
  const signatures: PgpSignature[] = [];
  for (const { keyID, verified, signature } of results) {
    const key = keys.find((candidate) => candidate.getKeys(keyID).length > 0);
    const problem = await verified.then(
      () => undefined,
      (error: unknown) => String(error),
    );
    const [packet] = (await signature).packets as unknown as openpgp.SignaturePacket[];
    signatures.push({
      state: key === undefined ? 'unknown-key' : problem === undefined ? await standing(key) : stateOf(problem),
      keyId: keyID.toHex(),
      ...defined({ fingerprint: key?.getFingerprint() }),
      hash: packet === undefined ? 'unknown' : hashName(packet),
      ...(packet?.created instanceof Date ? { createdAt: packet.created.getTime() } : {}),
    });
  }
  return signatures;
}

/**
 * A key that was revoked since may have been in somebody else's hands when it signed: the date in a
 * signature is its maker's claim.
 */
const standing = async (key: openpgp.PublicKey): Promise<'valid' | 'revoked'> =>
  (await key.isRevoked()) ? 'revoked' : 'valid';

function stateOf(problem: string): PgpSignature['state'] {
  if (/insecure (message )?hash|rejected|insecure/i.test(problem)) return 'weak';
  if (/revoked/i.test(problem)) return 'revoked';
  if (/expired|not yet valid|future|creation/i.test(problem)) return 'ended';
  if (/could not find signing key/i.test(problem)) return 'unknown-key';
  return 'wrong';
}
